package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.classic.ClassicEdge;
import dev.starling.classic.Sending;
import dev.starling.identity.Address;
import dev.starling.media.Phone;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Rings somebody at an ordinary SIP domain for a phone, or a browser. Over TLS its sound is offered with keys (RFC
/// 4568), and where
/// the other side has none, in the clear.
final class CallToNeighbour implements Sending.Listener {
    private static final Duration RINGING = Duration.ofSeconds(180);

    private final ClassicEdge edge;
    private final Speaker speaker;
    private final CallFromPhone from;
    private final Address to;
    private final String account, tag = TransactionLayer.tag(), callId = TransactionLayer.tag();
    private final TransactionLayer.Timers timers;
    private Optional<LegMedia> leg = Optional.empty();
    private Optional<Sending> sending = Optional.empty();
    private Optional<DialogId> accepted = Optional.empty();
    private Runnable stopTimer = () -> {};
    private boolean isSecure, isPlain, isOver;
    private long cseq;

    CallToNeighbour(
            ClassicEdge edge,
            Speaker speaker,
            CallFromPhone from,
            Address to,
            String account,
            TransactionLayer.Timers timers) {
        this.edge = edge;
        this.speaker = speaker;
        this.from = from;
        this.to = to;
        this.account = account;
        this.timers = timers;
    }

    void ring() {
        synchronized (this) {
            stopTimer = timers.after(RINGING, () -> {
                cancel();
                from.failed(408, "No Answer");
            });
        }
        again();
        from.rings(this::cancel);
    }

    private synchronized void again() {
        if (!isOver)
            sending = Optional.of(edge.send(new Sending.Request(to.uri(), Optional.empty(), this::invite), this));
    }

    private Edit invite(Flow flow) throws SipException {
        boolean secure;
        long number;
        Optional<LegMedia> before;
        synchronized (this) {
            isSecure = flow.transport().equals("TLS") && !isPlain;
            secure = isSecure;
            number = ++cseq;
            before = leg;
        }
        before.ifPresent(LegMedia::close);
        var remote = flow.remote().map(InetSocketAddress::getAddress).orElseThrow();
        LegMedia made = from.call().descriptions().toNeighbour(new Phone(account, remote, secure));
        synchronized (this) {
            leg = Optional.of(made);
        }
        Edit request = Neighbour.begin("INVITE", to.uri(), speaker.address().uri(), tag, callId, number)
                .add("Contact", edge.contact(flow, speaker.user()))
                .add("Allow", Neighbour.ALLOW)
                .body("application/sdp", made.offer());
        // By UDP it would not fit into one packet (RFC 3261, section 18.1.1).
        if (flow.isReliable()) speaker.sign(request, to.uri());
        return request;
    }

    @Override
    public void answered(SipMessage request, SipMessage answer, Flow flow) throws SipException {
        int status = answer.status();
        if (status == 100) return;
        if (status < 200) {
            from.ringing();
        } else if (status < 300) {
            accepted(request, answer, flow);
        } else if (wantsPlain(status)) {
            again();
        } else {
            end();
            from.failed(status < 400 || status == 401 || status == 407 ? 480 : status, answer.reason());
        }
    }

    private synchronized boolean wantsPlain(int status) {
        boolean wants = isSecure && !isPlain && (status == 488 || status == 415 || status == 606);
        isPlain |= wants;
        return wants;
    }

    private void accepted(SipMessage request, SipMessage answer, Flow flow) throws SipException {
        var far = new Neighbour(edge, flow, speaker.user());
        var dialog = Dialog.asking(request, answer);
        far.acknowledge(dialog, request.cseq());
        boolean isFirst, isHis;
        synchronized (this) {
            isFirst = accepted.isEmpty();
            if (isFirst) accepted = Optional.of(dialog.id());
            isHis = accepted.get().equals(dialog.id());
        }
        // RFC 3261, section 13.2.2.4: a proxy on the way may have rung several; one has it.
        if (!isHis) far.send(dialog.request("BYE"));
        if (!isFirst) return;
        end();
        LegMedia kept;
        synchronized (this) {
            kept = leg.orElseThrow();
        }
        try {
            kept.answered(answer.body());
        } catch (SipException e) {
            far.send(dialog.request("BYE"));
            throw e;
        }
        from.connected(far, dialog, kept);
    }

    private synchronized void end() {
        isOver = true;
        stopTimer.run();
    }

    private void cancel() {
        Optional<Sending> sent;
        synchronized (this) {
            sent = sending;
        }
        end();
        sent.ifPresent(each -> each.cancel(List.of()));
    }

    @Override
    public void failed(SipException why) {
        end();
        from.failed(why.status(), why.reason());
    }
}
