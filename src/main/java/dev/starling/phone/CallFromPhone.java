package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.agent.LegMedia;
import dev.starling.agent.OutgoingCall;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.sip.dialog.Acceptance;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.List;
import java.util.Optional;

/// A call that a phone makes: rings the devices of whomever it names, and answers the phone with what becomes of it.
final class CallFromPhone implements OutgoingCall.Listener {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    private final RequestReceived server;
    private final PhoneCall call;
    private final TransactionLayer.Timers timers;
    private final String tag = TransactionLayer.tag();
    private final Acceptance acceptance = new Acceptance();
    private Optional<OutgoingCall> outgoing = Optional.empty();
    private boolean over;

    CallFromPhone(RequestReceived server, PhoneCall call, TransactionLayer.Timers timers) {
        this.server = server;
        this.call = call;
        this.timers = timers;
    }

    /// Looks `to` up and rings; runs on a thread where that may take its time.
    void dial(Agent agent, Address to) throws SipException {
        server.onCancel(_ -> cancelled());
        try {
            var dialled = OutgoingCall.to(agent, to, call.descriptions()::toDevice, this);
            boolean late;
            synchronized (this) {
                outgoing = Optional.of(dialled);
                late = over;
            }
            if (late) dialled.cancel();
        } catch (DhtException e) {
            throw new SipException(503, "The directory does not answer", new SipException.Header("Retry-After", "10"));
        }
    }

    @Override
    public void ringing() {
        respond(180, "Ringing", new byte[0]);
    }

    @Override
    public void answered(LegMedia media, Dialog device) {
        boolean late;
        synchronized (this) {
            late = over;
            over = true;
        }
        if (!call.withDevice(device)) return;
        if (late) {
            call.end();
            return;
        }
        try {
            byte[] sdp = call.descriptions().kept(media);
            SipMessage answer = respond(200, "OK", sdp).orElseThrow();
            if (!call.withPhone(Dialog.answering(server.request(), answer))) return;
            run(acceptance.start(), answer);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a phone's call: " + e.reason());
            call.end();
            respond(e.status(), e.reason(), new byte[0]);
        }
    }

    // RFC 3261, section 13.3.1.4: a 2xx is repeated until its ACK comes, whatever the transport.
    private void run(List<Acceptance.Action> actions, SipMessage answer) {
        for (var action : actions) {
            switch (action) {
                case Acceptance.Action.Send _ -> server.respond(answer);
                case Acceptance.Action.Wait(var after) -> {
                    var _ = timers.after(after, () -> run(due(), answer));
                }
                case Acceptance.Action.Abandon _ -> call.end();
            }
        }
    }

    private synchronized List<Acceptance.Action> due() {
        return call.isOver() ? List.of() : acceptance.due();
    }

    /// The phone's ACK has come.
    synchronized void acknowledged() {
        acceptance.acknowledged();
    }

    PhoneCall call() {
        return call;
    }

    @Override
    public void failed(int status, String reason) {
        synchronized (this) {
            if (over) return;
            over = true;
        }
        call.end();
        respond(status, reason, new byte[0]);
    }

    /// Whether a request is within what a 180 of ours began.
    synchronized boolean isEarly(SipMessage request) {
        SipMessage invite = server.request();
        return !over
                && request.callId().equals(invite.callId())
                && request.fromTag().equals(invite.fromTag())
                && request.toTag().equals(Optional.of(tag));
    }

    void cancelled() {
        Optional<OutgoingCall> dialled;
        synchronized (this) {
            if (over) return;
            over = true;
            dialled = outgoing;
        }
        dialled.ifPresent(OutgoingCall::cancel);
        call.end();
        respond(487, "Request Terminated", new byte[0]);
    }

    private Optional<SipMessage> respond(int status, String reason, byte[] sdp) {
        try {
            Edit answer = Edit.response(server.request(), status, reason, tag);
            if (status < 300) {
                for (String route : server.request().all("record-route")) answer.add("Record-Route", route);
                answer.add("Contact", call.handset().contact());
            }
            if (sdp.length > 0) answer.body("application/sdp", sdp);
            SipMessage said = answer.build();
            // The 2xx is sent, and repeated, by whoever waits for its ACK.
            if (status < 200 || status >= 300) server.respond(said);
            return Optional.of(said);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.WARNING, "a phone is not answered: " + e.reason());
            return Optional.empty();
        }
    }
}
