package dev.starling.dht;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Values that this peer keeps alive for its clients until an end they named: put at once, put again before the
/// engine forgets them, put later when the engine was away. Survives a restart of the peer and of the engine.
public final class Publications implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Duration LONGEST = Duration.ofHours(26);
    private static final Duration RETRY = Duration.ofSeconds(10);
    private static final int MAX_PER_OWNER = 256;

    private final Dht dht;
    private final Clock clock;
    private final Connection db;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("publications").factory());

    public Publications(Dht dht, Path file, Clock clock) throws DhtException {
        this.dht = dht;
        this.clock = clock;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute(
                        "create table if not exists publication (key text, owner text, id integer, data blob, until integer,"
                                + " next integer, primary key (key, owner, id)) without rowid");
            }
        } catch (SQLException e) {
            throw new DhtException(503, "cannot open " + file + ": " + e.getMessage());
        }
        var _ = timer.scheduleWithFixedDelay(this::refresh, 1, 5, TimeUnit.SECONDS);
    }

    /// Keeps `value` alive until `until` (Unix seconds). True when the engine has it now, false when it is kept and
    /// will be put later.
    public boolean publish(String key, Dht.Value value, long until) throws DhtException {
        long now = clock.instant().getEpochSecond();
        long end = Math.min(until, now + LONGEST.toSeconds());
        if (end <= now) throw new DhtException(400, "already over");
        if (value.data().length > Dht.MAX_VALUE_BYTES)
            throw new DhtException(413, "at most " + Dht.MAX_VALUE_BYTES + " bytes");
        keep(key, value, end, now + RETRY.toSeconds());
        try {
            dht.put(key, value, Duration.ofSeconds(end - now));
            due(key, value, now + dht.caps().refresh().toSeconds());
            return true;
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "put later: " + e.getMessage());
            return false;
        }
    }

    private void keep(String key, Dht.Value value, long until, long next) throws DhtException {
        synchronized (db) {
            try (var count = db.prepareStatement("select count(*) from publication where owner = ? and until > ?");
                    var s = db.prepareStatement("insert or replace into publication values (?, ?, ?, ?, ?, ?)")) {
                count.setString(1, value.owner());
                count.setLong(2, clock.instant().getEpochSecond());
                try (var rows = count.executeQuery()) {
                    if (rows.next() && rows.getInt(1) >= MAX_PER_OWNER)
                        throw new DhtException(429, "this device publishes too much");
                }
                s.setString(1, key);
                s.setString(2, value.owner());
                s.setLong(3, value.id());
                s.setBytes(4, value.data());
                s.setLong(5, until);
                s.setLong(6, next);
                s.executeUpdate();
            } catch (SQLException e) {
                throw new DhtException(503, "cannot keep the value: " + e.getMessage());
            }
        }
    }

    private void due(String key, Dht.Value value, long next) {
        synchronized (db) {
            try (var s =
                    db.prepareStatement("update publication set next = ? where key = ? and owner = ? and id = ?")) {
                s.setLong(1, next);
                s.setString(2, key);
                s.setString(3, value.owner());
                s.setLong(4, value.id());
                s.executeUpdate();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.WARNING, "publication", e);
            }
        }
    }

    /// Puts again what is due; forgets what has ended.
    void refresh() {
        record Due(String key, Dht.Value value, long until) {}
        long now = clock.instant().getEpochSecond();
        var due = new ArrayList<Due>();
        synchronized (db) {
            try (var gone = db.prepareStatement("delete from publication where until <= ?");
                    var s = db.prepareStatement(
                            "select key, owner, id, data, until from publication where next <= ? limit 500")) {
                gone.setLong(1, now);
                gone.executeUpdate();
                s.setLong(1, now);
                try (var rows = s.executeQuery()) {
                    while (rows.next())
                        due.add(new Due(
                                rows.getString(1),
                                new Dht.Value(rows.getLong(3), rows.getString(2), rows.getBytes(4)),
                                rows.getLong(5)));
                }
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.WARNING, "publications", e);
            }
        }
        for (Due each : due) {
            try {
                dht.put(each.key, each.value, Duration.ofSeconds(each.until - now));
                due(each.key, each.value, now + dht.caps().refresh().toSeconds());
            } catch (DhtException e) {
                due(each.key, each.value, now + RETRY.toSeconds());
                LOG.log(System.Logger.Level.DEBUG, () -> "still not put: " + e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.WARNING, "publications", e);
            }
        }
    }
}
