package dev.starling.sip.transaction;

import static dev.starling.sip.transaction.Timer.T1;
import static dev.starling.sip.transaction.Timer.T1_64;
import static dev.starling.sip.transaction.Timer.T4;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// One request received, and its answers: RFC 3261, sections 17.2.1 (figure 7, with RFC 6026) and 17.2.2 (figure 8).
/// No socket, no clock.
final class ServerTransaction {
    private enum State {
        TRYING,
        PROCEEDING,
        COMPLETED,
        CONFIRMED,
        ACCEPTED,
        TERMINATED
    }

    private final boolean invite;
    private final boolean reliable;
    private State state;
    private Duration retransmit = T1;

    ServerTransaction(boolean invite, boolean reliable) {
        this.invite = invite;
        this.reliable = reliable;
        state = invite ? State.PROCEEDING : State.TRYING;
    }

    /// No final answer yet.
    boolean isOpen() {
        return state == State.TRYING || state == State.PROCEEDING;
    }

    /// A 2xx was given to an INVITE: its ACK is the user's (RFC 6026, section 7.1).
    boolean isAccepted() {
        return state == State.ACCEPTED;
    }

    /// The transport failed (section 17.2.4): nothing more happens.
    void lost() {
        state = State.TERMINATED;
    }

    List<Action> on(Event event) {
        return switch (event) {
            case Event.Respond(int status) -> respond(status);
            case Event.Retransmission _ ->
                switch (state) {
                    // In PROCEEDING there is something to send only once an answer was given; the driver knows.
                    case PROCEEDING, COMPLETED -> List.of(new Action.Send());
                    case TRYING, CONFIRMED, ACCEPTED, TERMINATED -> List.of();
                };
            case Event.Ack _ -> acknowledged();
            case Event.Fired(Timer timer) -> fired(timer);
            case Event.Response _ -> throw new IllegalStateException("client event");
        };
    }

    private List<Action> respond(int status) {
        boolean open = isOpen();
        if (open && status < 200) {
            state = State.PROCEEDING;
            return List.of(new Action.Send());
        }
        if (invite && status < 300 && (open || state == State.ACCEPTED)) {
            var actions = new ArrayList<Action>(List.of(new Action.Send()));
            if (open) actions.add(new Action.Arm(Timer.L, T1_64));
            state = State.ACCEPTED;
            return actions;
        }
        if (!open) return List.of();
        state = State.COMPLETED;
        if (!invite) return List.of(new Action.Send(), new Action.Arm(Timer.J, reliable ? Duration.ZERO : T1_64));
        var actions = new ArrayList<Action>(List.of(new Action.Send(), new Action.Arm(Timer.H, T1_64)));
        if (!reliable) actions.add(new Action.Arm(Timer.G, T1));
        return actions;
    }

    private List<Action> acknowledged() {
        if (!invite || state != State.COMPLETED) return List.of();
        state = State.CONFIRMED;
        return List.of(new Action.Arm(Timer.I, reliable ? Duration.ZERO : T4));
    }

    private List<Action> fired(Timer timer) {
        if (state == State.TERMINATED) return List.of();
        return switch (timer) {
            case G -> {
                if (state != State.COMPLETED) yield List.of();
                retransmit = Timer.doubled(retransmit, true);
                yield List.of(new Action.Send(), new Action.Arm(Timer.G, retransmit));
            }
            case H -> state == State.COMPLETED ? end() : List.of();
            case I, J, L -> end();
            case A, B, C, D, E, F, K, M -> throw new IllegalStateException("client timer");
        };
    }

    private List<Action> end() {
        if (state == State.TERMINATED) return List.of();
        state = State.TERMINATED;
        return List.of(new Action.End());
    }
}
