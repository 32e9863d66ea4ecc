package dev.starling.sip.transaction;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A request of ours on its way: the client transaction with its flow, its timers and its user.
public final class RequestSent implements Awaiting {
    private final SipMessage request;
    private final Flow flow;
    private final Consumer<SipMessage> user;
    private final Owner owner;
    private final String branch;
    private final boolean invite;
    private final TransactionLayer.Key key;
    private final ClientTransaction machine;
    private final Armed armed;

    /// Where it lies until it ends.
    interface Owner {
        /// It has its answer, and is no INVITE: now it only waits for copies, for so long.
        void heard(RequestSent client, Duration copies);

        void ended(RequestSent client);
    }

    RequestSent(SipMessage request, Flow flow, Consumer<SipMessage> user, TransactionLayer.Timers timers, Owner owner) {
        this.request = request;
        this.flow = flow;
        this.user = user;
        armed = new Armed(timers);
        this.owner = owner;
        branch = request.method().equals("CANCEL") ? "" : request.branch();
        key = TransactionLayer.Key.ofClient(request, request.method(), flow);
        invite = request.method().equals("INVITE");
        machine = new ClientTransaction(invite, flow.isReliable());
    }

    TransactionLayer.Key key() {
        return key;
    }

    /// Nobody else's; "" of a CANCEL, which has that of its INVITE.
    String branch() {
        return branch;
    }

    int length() {
        return request.length();
    }

    /// Asked of the request, it would be read again: see [SipMessage#rest].
    public boolean isInvite() {
        return invite;
    }

    public SipMessage request() {
        return request;
    }

    public Flow flow() {
        return flow;
    }

    /// No final answer yet.
    public synchronized boolean isWaiting() {
        return machine.isWaiting();
    }

    /// A provisional answer came, so a CANCEL may go (RFC 3261, section 9.1).
    public synchronized boolean isProceeding() {
        return machine.isProceeding();
    }

    /// From now on it waits so long at most, also for what rings; then it has failed with 408.
    public void waitsFor(Duration patience) {
        if (isWaiting()) armed(Timer.C, patience);
    }

    void start() {
        run(machine.start(), Optional.empty());
    }

    @Override
    public void received(SipMessage response) {
        on(new Event.Response(response.status()), Optional.of(response));
    }

    private void on(Event event, Optional<SipMessage> response) {
        List<Action> actions;
        synchronized (this) {
            actions = machine.on(event);
        }
        run(actions, response);
    }

    private void run(List<Action> actions, Optional<SipMessage> response) {
        for (Action action : actions) {
            switch (action) {
                case Action.Send _ -> flow.send(request.wire());
                case Action.SendAck _ -> response.ifPresent(r -> flow.send(ack(r)));
                case Action.Deliver _ -> response.ifPresent(user);
                case Action.Arm(Timer timer, var after) -> arm(timer, after);
                case Action.TimedOut _ -> fail(408, "Request Timeout");
                case Action.End _ -> end();
            }
        }
    }

    private void arm(Timer timer, Duration after) {
        if (timer == Timer.K) owner.heard(this, after);
        else armed(timer, after);
    }

    private synchronized void armed(Timer timer, Duration after) {
        armed.arm(timer, after, () -> on(new Event.Fired(timer), Optional.empty()));
    }

    private void end() {
        disarm();
        owner.ended(this);
    }

    /// What is armed no longer holds the request in memory.
    synchronized void disarm() {
        armed.clear();
    }

    /// The flow has ended: nobody answers any more (RFC 3261, section 17.1.4).
    void gone() {
        boolean waiting;
        synchronized (this) {
            waiting = machine.isWaiting();
            machine.lost();
        }
        end();
        if (waiting) fail(480, "The connection ended");
    }

    private void fail(int status, String reason) {
        try {
            user.accept(Edit.response(request, status, reason, TransactionLayer.tag())
                    .build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    // RFC 3261, section 17.1.1.3.
    private byte[] ack(SipMessage response) {
        var ack = Edit.request("ACK", request.uri()).add("Via", request.topVia());
        for (String route : request.all("route")) ack.add("Route", route);
        return ack.add("Max-Forwards", "70")
                .add("From", request.required("from"))
                .add("To", response.required("to"))
                .add("Call-ID", request.callId())
                .add("CSeq", request.cseq() + " ACK")
                .toBytes();
    }

    /// RFC 3261, section 9.1: the CANCEL of this request, with its branch. `reasons` are Reason values to pass on.
    public SipMessage cancel(List<String> reasons) throws SipException {
        var cancel = Edit.request("CANCEL", request.uri()).add("Via", request.topVia());
        for (String route : request.all("route")) cancel.add("Route", route);
        for (String reason : reasons) cancel.add("Reason", reason);
        return cancel.add("Max-Forwards", "70")
                .add("From", request.required("from"))
                .add("To", request.required("to"))
                .add("Call-ID", request.callId())
                .add("CSeq", request.cseq() + " CANCEL")
                .build();
    }
}
