package dev.starling.gate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// The values of one look-up on their way to one reader. The look-up waits for a reader that does not keep up, so
/// that one who leaves early costs little; one that takes nothing for long ends it.
final class Passing implements AutoCloseable {
    /// A value, or the end.
    sealed interface Step {}

    record Next(Dht.Value value) implements Step {}

    /// @param why there is no more, when the look-up failed
    /// @param cut a limit was reached: more may lie there
    record End(Optional<DhtException> why, boolean cut) implements Step {}

    private static final int VALUES_WAITING = 4;
    private static final long PATIENCE_SECONDS = 10;

    private final ArrayBlockingQueue<Step> steps = new ArrayBlockingQueue<>(VALUES_WAITING);
    private final AtomicLong bytesOfAll;
    private volatile boolean closed;

    /// @param bytesOfAll waiting for all readers
    Passing(Dht dht, String key, AtomicLong bytesOfAll) {
        this.bytesOfAll = bytesOfAll;
        Thread.ofVirtual().name("dht-read").start(() -> {
            Optional<DhtException> why = Optional.empty();
            boolean cut = false;
            try {
                cut = !dht.lookup(key, Dht.Limits.USUAL, value -> !give(new Next(value)));
            } catch (DhtException e) {
                why = Optional.of(e);
            } catch (RuntimeException e) {
                System.getLogger("starling.gate").log(System.Logger.Level.ERROR, "a defect, in a look-up", e);
                why = Optional.of(new DhtException(502, "a defect"));
            }
            give(new End(why, cut));
        });
    }

    private static long size(Step step) {
        return step instanceof Next(Dht.Value value) ? value.data().length : 0;
    }

    /// Whether the reader goes on.
    private boolean give(Step step) {
        try {
            bytesOfAll.addAndGet(size(step));
            boolean taken = !closed && steps.offer(step, PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (!taken) bytesOfAll.addAndGet(-size(step));
            // Whatever came in between the closing and now is nobody's.
            if (!taken || closed) close();
            return taken;
        } catch (InterruptedException e) {
            bytesOfAll.addAndGet(-size(step));
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Whether nothing waits, so that the reader may be shown what it has been given.
    boolean isEmpty() {
        return steps.isEmpty();
    }

    /// The next one; after a look-up that gave up, its end.
    Step take() throws InterruptedException {
        while (true) {
            Step step = steps.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (step != null) {
                bytesOfAll.addAndGet(-size(step));
                return step;
            }
            if (closed) return new End(Optional.of(new DhtException(502, "it took too long")), false);
        }
    }

    /// Ends the look-up at its next value.
    @Override
    public void close() {
        closed = true;
        for (Step step = steps.poll(); step != null; step = steps.poll()) bytesOfAll.addAndGet(-size(step));
    }
}
