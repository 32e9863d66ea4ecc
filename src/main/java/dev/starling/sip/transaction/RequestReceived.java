package dev.starling.sip.transaction;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A request of somebody else, to be answered here or sent on: the server transaction with its flow and its timers.
public final class RequestReceived implements Answering {
    private static final System.Logger LOG = System.getLogger("starling.sip");

    private final SipMessage request;
    private final Flow flow;
    private final TransactionLayer.Key key;
    private final Owner owner;
    private final ServerTransaction machine;
    private final Armed armed;
    private byte @Nullable [] last;
    private Optional<List<String>> cancelled = Optional.empty();
    private Consumer<List<String>> onCancel = _ -> {};

    /// Where it lies until it ends.
    interface Owner {
        /// It has been answered, and is no INVITE: now it only waits for copies, for so long.
        void said(RequestReceived server, byte[] answer, Duration copies);

        void ended(RequestReceived server);
    }

    RequestReceived(
            SipMessage request, Flow flow, TransactionLayer.Key key, TransactionLayer.Timers timers, Owner owner) {
        this.request = request;
        this.flow = flow;
        this.key = key;
        armed = new Armed(timers);
        this.owner = owner;
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

    /// What is said to its CANCEL, with the tag that was given in its own answers (RFC 3261, section 9.2).
    public SipMessage answerCancel(SipMessage cancel) throws SipException {
        byte[] said = last();
        Optional<String> tag =
                said == null ? Optional.empty() : SipMessage.read(said).toTag();
        return Edit.response(cancel, 200, "OK", tag.orElseGet(TransactionLayer::tag))
                .build();
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
            if (!actions.isEmpty()) last = response.wire();
        }
        if (response.status() >= 200) {
            LOG.log(System.Logger.Level.DEBUG, () -> request + " by " + flow.id() + ": " + response.status());
            request.rest();
        }
        run(actions);
    }

    /// Whether an ACK that names it is its user's.
    synchronized boolean isUsers() {
        return machine.isAccepted();
    }

    @Override
    public void again(Flow over, boolean ack) {
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
                case Action.Send _ -> send();
                case Action.Arm(Timer timer, var after) -> arm(timer, after);
                case Action.End _ -> end();
                case Action.SendAck _, Action.Deliver _, Action.TimedOut _ ->
                    throw new IllegalStateException("client action");
            }
        }
    }

    private void send() {
        byte[] said = last();
        if (said != null) flow.send(said);
    }

    private synchronized byte @Nullable [] last() {
        return last;
    }

    private void arm(Timer timer, Duration after) {
        byte[] said = last();
        if (timer == Timer.J && said != null) owner.said(this, said, after);
        else armed(timer, after);
    }

    private synchronized void armed(Timer timer, Duration after) {
        armed.arm(timer, after, () -> on(new Event.Fired(timer)));
    }

    private void end() {
        disarm();
        owner.ended(this);
    }

    synchronized void disarm() {
        armed.clear();
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
