package dev.starling.proxy;

import dev.starling.sip.transaction.TransactionLayer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.PriorityQueue;

/// A clock and timers that move only when told to.
public final class SimulatedTime extends Clock implements TransactionLayer.Timers {
    private record Due(Instant at, long order, Runnable task) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>(Comparator.comparing(Due::at).thenComparingLong(Due::order));
    private Instant now = Instant.parse("2026-11-24T12:00:00Z");
    private long order;

    @Override
    public Runnable after(Duration delay, Runnable task) {
        var each = new Due(now.plus(delay), order++, task);
        due.add(each);
        return () -> due.remove(each);
    }

    public void pass(Duration time) {
        Instant end = now.plus(time);
        while (!due.isEmpty() && !due.peek().at.isAfter(end)) {
            Due next = due.poll();
            now = next.at;
            next.task.run();
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
