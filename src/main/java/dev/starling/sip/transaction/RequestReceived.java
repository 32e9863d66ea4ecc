package dev.starling.sip.transaction;

import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A request of somebody else, to be answered here or sent on: the server transaction with its flow and its timers.
public final class RequestReceived {
    private static final System.Logger LOG = System.getLogger("starling.sip");

    private final SipMessage request;
    private final Flow flow;
    private final TransactionLayer.Key key;
    private final Consumer<RequestReceived> ended;
    private final ServerTransaction machine;
    private final Armed armed;
    private Optional<byte[]> last = Optional.empty();
    private Optional<List<String>> cancelled = Optional.empty();
    private Consumer<List<String>> onCancel = _ -> {};

    RequestReceived(
            SipMessage request,
            Flow flow,
            TransactionLayer.Key key,
            TransactionLayer.Timers timers,
            Consumer<RequestReceived> ended) {
        this.request = request;
        this.flow = flow;
        this.key = key;
        armed = new Armed(timers);
        this.ended = ended;
        machine = new ServerTransaction(request.method().equals("INVITE"), flow.isReliable());
    }

    public SipMessage request() {
        return request;
    }

    public Flow flow() {
        return flow;
    }

    TransactionLayer.Key key() {
        return key;
    }

    /// A CANCEL for it came; whoever sends it on hears the CANCEL's Reason values, once.
    public void cancel(List<String> reasons) {
        Consumer<List<String>> whom;
        synchronized (this) {
            if (cancelled.isPresent()) return;
            cancelled = Optional.of(List.copyOf(reasons));
            whom = onCancel;
        }
        whom.accept(reasons);
    }

    /// Names who is to hear of a CANCEL, at once when it has come already.
    public void onCancel(Consumer<List<String>> whom) {
        Optional<List<String>> before;
        synchronized (this) {
            onCancel = whom;
            before = cancelled;
        }
        before.ifPresent(whom);
    }

    /// A final answer was given, or nobody waits for one.
    public synchronized boolean isAnswered() {
        return !machine.isOpen();
    }

    public void respond(SipMessage response) {
        List<Action> actions;
        synchronized (this) {
            actions = machine.on(new Event.Respond(response.status()));
            if (!actions.isEmpty()) last = Optional.of(response.bytes());
        }
        if (response.status() >= 200) {
            LOG.log(System.Logger.Level.DEBUG, () -> request + " by " + flow.id() + ": " + response.status());
            request.rest();
        }
        run(actions);
    }

    void again(boolean ack) {
        on(ack ? new Event.Ack() : new Event.Retransmission());
    }

    private void on(Event event) {
        List<Action> actions;
        synchronized (this) {
            actions = machine.on(event);
        }
        run(actions);
    }

    private void run(List<Action> actions) {
        for (Action action : actions) {
            switch (action) {
                case Action.Send _ -> last().ifPresent(flow::send);
                case Action.Arm(Timer timer, var after) -> arm(timer, after);
                case Action.End _ -> end();
                case Action.SendAck _, Action.Deliver _, Action.TimedOut _ ->
                    throw new IllegalStateException("client action");
            }
        }
    }

    private synchronized Optional<byte[]> last() {
        return last;
    }

    private synchronized void arm(Timer timer, java.time.Duration after) {
        armed.arm(timer, after, () -> on(new Event.Fired(timer)));
    }

    private void end() {
        synchronized (this) {
            armed.clear();
        }
        ended.accept(this);
    }

    /// The flow has ended. True when somebody waited for an answer.
    boolean gone() {
        boolean open;
        synchronized (this) {
            open = machine.isOpen();
            machine.lost();
        }
        end();
        return open;
    }
}
