package dev.starling.sip.transaction;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The timers of one transaction that are running: three at most, and of three only while an INVITE rings. Used under
/// the lock of the transaction.
final class Armed {
    private record Running(
            Timer timer, Runnable off, @Nullable Running next) {}

    private final TransactionLayer.Timers timers;
    private @Nullable Running running;

    Armed(TransactionLayer.Timers timers) {
        this.timers = timers;
    }

    void arm(Timer timer, Duration after, Runnable fired) {
        // Once a transaction only waits for copies, nothing is sent again and nobody fails for want of an answer.
        if (timer.isLast()) clear();
        else running = without(timer, running);
        Runnable off = timer.isTold() ? timers.after(after, fired) : timers.brief(after, fired);
        running = new Running(timer, off, running);
    }

    // Most have fired: that is why they are armed anew. Timer C is, too, when less is left to wait for.
    private static @Nullable Running without(Timer timer, @Nullable Running all) {
        if (all == null) return null;
        if (all.timer != timer) return new Running(all.timer, all.off, without(timer, all.next));
        all.off.run();
        return all.next;
    }

    void clear() {
        for (Running each = running; each != null; each = each.next) each.off.run();
        running = null;
    }
}
