package dev.starling.gate;

import dev.starling.dht.Dht;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Events that wait for one listener to read. Whoever tells of an event is never held up: a listener that falls
/// too far behind is cut off and, when it listens again, is shown what is there then; so no event is lost
/// without being noticed.
final class Backlog implements AutoCloseable {
    /// One line for the listener: an event under a key, or, when empty, that all which was there has been told.
    record Waiting(String key, Optional<Dht.Event> event) {
        private long size() {
            return EVENT_BYTES + event.map(e -> e.value().data().length).orElse(0);
        }
    }

    private static final int MAX_EVENTS = 4096;
    private static final long MAX_BYTES = 8L << 20, LIGHT_BYTES = 1L << 20, EVENT_BYTES = 100;

    private final AtomicLong bytesOfAll;
    private final long maxBytesOfAll;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final ArrayDeque<Waiting> lines = new ArrayDeque<>();
    private long bytes;
    private boolean cutOff;

    /// @param bytesOfAll waiting in the backlogs of all listeners
    Backlog(AtomicLong bytesOfAll, long maxBytesOfAll) {
        this.bytesOfAll = bytesOfAll;
        this.maxBytesOfAll = maxBytesOfAll;
    }

    /// What is told of one key.
    Dht.Watcher of(String key) {
        return new Dht.Watcher() {
            @Override
            public void complete() {
                add(new Waiting(key, Optional.empty()));
            }

            @Override
            public void changed(Dht.Event event) {
                add(new Waiting(key, Optional.of(event)));
            }
        };
    }

    private void add(Waiting line) {
        lock.lock();
        try {
            if (cutOff) return;
            long size = line.size();
            boolean crowded = bytes > 0 && bytesOfAll.get() + size > maxBytesOfAll;
            if (lines.size() >= MAX_EVENTS || bytes + size > MAX_BYTES || crowded) {
                cutOff = true;
            } else {
                lines.add(line);
                release(-size);
            }
            more.signal();
        } finally {
            lock.unlock();
        }
    }

    /// The next line; empty when none comes within the time.
    Optional<Waiting> next(long seconds) throws InterruptedException {
        lock.lock();
        try {
            for (long left = TimeUnit.SECONDS.toNanos(seconds); lines.isEmpty() && !cutOff && left > 0; )
                left = more.awaitNanos(left);
            var line = Optional.ofNullable(lines.poll());
            line.ifPresent(l -> release(l.size()));
            return line;
        } finally {
            lock.unlock();
        }
    }

    private void release(long size) {
        bytes -= size;
        bytesOfAll.addAndGet(-size);
    }

    /// Whether what another key holds would find room.
    boolean isLight() {
        lock.lock();
        try {
            return bytes < LIGHT_BYTES && lines.size() < MAX_EVENTS / 4;
        } finally {
            lock.unlock();
        }
    }

    /// Whether events were left out: what waits is still to be had, then the listener has to ask again.
    boolean isCutOff() {
        lock.lock();
        try {
            return cutOff && lines.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            cutOff = true;
            lines.clear();
            release(bytes);
        } finally {
            lock.unlock();
        }
    }
}
