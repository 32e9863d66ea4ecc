package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// The engine in our own process: SQLite with a write-ahead log, so that what was acknowledged survives `kill -9`.
///
/// A slot is (key, owner, id): a put replaces only its own owner's value. When a bound is reached the put is refused
/// and says which one; nobody's values make room for another's.
public final class EmbeddedDht implements Dht {
    /// Bounds of the store.
    public record Bounds(int valuesPerKey, int valuesPerOwner, long bytesPerOwner, long bytes) {
        public static final Bounds USUAL = new Bounds(4096, 20_000, 256L << 20, 4L << 30);
    }

    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Caps CAPS = new Caps(MAX_VALUE_BYTES, Duration.ofHours(26), Duration.ofHours(6));
    private static final Duration SWEEP = Duration.ofSeconds(30);

    private final Connection db;
    private final Bounds bounds;
    private final Clock clock;
    private final Map<String, CopyOnWriteArrayList<Consumer<Event>>> watchers = new ConcurrentHashMap<>();
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("dht-sweep").factory());

    public EmbeddedDht(Path file, Bounds bounds, Clock clock) throws DhtException {
        this.bounds = bounds;
        this.clock = clock;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute(
                        "create table if not exists value (key text, owner text, id integer, data blob, expires integer,"
                                + " primary key (key, owner, id)) without rowid");
                s.execute("create index if not exists value_expires on value (expires)");
                s.execute("create index if not exists value_owner on value (owner, length(data))");
            }
        } catch (SQLException e) {
            throw new DhtException(503, "cannot open the store " + file + ": " + e.getMessage());
        }
        var _ = sweeper.scheduleWithFixedDelay(this::sweep, SWEEP.toSeconds(), SWEEP.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public Caps caps() {
        return CAPS;
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        if (!key.matches("[0-9a-f]{40}")) throw new DhtException(400, "a key has 40 hex digits");
        if (value.data().length > MAX_VALUE_BYTES) throw new DhtException(413, "at most " + MAX_VALUE_BYTES + " bytes");
        long seconds = Math.clamp(ttl.toSeconds(), 1, CAPS.ttl().toSeconds());
        long now = clock.instant().getEpochSecond();
        try {
            synchronized (db) {
                room(key, value, now);
                try (var s = db.prepareStatement("insert or replace into value values (?, ?, ?, ?, ?)")) {
                    s.setString(1, key);
                    s.setString(2, value.owner());
                    s.setLong(3, value.id());
                    s.setBytes(4, value.data());
                    s.setLong(5, now + seconds);
                    s.executeUpdate();
                }
            }
        } catch (SQLException e) {
            throw failed(e);
        }
        tell(key, new Event(value, false));
    }

    private void room(String key, Value value, long now) throws SQLException, DhtException {
        long[] here = sums(
                "select count(*), 0 from value where key = ? and expires > ? and not (owner = ? and id = ?)",
                key,
                now,
                value.owner(),
                value.id());
        if (here[0] >= bounds.valuesPerKey) throw new DhtException(429, "too many values under this key");
        long[] owned =
                sums("select count(*), coalesce(sum(length(data)), 0) from value where owner = ?", value.owner());
        if (owned[0] >= bounds.valuesPerOwner || owned[1] + value.data().length > bounds.bytesPerOwner)
            throw new DhtException(429, "you store too much here");
        long[] pages = sums("select (select * from pragma_page_count()) - (select * from pragma_freelist_count()),"
                + " (select * from pragma_page_size())");
        if (pages[0] * pages[1] > bounds.bytes) throw new DhtException(503, "the store is full");
    }

    private long[] sums(String sql, Object... parameters) throws SQLException {
        try (var s = db.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) s.setObject(i + 1, parameters[i]);
            try (var rows = s.executeQuery()) {
                rows.next();
                return new long[] {rows.getLong(1), rows.getLong(2)};
            }
        }
    }

    @Override
    public void lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        long bytes = 0;
        long end = System.nanoTime() + limits.time().toNanos();
        for (Value value : values(key, limits.values())) {
            bytes += value.data().length;
            if (bytes > limits.bytes() || System.nanoTime() > end || enough.test(value)) return;
        }
    }

    private List<Value> values(String key, int most) throws DhtException {
        var values = new ArrayList<Value>();
        synchronized (db) {
            // Newest first: a flood that came earlier does not stand in front of what its owner keeps fresh.
            try (var s = db.prepareStatement(
                    "select owner, id, data from value where key = ? and expires > ? order by expires desc limit ?")) {
                s.setString(1, key);
                s.setLong(2, clock.instant().getEpochSecond());
                s.setInt(3, most);
                try (var rows = s.executeQuery()) {
                    while (rows.next()) values.add(new Value(rows.getLong(2), rows.getString(1), rows.getBytes(3)));
                }
            } catch (SQLException e) {
                throw failed(e);
            }
        }
        return values;
    }

    @Override
    public Subscription watch(String key, Consumer<Event> change) throws DhtException {
        watchers.computeIfAbsent(key, _ -> new CopyOnWriteArrayList<>()).add(change);
        for (Value value : values(key, Limits.USUAL.values())) change.accept(new Event(value, false));
        return () -> watchers.computeIfPresent(key, (_, all) -> {
            all.remove(change);
            return all.isEmpty() ? null : all;
        });
    }

    private void tell(String key, Event event) {
        var all = watchers.get(key);
        if (all != null) for (var watcher : all) watcher.accept(event);
    }

    /// Removes what has expired, and tells who watches.
    void sweep() {
        record Gone(String key, Value value) {}
        var gone = new ArrayList<Gone>();
        long now = clock.instant().getEpochSecond();
        try {
            synchronized (db) {
                try (var s = db.prepareStatement("delete from value where expires <= ? returning key, owner, id")) {
                    s.setLong(1, now);
                    try (var rows = s.executeQuery()) {
                        while (rows.next())
                            gone.add(new Gone(
                                    rows.getString(1), new Value(rows.getLong(3), rows.getString(2), new byte[0])));
                    }
                }
            }
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot remove expired values", e);
        }
        for (Gone each : gone) tell(each.key, new Event(each.value, true));
    }

    @Override
    public String health() {
        synchronized (db) {
            try (var s = db.createStatement()) {
                s.execute("select 1");
                return "ok";
            } catch (SQLException e) {
                return "the store cannot be read: " + e.getMessage();
            }
        }
    }

    @Override
    public void close() {
        sweeper.shutdownNow();
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.WARNING, "closing the store", e);
            }
        }
    }

    private static DhtException failed(SQLException e) {
        return new DhtException(503, "the store failed: " + e.getMessage());
    }
}
