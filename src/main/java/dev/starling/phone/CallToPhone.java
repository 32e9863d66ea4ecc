package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Rings a phone for a device that calls, or a server of an ordinary SIP domain, and answers that one with what becomes
/// of it.
final class CallToPhone {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration RINGING = Duration.ofSeconds(120);
    private static final int MAX_FORKS = 8;

    /// What a phone says of an offer that it does not take: 415, 488, 606.
    private static final Set<Integer> NOT_SO = Set.of(415, 488, 606);

    private final Caller incoming;
    private final Far far;
    private final PhoneCall call;
    private final TransactionLayer.Timers timers;
    private final Names names;
    private Optional<RequestSent> invite = Optional.empty();
    private final Set<String> accepted = new HashSet<>();
    private List<String> reasons = List.of();
    private boolean ringing, over, isCancelled;
    private Runnable stopTimer = () -> {};

    /// @param shown how the phone shows who calls
    record Names(Address from, String shown, Address to) {}

    CallToPhone(Caller incoming, Far far, PhoneCall call, TransactionLayer.Timers timers, Names names) {
        this.names = names;
        this.incoming = incoming;
        this.far = far;
        this.call = call;
        this.timers = timers;
    }

    /// Begins to; what goes wrong is answered to the caller.
    void ring() {
        guarded(this::begin);
    }

    private void begin() throws SipException {
        incoming.onCancel(given -> finish(487, "Request Terminated", given));
        if (isOver()) return;
        byte[] offer = call.descriptions().toPhone().orElseThrow();
        // Answers wait until it is known what they answer.
        synchronized (this) {
            if (!over) {
                invite = Optional.of(invite(offer));
                stopTimer = timers.after(RINGING, () -> finish(480, "No Answer"));
                return;
            }
        }
        // Ended before its leg was there.
        call.descriptions().close();
    }

    private synchronized boolean isOver() {
        return over;
    }

    private RequestSent invite(byte[] offer) throws SipException {
        Edit request = Edit.request("INVITE", call.handset().target())
                .add("From", quoted(names.shown) + "<" + names.from.uri() + ">;tag=" + TransactionLayer.tag())
                .add("To", "<" + names.to.uri() + ">")
                .add("Call-ID", TransactionLayer.tag())
                .add("CSeq", "1 INVITE")
                .add("Contact", call.handset().contact())
                .add("Allow", PhoneLine.ALLOW)
                .body("application/sdp", offer);
        return call.handset().send(request, answer -> guarded(() -> answered(answer)));
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
            if (NOT_SO.contains(status) && otherwise()) return;
            // What asks for a password, or names another place, is for nobody but us.
            finish(status < 400 || status == 401 || status == 407 ? 480 : status, answer.reason());
        }
    }

    /// Rings once more, with what the phone may like better (RFC 3261, section 21.4.26); false: there is nothing.
    private boolean otherwise() throws SipException {
        synchronized (this) {
            if (over) return false;
            Optional<byte[]> next = call.descriptions().toPhone();
            if (next.isEmpty()) return false;
            invite = Optional.of(invite(next.get()));
            return true;
        }
    }

    private synchronized RequestSent sent() {
        return invite.orElseThrow();
    }

    private void ringing() throws SipException {
        boolean late;
        synchronized (this) {
            late = over;
            if (late ? isCancelled : ringing) return;
            ringing = true;
            isCancelled = late;
        }
        // RFC 3261, section 9.1: a CANCEL waits for the first provisional answer.
        if (late) call.handset().cancel(sent(), reasons());
        else incoming.ringing();
    }

    private synchronized List<String> reasons() {
        return reasons;
    }

    private void accepted(SipMessage answer) throws SipException {
        SipMessage request = sent().request();
        var phone = Dialog.asking(request, answer);
        call.handset().acknowledge(phone.ack(request.cseq()));
        String tag = answer.toTag().orElse("");
        synchronized (this) {
            // Said again, for want of the ACK.
            if (accepted.contains(tag)) return;
            boolean isFirst = accepted.isEmpty();
            if (accepted.size() < MAX_FORKS) accepted.add(tag);
            if (!isFirst) {
                // Another one behind the same phone number picked up as well (RFC 3261, section 13.2.2.4).
                var _ = call.handset().send(phone.request("BYE").request(), _ -> {});
                return;
            }
            if (over) {
                var _ = call.withPhone(phone);
                return;
            }
            over = true;
            stopTimer.run();
        }
        if (!call.withPhone(phone)) return;
        byte[] sdp;
        try {
            sdp = call.descriptions().answered(answer.body());
        } catch (SipException e) {
            call.end();
            incoming.refuse(e.status(), e.reason());
            return;
        }
        SipMessage said;
        try {
            said = incoming.answer(200, "OK", edit -> edit.body("application/sdp", sdp));
        } catch (SipException e) {
            call.end();
            throw e;
        }
        var _ = call.withDevice(far, Dialog.answering(incoming.request(), said));
    }

    /// Ends it before it was answered.
    private void finish(int status, String reason) {
        finish(status, reason, List.of());
    }

    private void finish(int status, String reason, List<String> given) {
        Optional<RequestSent> rung;
        synchronized (this) {
            if (over) return;
            over = true;
            reasons = given;
            stopTimer.run();
            rung = invite.filter(RequestSent::isProceeding);
            isCancelled = rung.isPresent();
        }
        rung.ifPresent(each -> call.handset().cancel(each, given));
        call.end();
        try {
            incoming.refuse(status, reason);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "not answered: " + e.reason());
        }
    }
}
