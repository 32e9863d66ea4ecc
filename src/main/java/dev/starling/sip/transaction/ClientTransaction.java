package dev.starling.sip.transaction;

import static dev.starling.sip.transaction.Timer.T1;
import static dev.starling.sip.transaction.Timer.T1_64;
import static dev.starling.sip.transaction.Timer.T2;
import static dev.starling.sip.transaction.Timer.T4;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// One request sent, and the wait for its answer: RFC 3261, sections 17.1.1 (figure 5, with RFC 6026) and 17.1.2
/// (figure 6). No socket, no clock.
final class ClientTransaction {
    private enum State {
        TRYING,
        PROCEEDING,
        COMPLETED,
        ACCEPTED,
        TERMINATED
    }

    private final boolean invite;
    private final boolean reliable;
    private State state = State.TRYING;
    private Duration retransmit = T1;

    ClientTransaction(boolean invite, boolean reliable) {
        this.invite = invite;
        this.reliable = reliable;
    }

    List<Action> start() {
        var actions =
                new ArrayList<Action>(List.of(new Action.Send(), new Action.Arm(invite ? Timer.B : Timer.F, T1_64)));
        if (!reliable) actions.add(new Action.Arm(invite ? Timer.A : Timer.E, T1));
        return actions;
    }

    /// No final answer yet.
    boolean isWaiting() {
        return state == State.TRYING || state == State.PROCEEDING;
    }

    /// A provisional answer came, and no final one yet.
    boolean isProceeding() {
        return state == State.PROCEEDING;
    }

    /// The transport failed (section 17.1.4): nothing more happens.
    void lost() {
        state = State.TERMINATED;
    }

    List<Action> on(Event event) {
        return switch (event) {
            case Event.Response(int status) -> response(status);
            case Event.Fired(Timer timer) -> fired(timer);
            case Event.Retransmission _, Event.Ack _, Event.Respond _ ->
                throw new IllegalStateException("server event");
        };
    }

    private List<Action> response(int status) {
        boolean waiting = state == State.TRYING || state == State.PROCEEDING;
        if (waiting && status < 200) {
            state = State.PROCEEDING;
            return List.of(new Action.Deliver());
        }
        if (invite && status < 300 && (waiting || state == State.ACCEPTED)) {
            boolean first = waiting;
            if (status < 200) return List.of();
            state = State.ACCEPTED;
            return first
                    ? List.of(new Action.Deliver(), new Action.Arm(Timer.M, T1_64))
                    : List.of(new Action.Deliver());
        }
        if (waiting) {
            state = State.COMPLETED;
            return invite
                    ? List.of(
                            new Action.SendAck(),
                            new Action.Deliver(),
                            new Action.Arm(Timer.D, reliable ? Duration.ZERO : Duration.ofSeconds(32)))
                    : List.of(new Action.Deliver(), new Action.Arm(Timer.K, reliable ? Duration.ZERO : T4));
        }
        return invite && state == State.COMPLETED && status >= 300 ? List.of(new Action.SendAck()) : List.of();
    }

    private List<Action> fired(Timer timer) {
        if (state == State.TERMINATED) return List.of();
        return switch (timer) {
            case A -> state == State.TRYING ? again(Timer.A, false) : List.of();
            case E -> state == State.TRYING ? again(Timer.E, true) : state == State.PROCEEDING ? every(T2) : List.of();
            case B -> state == State.TRYING ? timedOut() : List.of();
            case C -> isWaiting() ? timedOut() : List.of();
            case F -> state == State.TRYING || state == State.PROCEEDING ? timedOut() : List.of();
            case D, K, M -> end();
            case G, H, I, J, L -> throw new IllegalStateException("server timer");
        };
    }

    private List<Action> again(Timer timer, boolean toT2) {
        retransmit = Timer.doubled(retransmit, toT2);
        return List.of(new Action.Send(), new Action.Arm(timer, retransmit));
    }

    private static List<Action> every(Duration pause) {
        return List.of(new Action.Send(), new Action.Arm(Timer.E, pause));
    }

    private List<Action> timedOut() {
        state = State.TERMINATED;
        return List.of(new Action.TimedOut(), new Action.End());
    }

    private List<Action> end() {
        if (state == State.TERMINATED) return List.of();
        state = State.TERMINATED;
        return List.of(new Action.End());
    }
}
