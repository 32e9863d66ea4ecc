package dev.starling.proxy;

import dev.starling.sip.transaction.TransactionLayer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;

/// A clock and timers that move only when told to; tasks on other threads may set timers meanwhile.
public final class SimulatedTime extends Clock implements TransactionLayer.Timers {
    private record Due(Instant at, long order, Runnable task) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>(Comparator.comparing(Due::at).thenComparingLong(Due::order));
    private volatile Instant now = Instant.parse("2026-11-24T12:00:00Z");
    private long order;

    @Override
    public synchronized Runnable after(Duration delay, Runnable task) {
        var each = new Due(now.plus(delay), order++, task);
        due.add(each);
        return () -> remove(each);
    }

    private synchronized void remove(Due each) {
        due.remove(each);
    }

    /// How many timers wait.
    public synchronized int waiting() {
        return due.size();
    }

    private synchronized Optional<Due> next(Instant end) {
        return Optional.ofNullable(due.peek())
                .filter(each -> !each.at.isAfter(end))
                .map(_ -> due.remove());
    }

    public void pass(Duration time) {
        Instant end = now.plus(time);
        for (var next = next(end); next.isPresent(); next = next(end)) {
            now = next.get().at;
            next.get().task.run();
        }
        now = end;
    }

    @Override
    public Instant instant() {
        return now;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }
}
