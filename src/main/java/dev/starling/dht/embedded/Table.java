package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import dev.starling.dht.embedded.Shares.Slot;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// The store's table in SQLite, with a write-ahead log: what was committed survives `kill -9`. After a power
/// cut the last moments may be missing; they come back when publications are put again. One thread at a time.
final class Table implements AutoCloseable {
    private final Connection db;

    Table(Path file) throws SQLException {
        db = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (var s = db.createStatement()) {
            s.execute("pragma journal_mode=wal");
            s.execute("pragma synchronous=normal");
            s.execute("create table if not exists slot (row integer primary key, key text not null, peer text not null,"
                    + " user text not null, id integer not null, size integer not null, stored integer not null,"
                    + " expires integer not null, data blob not null)");
            s.execute("create unique index if not exists slot_name on slot (key, peer, user, id)");
            s.execute("create index if not exists slot_expires on slot (expires)");
            s.execute("create index if not exists slot_owner on slot (peer, user, size)");
            takeOverFirstVersion();
        } catch (SQLException e) {
            db.close();
            throw e;
        }
        db.setAutoCommit(false);
    }

    // The first version had one table `value` without peers.
    private void takeOverFirstVersion() throws SQLException {
        try (var s = db.createStatement();
                var old = s.executeQuery("select 1 from sqlite_schema where name = 'value'")) {
            if (!old.next()) return;
        }
        try (var s = db.createStatement()) {
            s.execute("insert or ignore into slot (key, peer, user, id, size, stored, expires, data)"
                    + " select key, '', owner, id, length(data), 0, expires, data from value");
            s.execute("drop table value");
        }
    }

    /// Adds up what each owner stores.
    Usage usage() throws SQLException {
        var usage = new Usage();
        try (var s = db.createStatement();
                var rows = s.executeQuery("select peer, user, count(*), sum(size) from slot group by peer, user")) {
            while (rows.next())
                usage.add(new Dht.Owner(rows.getString(1), rows.getString(2)), rows.getLong(3), rows.getLong(4));
        }
        return usage;
    }

    /// What lies under a key besides one slot of `owner`, and how much of it is that owner's.
    record Load(int values, long bytes, int ownValues, long ownBytes) {}

    Load load(String key, Dht.Owner owner, long id, long now) throws SQLException {
        try (var s = statement(
                        "select count(*), total(size), total(own), total(own * size) from (select size,"
                                + " peer = ?2 and user = ?3 as own from slot where key = ?1 and expires > ?5"
                                + " and not (peer = ?2 and user = ?3 and id = ?4))",
                        key,
                        owner.peer(),
                        owner.user(),
                        id,
                        now);
                var rows = s.executeQuery()) {
            return rows.next()
                    ? new Load(rows.getInt(1), rows.getLong(2), rows.getInt(3), rows.getLong(4))
                    : new Load(0, 0, 0, 0);
        }
    }

    List<Slot> under(String key, long now) throws SQLException {
        return slots("select row, peer, user, id, size, stored from slot where key = ? and expires > ?", key, now);
    }

    /// The newest values of one owner.
    List<Slot> of(Dht.Owner owner, int most) throws SQLException {
        return slots(
                "select row, peer, user, id, size, stored from slot where peer = ? and user = ?"
                        + " order by stored desc, row desc limit ?",
                owner.peer(),
                owner.user(),
                most);
    }

    private List<Slot> slots(String sql, Object... parameters) throws SQLException {
        try (var s = statement(sql, parameters);
                var rows = s.executeQuery()) {
            var slots = new ArrayList<Slot>();
            while (rows.next())
                slots.add(new Slot(rows.getLong(1), owner(rows, 2), rows.getLong(4), rows.getInt(5), rows.getLong(6)));
            return slots;
        }
    }

    private static Dht.Owner owner(ResultSet rows, int column) throws SQLException {
        return new Dht.Owner(rows.getString(column), rows.getString(column + 1));
    }

    private PreparedStatement statement(String sql, Object... parameters) throws SQLException {
        var s = db.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) s.setObject(i + 1, parameters[i]);
        return s;
    }

    private int update(String sql, Object... parameters) throws SQLException {
        try (var s = statement(sql, parameters)) {
            return s.executeUpdate();
        }
    }

    /// One value with its key.
    record Stored(long row, String key, Dht.Value value) {}

    Optional<Stored> read(long row) throws SQLException {
        try (var s = statement("select row, key, id, peer, user, data from slot where row = ?", row);
                var rows = s.executeQuery()) {
            return rows.next() ? Optional.of(stored(rows)) : Optional.empty();
        }
    }

    /// The value in this slot, expired or not.
    Optional<Stored> read(String key, Dht.Owner owner, long id) throws SQLException {
        try (var s = statement(
                        "select row, key, id, peer, user, data from slot"
                                + " where key = ? and peer = ? and user = ? and id = ?",
                        key,
                        owner.peer(),
                        owner.user(),
                        id);
                var rows = s.executeQuery()) {
            return rows.next() ? Optional.of(stored(rows)) : Optional.empty();
        }
    }

    private static Stored stored(ResultSet rows) throws SQLException {
        var value = new Dht.Value(rows.getLong(3), owner(rows, 4), rows.getBytes(6));
        return new Stored(rows.getLong(1), rows.getString(2), value);
    }

    /// Size of the value that lies in this slot, expired or not.
    OptionalInt sizeOf(String key, Dht.Owner owner, long id) throws SQLException {
        try (var s = statement(
                        "select size from slot where key = ? and peer = ? and user = ? and id = ?",
                        key,
                        owner.peer(),
                        owner.user(),
                        id);
                var rows = s.executeQuery()) {
            return rows.next() ? OptionalInt.of(rows.getInt(1)) : OptionalInt.empty();
        }
    }

    void write(String key, Dht.Value value, long now, long expires) throws SQLException {
        int _ = update(
                "insert into slot (key, peer, user, id, size, stored, expires, data) values (?, ?, ?, ?, ?, ?, ?, ?)"
                        + " on conflict (key, peer, user, id) do update set size = excluded.size,"
                        + " stored = excluded.stored, expires = excluded.expires, data = excluded.data",
                key,
                value.owner().peer(),
                value.owner().user(),
                value.id(),
                value.data().length,
                now,
                expires,
                value.data());
    }

    void delete(long row) throws SQLException {
        int _ = update("delete from slot where row = ?", row);
    }

    /// Some values whose time is over.
    List<Stored> expired(long now, int most) throws SQLException {
        try (var s = statement(
                        "select row, key, id, peer, user, data from slot where expires <= ? limit ?", now, most);
                var rows = s.executeQuery()) {
            var expired = new ArrayList<Stored>();
            while (rows.next()) expired.add(stored(rows));
            return expired;
        }
    }

    void commit() throws SQLException {
        db.commit();
    }

    void rollback() throws SQLException {
        db.rollback();
    }

    @Override
    public void close() throws SQLException {
        db.close();
    }
}
