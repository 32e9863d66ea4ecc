package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.embedded.Shares.Slot;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// The engine in our own process: one persistent, bounded table.
///
/// A slot is (key, owner, id): a put replaces only its own owner's value. When a bound is reached, whoever
/// stores most makes room, and a put by that one is refused and says why: [Shares] for one key, the same by
/// bytes for the whole store. What is expired is never served; it is removed, and told to who watches, within
/// half a minute.
public final class EmbeddedDht implements Dht {
    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Caps CAPS = new Caps(MAX_VALUE_BYTES, Duration.ofDays(8), Duration.ofHours(6));
    private static final Duration SWEEP = Duration.ofSeconds(30);
    private static final int SWEEP_BATCH = 200, VICTIMS = 100;
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{40}");

    private final Bounds bounds;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Table table;
    private final Usage usage;
    private final Watchers watchers = new Watchers();
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("dht-sweep").factory());

    public EmbeddedDht(Path file, Bounds bounds, Clock clock) throws DhtException {
        this.bounds = bounds;
        this.clock = clock;
        try {
            table = new Table(file);
            usage = table.usage();
            table.commit();
        } catch (SQLException e) {
            throw new DhtException(
                    503,
                    "the store " + file + " cannot be opened (" + e.getMessage() + "). If it is damaged, move it away:"
                            + " what people published comes back within "
                            + CAPS.refresh().toHours() + " hours.");
        }
        var _ = sweeper.scheduleWithFixedDelay(this::sweep, SWEEP.toSeconds(), SWEEP.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public Caps caps() {
        return CAPS;
    }

    /// Values stored now, with those that expired since the last sweep.
    public long size() {
        lock.lock();
        try {
            return usage.total().values();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        if (!KEY.matcher(key).matches()) throw new DhtException(400, "a key has 40 hex digits");
        if (value.data().length > MAX_VALUE_BYTES) throw new DhtException(413, "at most " + MAX_VALUE_BYTES + " bytes");
        long seconds = Math.clamp(ttl.toSeconds(), 1, CAPS.ttl().toSeconds());
        List<Table.Stored> gone = inTransaction(() -> {
            long now = clock.instant().getEpochSecond();
            var before = table.sizeOf(key, value.owner(), value.id());
            var leaving = leaving(key, value, before, now);
            table.write(key, value, now, now + seconds);
            table.commit();
            for (var each : leaving)
                usage.add(each.value().owner(), -1, -each.value().data().length);
            usage.add(value.owner(), before.isEmpty() ? 1 : 0, value.data().length - before.orElse(0));
            return leaving;
        });
        for (var each : gone) watchers.tell(each.key(), new Event(each.value(), true));
        watchers.tell(key, new Event(value, false));
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        if (!KEY.matcher(key).matches()) throw new DhtException(400, "a key has 40 hex digits");
        Optional<Table.Stored> gone = inTransaction(() -> {
            var stored = table.read(key, owner, id);
            if (stored.isEmpty()) return stored;
            table.delete(stored.get().row());
            table.commit();
            usage.add(owner, -1, -stored.get().value().data().length);
            return stored;
        });
        gone.ifPresent(each -> watchers.tell(key, new Event(each.value(), true)));
    }

    private interface Work<T> {
        T run() throws SQLException, DhtException;
    }

    private <T> T inTransaction(Work<T> work) throws DhtException {
        lock.lock();
        try {
            return work.run();
        } catch (SQLException e) {
            throw new DhtException(503, "the store failed: " + e.getMessage());
        } finally {
            // After a commit there is nothing to roll back; after a read or a refusal it ends the transaction.
            try {
                table.rollback();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.DEBUG, "nothing to roll back", e);
            } finally {
                lock.unlock();
            }
        }
    }

    // Deletes what has to make room.
    private List<Table.Stored> leaving(String key, Value value, OptionalInt before, long now)
            throws SQLException, DhtException {
        Owner owner = value.owner();
        int size = value.data().length, more = size - before.orElse(0);
        var load = table.load(key, owner, value.id(), now);
        quotas(owner, load, before.isEmpty() ? 1 : 0, more, size);
        var slots = new ArrayList<Slot>();
        if (load.values() >= bounds.valuesPerKey() || load.bytes() + size > bounds.bytesPerKey())
            slots.addAll(makeRoomUnderKey(key, value, now));
        makeRoomInStore(owner, more, slots);
        var leaving = new ArrayList<Table.Stored>();
        for (Slot slot : slots) {
            table.read(slot.row()).ifPresent(leaving::add);
            table.delete(slot.row());
        }
        return leaving;
    }

    private List<Slot> makeRoomUnderKey(String key, Value value, long now) throws SQLException, DhtException {
        var newcomer = new Slot(Long.MAX_VALUE, value.owner(), value.id(), value.data().length, now);
        var others = table.under(key, now).stream()
                .filter(s -> s.id() != value.id() || !s.owner().equals(value.owner()))
                .toList();
        return Shares.room(others, newcomer, bounds)
                .orElseThrow(() -> new DhtException(429, "this key is full, and you hold most of it"));
    }

    private void quotas(Owner owner, Table.Load load, int moreValues, long more, int size) throws DhtException {
        if (load.ownValues() >= bounds.valuesPerUserAndKey() || load.ownBytes() + size > bounds.bytesPerUserAndKey())
            throw new DhtException(429, "too many values of yours under this key");
        Usage.Amount all = usage.of(owner);
        if (all.values() + moreValues > bounds.valuesPerUser() || all.bytes() + more > bounds.bytesPerUser())
            throw new DhtException(429, "you store too much here");
        boolean other = !owner.peer().isEmpty();
        if (other && usage.ofPeer(owner.peer()).bytes() + more > bounds.bytesPerPeer())
            throw new DhtException(429, "your server stores too much here");
    }

    private void makeRoomInStore(Owner owner, long more, List<Slot> leaving) throws SQLException, DhtException {
        long needed = usage.total().bytes()
                + more
                - leaving.stream().mapToLong(Slot::size).sum()
                - bounds.bytes();
        if (needed <= 0) return;
        Owner greatest = usage.greatest();
        if (usage.of(greatest).bytes() <= usage.of(owner).bytes() + more)
            throw new DhtException(503, "the store is full");
        for (Slot slot : table.of(greatest, VICTIMS)) {
            if (needed <= 0) return;
            if (leaving.stream().anyMatch(s -> s.row() == slot.row())) continue;
            leaving.add(slot);
            needed -= slot.size();
        }
        if (needed > 0) throw new DhtException(503, "the store is full");
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        long end = System.nanoTime() + limits.time().toNanos();
        long bytes = 0;
        int values = 0;
        for (Slot slot : inTransaction(() -> Shares.fair(table.under(key, now())))) {
            bytes += slot.size();
            if (++values > limits.values() || bytes > limits.bytes() || System.nanoTime() - end > 0) return false;
            Optional<Table.Stored> stored = inTransaction(() -> table.read(slot.row()));
            // Gone since, or its row taken by another: then it is not ours to serve.
            if (stored.filter(s -> s.key().equals(key)).isPresent()
                    && enough.test(stored.get().value())) return true;
        }
        return true;
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        return watchers.add(key, watcher, () -> {
            var present = new ArrayList<Value>();
            lookup(key, Limits.USUAL, value -> !present.add(value));
            return present;
        });
    }

    /// Removes what has expired, and tells who watches.
    public void sweep() {
        try {
            for (boolean more = true; more; ) {
                var gone = inTransaction(() -> {
                    var expired = table.expired(now(), SWEEP_BATCH);
                    for (var each : expired) table.delete(each.row());
                    table.commit();
                    for (var each : expired)
                        usage.add(each.value().owner(), -1, -each.value().data().length);
                    return expired;
                });
                for (var each : gone) watchers.tell(each.key(), new Event(each.value(), true));
                more = gone.size() == SWEEP_BATCH;
            }
        } catch (DhtException | RuntimeException e) {
            // Caught whatever it is: an exception would end the schedule for good.
            LOG.log(System.Logger.Level.WARNING, "cannot remove expired values", e);
        }
    }

    @Override
    public String health() {
        try {
            var _ = inTransaction(() -> table.under("", 0));
            return "ok";
        } catch (DhtException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Override
    public void close() {
        sweeper.shutdownNow();
        watchers.close();
        lock.lock();
        try {
            table.close();
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "closing the store", e);
        } finally {
            lock.unlock();
        }
    }
}
