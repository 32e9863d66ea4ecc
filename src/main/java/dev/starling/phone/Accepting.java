package dev.starling.phone;

import dev.starling.sip.dialog.Acceptance;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.List;

/// A 2xx of ours to an INVITE, which is repeated until its ACK comes, whatever the transport (RFC 3261, section
/// 13.3.1.4).
final class Accepting {
    private final RequestReceived server;
    private final SipMessage answer;
    private final PhoneCall call;
    private final TransactionLayer.Timers timers;
    private final Acceptance acceptance = new Acceptance();

    /// @param call ended when nobody acknowledges
    Accepting(RequestReceived server, SipMessage answer, PhoneCall call, TransactionLayer.Timers timers) {
        this.server = server;
        this.answer = answer;
        this.call = call;
        this.timers = timers;
    }

    /// Of the INVITE.
    long cseq() {
        return server.request().cseq();
    }

    void start() {
        run(acceptance.start());
    }

    private void run(List<Acceptance.Action> actions) {
        for (var action : actions) {
            switch (action) {
                case Acceptance.Action.Send _ -> server.respond(answer);
                case Acceptance.Action.Wait(var after) -> {
                    var _ = timers.after(after, () -> run(due()));
                }
                case Acceptance.Action.Abandon _ -> call.end();
            }
        }
    }

    private synchronized List<Acceptance.Action> due() {
        return call.isOver() ? List.of() : acceptance.due();
    }

    synchronized void acknowledged() {
        acceptance.acknowledged();
    }
}
