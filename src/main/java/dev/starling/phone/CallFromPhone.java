package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.agent.LegMedia;
import dev.starling.agent.OutgoingCall;
import dev.starling.identity.Address;
import dev.starling.locate.LocationService;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.List;
import java.util.Optional;

/// A call that a phone makes: rings the devices of whomever it names, or an ordinary SIP domain, and answers the phone
/// with what becomes of it.
final class CallFromPhone implements OutgoingCall.Listener {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    private final RequestReceived server;
    private final PhoneCall call;
    private final TransactionLayer.Timers timers;
    private final String tag = TransactionLayer.tag();
    private Optional<Accepting> accepting = Optional.empty();
    private Optional<Runnable> outgoing = Optional.empty();
    private volatile Optional<Far> devices = Optional.empty();
    private boolean over;

    CallFromPhone(RequestReceived server, PhoneCall call, TransactionLayer.Timers timers) {
        this.server = server;
        this.call = call;
        this.timers = timers;
    }

    /// From now on a CANCEL is heard; what is rung is told by [#rings].
    void begin() {
        server.onCancel(_ -> cancelled());
    }

    /// Rings devices; runs on a thread where that may take its time.
    void dial(Agent agent, Address to, List<LocationService.Device> theirs) throws SipException {
        devices = Optional.of(Far.of(agent.ua()));
        rings(OutgoingCall.to(agent, to, theirs, call.descriptions()::toDevice, this)::cancel);
    }

    /// How to cancel what rings.
    void rings(Runnable cancel) {
        boolean late;
        synchronized (this) {
            outgoing = Optional.of(cancel);
            late = over;
        }
        if (late) cancel.run();
    }

    @Override
    public void ringing() {
        respond(180, "Ringing", new byte[0]);
    }

    @Override
    public void answered(LegMedia media, Dialog device) {
        connected(devices.orElseThrow(), device, media);
    }

    /// Somebody answered, whose leg has his description already.
    void connected(Far far, Dialog dialog, LegMedia media) {
        boolean late;
        synchronized (this) {
            late = over;
            over = true;
        }
        if (!call.withDevice(far, dialog)) return;
        if (late) {
            call.end();
            return;
        }
        try {
            byte[] sdp = call.descriptions().kept(media);
            SipMessage answer = respond(200, "OK", sdp).orElseThrow();
            if (!call.withPhone(Dialog.answering(server.request(), answer))) return;
            var accepted = new Accepting(server, answer, call, timers);
            synchronized (this) {
                accepting = Optional.of(accepted);
            }
            accepted.start();
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a phone's call: " + e.reason());
            call.end();
            refuse(e);
        }
    }

    /// The phone's ACK has come.
    synchronized void acknowledged() {
        accepting.ifPresent(Accepting::acknowledged);
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
        refuse(new SipException(status, reason));
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
        Optional<Runnable> dialled;
        synchronized (this) {
            if (over) return;
            over = true;
            dialled = outgoing;
        }
        dialled.ifPresent(Runnable::run);
        call.end();
        respond(487, "Request Terminated", new byte[0]);
    }

    private void refuse(SipException why) {
        SipException heard = Refusal.heard(why);
        try {
            Edit answer = Edit.response(server.request(), heard.status(), heard.reason(), tag);
            for (var header : heard.headers()) answer.add(header.name(), header.value());
            server.respond(answer.build());
        } catch (SipException e) {
            LOG.log(System.Logger.Level.WARNING, "a phone is not answered: " + e.reason());
        }
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
