package dev.starling.phone;

import dev.starling.agent.Incoming;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/// A new offer within a call (RFC 3261, section 14): what concerns one end alone is answered here, hold and the like go
/// on to the other end, whose answer is ours.
final class Reoffers {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    private Reoffers() {}

    /// @param say gives the phone its 2xx
    static void ofPhone(PhoneCall call, SipMessage request, RequestReceived server, Consumer<SipMessage> say)
            throws SipException {
        call.fromPhone(request);
        byte[] offer = request.body();
        switch (call.descriptions().reoffered(true, offer)) {
            case Descriptions.Anew.Answer(byte[] answer) -> say.accept(toPhone(call, server, answer));
            case Descriptions.Anew.PassOn(byte[] onward) -> {
                passedOn(call, () -> {
                    var again = call.toDevice("INVITE");
                    var done = new AtomicBoolean();
                    long cseq = again.dialog().localCseq();
                    call.far()
                            .offer(
                                    again,
                                    onward,
                                    answer -> guarded(
                                            server,
                                            () -> deviceAnswers(
                                                    call,
                                                    cseq,
                                                    answer,
                                                    done,
                                                    sdp -> say.accept(toPhone(call, server, sdp)))));
                });
            }
        }
    }

    /// What could not be sent is nothing that waits for an answer.
    private static void passedOn(PhoneCall call, Step step) throws SipException {
        try {
            step.run();
        } catch (SipException e) {
            call.descriptions().rejected();
            throw e;
        }
    }

    /// What the other end of the call hears.
    private interface Told {
        void sdp(byte[] sdp) throws SipException;
    }

    private static void deviceAnswers(PhoneCall call, long cseq, Far.Answer answer, AtomicBoolean done, Told told)
            throws SipException {
        if (answer.status() < 200) return;
        if (answer.status() >= 300) {
            call.descriptions().rejected();
            throw Refusal.heard(new SipException(answer.status(), answer.reason()));
        }
        call.acknowledgeDevice(cseq);
        // Said again, for want of the ACK: that is all it wants.
        if (!done.compareAndSet(false, true)) return;
        if (answer.sdp().length == 0) {
            call.descriptions().rejected();
            throw new SipException(488, "The other device did not answer genuinely");
        }
        told.sdp(call.descriptions().reanswered(answer.sdp()));
    }

    private static SipMessage toPhone(PhoneCall call, RequestReceived server, byte[] sdp) throws SipException {
        return Edit.response(server.request(), 200, "OK", TransactionLayer.tag())
                .add("Contact", call.handset().contact())
                .body("application/sdp", sdp)
                .build();
    }

    static void ofDevice(PhoneCall call, Incoming incoming) throws SipException {
        call.fromDevice(incoming);
        ofOther(call, Caller.of(incoming));
    }

    static void ofNeighbour(PhoneCall call, Caller caller) throws SipException {
        call.fromNeighbour(caller.request());
        ofOther(call, caller);
    }

    private static void ofOther(PhoneCall call, Caller incoming) throws SipException {
        byte[] offer = incoming.request().body();
        switch (call.descriptions().reoffered(false, offer)) {
            case Descriptions.Anew.Answer(byte[] answer) -> toDevice(incoming, answer);
            case Descriptions.Anew.PassOn(byte[] onward) -> {
                passedOn(call, () -> {
                    var again = call.toPhone("INVITE");
                    var done = new AtomicBoolean();
                    long cseq = again.dialog().localCseq();
                    Edit request = again.request()
                            .add("Contact", call.handset().contact())
                            .body("application/sdp", onward);
                    var _ = call.handset()
                            .send(
                                    request,
                                    answer -> guarded(
                                            incoming.server(), () -> phoneAnswers(call, incoming, cseq, answer, done)));
                });
            }
        }
    }

    private static void phoneAnswers(PhoneCall call, Caller incoming, long cseq, SipMessage answer, AtomicBoolean done)
            throws SipException {
        if (answer.status() < 200) return;
        if (answer.status() >= 300) {
            call.descriptions().rejected();
            // What the phone says of passwords is for us alone.
            boolean passed = answer.status() < 500 && answer.status() != 401 && answer.status() != 407;
            throw new SipException(passed ? answer.status() : 488, answer.reason());
        }
        call.acknowledgePhone(cseq);
        if (!done.compareAndSet(false, true)) return;
        toDevice(incoming, call.descriptions().reanswered(answer.body()));
    }

    private static void toDevice(Caller incoming, byte[] sdp) throws SipException {
        var _ = incoming.answer(200, "OK", edit -> edit.body("application/sdp", sdp));
    }

    private interface Step {
        void run() throws SipException;
    }

    private static void guarded(RequestReceived server, Step step) {
        try {
            step.run();
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a new offer: " + e.reason());
            Answers.respond(server, e);
        }
    }
}
