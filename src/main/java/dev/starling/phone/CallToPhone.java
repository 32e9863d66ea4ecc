package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.media.PhoneLeg;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import java.time.Duration;
import java.util.Optional;

/// Rings a phone for a device that calls, or a server of an ordinary SIP domain, and answers that one with what becomes
/// of it.
final class CallToPhone {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration RINGING = Duration.ofSeconds(120);

    private final Caller incoming;
    private final Far far;
    private final PhoneCall call;
    private final PhoneLeg leg;
    private final TransactionLayer.Timers timers;
    private Optional<RequestSent> invite = Optional.empty();
    private boolean ringing, over;
    private Runnable stopTimer = () -> {};

    /// @param leg the bridge's, to the phone
    CallToPhone(Caller incoming, Far far, PhoneCall call, PhoneLeg leg, TransactionLayer.Timers timers) {
        this.incoming = incoming;
        this.far = far;
        this.call = call;
        this.leg = leg;
        this.timers = timers;
    }

    /// @param name how the phone shows who calls
    void ring(Address from, String name, Address to) throws SipException {
        byte[] offer = Sound.of(leg::offer);
        Edit request = Edit.request("INVITE", call.handset().target())
                .add("From", quoted(name) + "<" + from.uri() + ">;tag=" + TransactionLayer.tag())
                .add("To", "<" + to.uri() + ">")
                .add("Call-ID", TransactionLayer.tag())
                .add("CSeq", "1 INVITE")
                .add("Contact", call.handset().contact())
                .add("Allow", "INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS")
                .body("application/sdp", offer);
        // Answers wait until it is known what they answer.
        synchronized (this) {
            invite = Optional.of(call.handset().send(request, answer -> guarded(() -> answered(answer))));
            stopTimer = timers.after(RINGING, () -> finish(480, "No Answer"));
        }
        incoming.server().onCancel(_ -> finish(487, "Request Terminated"));
    }

    static String quoted(String name) {
        String printable =
                name.replaceAll("[^ -~]", "").replaceAll("[\"\\\\]", "").strip();
        return printable.isEmpty() ? "" : "\"" + printable + "\" ";
    }

    private interface Step {
        void run() throws SipException;
    }

    private void guarded(Step step) {
        try {
            step.run();
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a call to a phone: " + e.reason());
            finish(e.status(), e.reason());
        }
    }

    private void answered(SipMessage answer) throws SipException {
        if (answer.status() == 100) return;
        if (answer.status() < 200) {
            ringing();
        } else if (answer.status() < 300) {
            accepted(answer);
        } else {
            int status = answer.status();
            finish(status == 401 || status == 407 ? 480 : status, answer.reason());
        }
    }

    private synchronized RequestSent sent() {
        return invite.orElseThrow();
    }

    private void ringing() throws SipException {
        boolean late;
        synchronized (this) {
            late = over;
            if (!late && ringing) return;
            ringing = true;
        }
        // RFC 3261, section 9.1: a CANCEL waits for the first provisional answer.
        if (late) call.handset().cancel(sent());
        else incoming.answer(180, "Ringing");
    }

    private void accepted(SipMessage answer) throws SipException {
        SipMessage request = sent().request();
        var phone = Dialog.asking(request, answer);
        call.handset().acknowledge(phone.ack(request.cseq()));
        synchronized (this) {
            if (over) {
                var _ = call.withPhone(phone, leg);
                return;
            }
            over = true;
            stopTimer.run();
        }
        if (!call.withPhone(phone, leg)) return;
        byte[] sdp;
        try {
            sdp = Sound.of(() -> {
                leg.answered(answer.body());
                call.bridge().keep(leg);
                return call.bridge().answer();
            });
        } catch (SipException e) {
            call.end();
            var _ = incoming.answer(e.status(), e.reason());
            return;
        }
        SipMessage said = incoming.answer(200, "OK", edit -> edit.body("application/sdp", sdp));
        var _ = call.withDevice(
                far, Dialog.answering(incoming.request(), said), call.bridge().caller());
    }

    /// Ends it before it was answered.
    private void finish(int status, String reason) {
        Optional<RequestSent> sent;
        synchronized (this) {
            if (over) return;
            over = true;
            stopTimer.run();
            sent = invite;
        }
        sent.filter(RequestSent::isProceeding).ifPresent(call.handset()::cancel);
        call.end();
        try {
            incoming.answer(status, reason);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "not answered: " + e.reason());
        }
    }
}
