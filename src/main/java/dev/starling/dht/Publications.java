package dev.starling.dht;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/// Values that this peer keeps alive for its clients until an end they named: put at once, put again before the
/// engine forgets them, put later when the engine was away. Survives a restart of the peer and of the engine.
public final class Publications implements AutoCloseable {
    /// What became of a value.
    ///
    /// @param put whether the engine has it now; otherwise it is kept and will be put later
    /// @param until Unix s; at most eight days from now
    public record Published(boolean put, long until) {}

    /// @param valuesPerUser kept for one user
    /// @param bytesPerUser of them
    /// @param bytes of all
    public record Bounds(int valuesPerUser, long bytesPerUser, long bytes) {
        public static final Bounds USUAL = new Bounds(1024, 16L << 20, 2L << 30);
    }

    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Duration LONGEST = Duration.ofDays(8);
    private static final Duration RETRY = Duration.ofSeconds(10), QUOTA_RETRY = Duration.ofMinutes(5);
    private static final Duration ROUND = Duration.ofSeconds(5);
    private static final int BATCH = 512, PATIENCE = 3, AT_ONCE = 32, STRIPES = 64;

    private final Dht dht;
    private final Clock clock;
    private final Ledger ledger;
    // A publication and the round that puts it again must not overtake each other: one at a time for a slot.
    private final ReentrantLock[] stripes =
            IntStream.range(0, STRIPES).mapToObj(_ -> new ReentrantLock()).toArray(ReentrantLock[]::new);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("publications").factory());

    public Publications(Dht dht, Path file, Bounds bounds, Clock clock) throws DhtException {
        this.dht = dht;
        this.clock = clock;
        try {
            ledger = new Ledger(file, bounds);
        } catch (SQLException e) {
            throw new DhtException(
                    503,
                    "the publications in " + file + " cannot be read (" + e.getMessage() + "). If the file is damaged,"
                            + " move it away: people publish again when they connect.");
        }
        var _ = timer.scheduleWithFixedDelay(this::refresh, 1, ROUND.toSeconds(), TimeUnit.SECONDS);
    }

    /// Keeps a local user's `value` alive until `until` (Unix s), in place of that user's value with this id.
    ///
    /// @throws DhtException when it is refused: then it is not kept
    public Published publish(String key, Dht.Value value, long until) throws DhtException {
        long now = clock.instant().getEpochSecond();
        long end = Math.min(until, now + LONGEST.toSeconds());
        if (end <= now) throw new DhtException(400, "\"until\" is over already");
        if (value.data().length > Dht.MAX_VALUE_BYTES)
            throw new DhtException(413, "at most " + Dht.MAX_VALUE_BYTES + " bytes");
        ReentrantLock stripe = stripe(key, value.owner().user(), value.id());
        stripe.lock();
        try {
            ledger.room(key, value, now);
            boolean put = put(key, value, end - now);
            ledger.keep(key, value, end, put ? again(now) : now + RETRY.toSeconds());
            return new Published(put, end);
        } catch (SQLException e) {
            throw new DhtException(503, "the value cannot be kept: " + e.getMessage());
        } finally {
            stripe.unlock();
        }
    }

    /// Ends a publication of a local user before its time. It is not put again, whatever the engine says.
    ///
    /// @throws DhtException when the engine may still have it: to be repeated
    public void withdraw(String key, Dht.Owner owner, long id) throws DhtException {
        ReentrantLock stripe = stripe(key, owner.user(), id);
        stripe.lock();
        try {
            ledger.forget(new Ledger.Slot(key, owner.user(), id));
            dht.remove(key, owner, id);
        } catch (SQLException e) {
            throw new DhtException(503, "the value cannot be forgotten: " + e.getMessage());
        } finally {
            stripe.unlock();
        }
    }

    /// The same for a length of time.
    public Published keep(String key, Dht.Value value, Duration time) throws DhtException {
        return publish(key, value, clock.instant().getEpochSecond() + Math.max(1, time.toSeconds()));
    }

    private boolean put(String key, Dht.Value value, long seconds) throws DhtException {
        try {
            dht.put(key, value, Duration.ofSeconds(seconds));
            return true;
        } catch (DhtException e) {
            if (!e.away()) throw e;
            LOG.log(System.Logger.Level.INFO, () -> "put later: " + e.getMessage());
            return false;
        }
    }

    // Spread, so that a restart of everything does not make everything due at once for ever.
    private long again(long now) {
        long refresh = dht.caps().refresh().toSeconds();
        return now + refresh - ThreadLocalRandom.current().nextLong(refresh / 10 + 1);
    }

    private ReentrantLock stripe(String key, String user, long id) {
        return stripes[Math.floorMod(key.hashCode() * 31 + user.hashCode() + Long.hashCode(id), STRIPES)];
    }

    /// Puts again what is due, until nothing is; forgets what has ended. An engine that is away is not asked about
    /// every
    /// value.
    void refresh() {
        try {
            var round = new Round();
            boolean more = true;
            while (more) {
                long now = clock.instant().getEpochSecond();
                ledger.forget(now);
                List<Ledger.Slot> due = ledger.due(now, BATCH);
                // Each that was put is due later now, so this ends.
                more = round.put(due) && due.size() == BATCH;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException e) {
            // Caught whatever it is: an exception would end the schedule for good.
            LOG.log(System.Logger.Level.WARNING, "publications are not put again", e);
        }
    }

    /// One at a time until one was taken, then some at once: an engine that is a network takes its time for each.
    private final class Round {
        private final Semaphore room = new Semaphore(1);
        private final AtomicBoolean wide = new AtomicBoolean();
        // In a row: the keys of one user may fail when those of others do not.
        private final AtomicInteger failures = new AtomicInteger();

        /// False when the engine is away.
        boolean put(List<Ledger.Slot> due) throws InterruptedException {
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (Ledger.Slot slot : due) {
                    room.acquire();
                    if (isAway()) return false;
                    threads.execute(() -> put(slot));
                }
            }
            return !isAway();
        }

        private boolean isAway() {
            return failures.get() >= (wide.get() ? AT_ONCE : PATIENCE);
        }

        private void put(Ledger.Slot slot) {
            try {
                if (putAgain(slot)) {
                    failures.set(0);
                    if (!wide.getAndSet(true)) room.release(AT_ONCE - 1);
                } else {
                    failures.incrementAndGet();
                }
            } catch (SQLException | RuntimeException e) {
                // It is still due.
                failures.incrementAndGet();
                LOG.log(System.Logger.Level.WARNING, "a publication is not put again", e);
            } finally {
                room.release();
            }
        }
    }

    /// False when the engine is away.
    private boolean putAgain(Ledger.Slot slot) throws SQLException {
        ReentrantLock stripe = stripe(slot.key(), slot.user(), slot.id());
        stripe.lock();
        try {
            // Read under the lock: meanwhile it may have been published anew, or ended.
            long now = clock.instant().getEpochSecond();
            var kept = ledger.read(slot).filter(k -> k.next() <= now && k.until() > now);
            if (kept.isEmpty()) return true;
            var value = new Dht.Value(
                    slot.id(), Dht.Owner.local(slot.user()), kept.get().data());
            try {
                boolean put = put(slot.key(), value, kept.get().until() - now);
                ledger.next(slot, put ? again(now) : now + RETRY.toSeconds());
                return put;
            } catch (DhtException e) {
                LOG.log(System.Logger.Level.INFO, () -> "not put again: " + e.getMessage());
                ledger.next(slot, now + QUOTA_RETRY.toSeconds());
                return true;
            }
        } finally {
            stripe.unlock();
        }
    }

    /// Values kept alive now.
    public long size() {
        return ledger.size();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        ledger.close();
    }
}
