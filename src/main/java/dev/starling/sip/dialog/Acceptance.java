package dev.starling.sip.dialog;

import java.time.Duration;
import java.util.List;

/// The 2xx to an INVITE and the wait for its ACK, at the end that answers (RFC 3261, section 13.3.1.4): whatever the
/// transport, since a hop further on may be an unreliable one. No socket, no clock.
public final class Acceptance {
    private static final Duration T1 = Duration.ofMillis(500), T2 = Duration.ofSeconds(4);
    private static final Duration GIVE_UP = T1.multipliedBy(64);

    /// What is to be done.
    public sealed interface Action {
        /// The 2xx goes out.
        record Send() implements Action {}

        /// [#due] wants to be called after `after`.
        record Wait(Duration after) implements Action {}

        /// Nobody acknowledges: the dialog is confirmed, and is to be ended by BYE.
        record Abandon() implements Action {}
    }

    private Duration pause = T1;
    private Duration waited = Duration.ZERO;
    private boolean over;

    public List<Action> start() {
        return List.of(new Action.Send(), new Action.Wait(pause));
    }

    /// The time asked for is over.
    public List<Action> due() {
        if (over) return List.of();
        waited = waited.plus(pause);
        if (waited.compareTo(GIVE_UP) >= 0) {
            over = true;
            return List.of(new Action.Abandon());
        }
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(T2) > 0 ? T2 : doubled;
        Duration left = GIVE_UP.minus(waited);
        if (pause.compareTo(left) > 0) pause = left;
        return List.of(new Action.Send(), new Action.Wait(pause));
    }

    /// The ACK has come.
    public void acknowledged() {
        over = true;
    }

    public boolean isOver() {
        return over;
    }
}
