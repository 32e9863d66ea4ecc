package dev.starling.dht;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// What [Publications] has accepted and when each is due next, in SQLite. Written through to the disk at every
/// commit: an accepted value survives a power cut.
final class Ledger implements AutoCloseable {
    /// Names one publication.
    record Slot(String key, String user, long id) {}

    /// @param until Unix s, the end
    /// @param next Unix s, when it has to be put again
    record Kept(byte[] data, long until, long next) {}

    private final Publications.Bounds bounds;
    private final Connection db;
    private final ReentrantLock lock = new ReentrantLock();
    private long values, bytes;

    Ledger(Path file, Publications.Bounds bounds) throws SQLException {
        this.bounds = bounds;
        db = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (var s = db.createStatement()) {
            s.execute("pragma journal_mode=wal");
            s.execute("pragma synchronous=full");
            s.execute("create table if not exists publication (key text, owner text, id integer, data blob,"
                    + " until integer, next integer, primary key (key, owner, id)) without rowid");
            s.execute("create index if not exists publication_next on publication (next)");
            s.execute("create index if not exists publication_until on publication (until)");
            s.execute("create index if not exists publication_owner on publication (owner, length(data))");
            count();
        } catch (SQLException e) {
            db.close();
            throw e;
        }
    }

    private void count() throws SQLException {
        try (var s = db.createStatement();
                var rows = s.executeQuery("select count(*), coalesce(sum(length(data)), 0) from publication"
                        + " indexed by publication_owner")) {
            values = rows.next() ? rows.getLong(1) : 0;
            bytes = rows.getLong(2);
        }
    }

    private interface Work<T> {
        T with(PreparedStatement statement) throws SQLException;
    }

    private <T> T run(String sql, Work<T> work, Object... parameters) throws SQLException {
        lock.lock();
        try (var s = db.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) s.setObject(i + 1, parameters[i]);
            return work.with(s);
        } finally {
            lock.unlock();
        }
    }

    /// Refuses a value that would exceed a bound.
    void room(String key, Dht.Value value, long now) throws SQLException, DhtException {
        long[] others = run(
                "select count(*), coalesce(sum(length(data)), 0) from publication"
                        + " where owner = ? and until > ? and not (key = ? and id = ?)",
                s -> {
                    try (var rows = s.executeQuery()) {
                        return rows.next() ? new long[] {rows.getLong(1), rows.getLong(2)} : new long[2];
                    }
                },
                value.owner().user(),
                now,
                key,
                value.id());
        if (others[0] >= bounds.valuesPerUser() || others[1] + value.data().length > bounds.bytesPerUser())
            throw new DhtException(429, "this device publishes too much");
        lock.lock();
        try {
            if (bytes + value.data().length > bounds.bytes())
                throw new DhtException(503, "this server keeps no more values");
        } finally {
            lock.unlock();
        }
    }

    void keep(String key, Dht.Value value, long until, long next) throws SQLException {
        lock.lock();
        try {
            var slot = new Slot(key, value.owner().user(), value.id());
            Optional<Kept> before = read(slot);
            int _ = run(
                    "insert or replace into publication values (?, ?, ?, ?, ?, ?)",
                    PreparedStatement::executeUpdate,
                    key,
                    slot.user,
                    slot.id,
                    value.data(),
                    until,
                    next);
            if (before.isEmpty()) values++;
            bytes += value.data().length - before.map(k -> k.data.length).orElse(0);
        } finally {
            lock.unlock();
        }
    }

    Optional<Kept> read(Slot slot) throws SQLException {
        return run(
                "select data, until, next from publication where key = ? and owner = ? and id = ?",
                s -> {
                    try (var rows = s.executeQuery()) {
                        return rows.next()
                                ? Optional.of(new Kept(rows.getBytes(1), rows.getLong(2), rows.getLong(3)))
                                : Optional.empty();
                    }
                },
                slot.key,
                slot.user,
                slot.id);
    }

    void next(Slot slot, long next) throws SQLException {
        int _ = run(
                "update publication set next = ? where key = ? and owner = ? and id = ?",
                PreparedStatement::executeUpdate,
                next,
                slot.key,
                slot.user,
                slot.id);
    }

    /// What is due at `now` (Unix s), users in turn, of each first what is due longest: who has many values waits for
    /// his own, not others for him.
    List<Slot> due(long now, int most) throws SQLException {
        return run(
                "select key, owner, id from (select key, owner, id, next, row_number() over"
                        + " (partition by owner order by next) as turn from publication"
                        + " indexed by publication_next where next <= ?)"
                        + " order by turn, next limit ?",
                s -> {
                    var due = new ArrayList<Slot>();
                    try (var rows = s.executeQuery()) {
                        while (rows.next()) due.add(new Slot(rows.getString(1), rows.getString(2), rows.getLong(3)));
                    }
                    return due;
                },
                now,
                most);
    }

    void forget(Slot slot) throws SQLException {
        lock.lock();
        try {
            int gone = run(
                    "delete from publication where key = ? and owner = ? and id = ?",
                    PreparedStatement::executeUpdate,
                    slot.key,
                    slot.user,
                    slot.id);
            if (gone > 0) count();
        } finally {
            lock.unlock();
        }
    }

    /// Forgets what has ended.
    void forget(long now) throws SQLException {
        lock.lock();
        try {
            int gone = run("delete from publication where until <= ?", PreparedStatement::executeUpdate, now);
            if (gone > 0) count();
        } finally {
            lock.unlock();
        }
    }

    long size() {
        lock.lock();
        try {
            return values;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            db.close();
        } catch (SQLException e) {
            System.getLogger("starling.dht").log(System.Logger.Level.WARNING, "closing the publications", e);
        } finally {
            lock.unlock();
        }
    }
}
