package dev.starling.cli;

import dev.starling.identity.Address;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;

/// The addresses that this peer serves, and when the records of each are due to be sealed anew. Durable; bounded:
/// beyond that a new one is not looked after.
final class Served implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.peer");

    /// @param misses how often in a row nothing was found of it
    record Due(Address address, Instant at, int misses) {}

    private final Connection db;
    private final int most;

    Served(Path file, int most) throws IOException {
        this.most = most;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute("create table if not exists served"
                        + " (address text primary key, due integer not null, misses integer not null) without rowid");
                s.execute("create index if not exists served_due on served (due)");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file + " (" + e.getMessage() + ")", e);
        }
    }

    /// Looked after from now on; one that is already keeps its time. False: there is no room.
    synchronized boolean add(Address address, Instant due) {
        try (var count = db.prepareStatement("select count(*) from served");
                var rows = count.executeQuery();
                var s = db.prepareStatement(
                        "insert into served values (?, ?, 0)" + " on conflict (address) do update set misses = 0")) {
            if (rows.next() && rows.getInt(1) >= most) return false;
            s.setString(1, address.text());
            s.setLong(2, due.toEpochMilli());
            return s.executeUpdate() > 0;
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "an address is not looked after", e);
            return false;
        }
    }

    /// Whoever is due first.
    synchronized Optional<Due> first() {
        try (var s = db.prepareStatement("select address, due, misses from served order by due limit 1");
                var rows = s.executeQuery()) {
            return rows.next()
                    ? Optional.of(new Due(
                            new Address(rows.getString(1)), Instant.ofEpochMilli(rows.getLong(2)), rows.getInt(3)))
                    : Optional.empty();
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "who is looked after cannot be read", e);
            return Optional.empty();
        }
    }

    synchronized void next(Address address, Instant due, int misses) {
        try (var s = db.prepareStatement("update served set due = ?, misses = ? where address = ?")) {
            s.setLong(1, due.toEpochMilli());
            s.setInt(2, misses);
            s.setString(3, address.text());
            s.executeUpdate();
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "not written when an address is due", e);
        }
    }

    synchronized void remove(Address address) {
        try (var s = db.prepareStatement("delete from served where address = ?")) {
            s.setString(1, address.text());
            s.executeUpdate();
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.WARNING, "an address is looked after for longer", e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            db.close();
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing", e);
        }
    }
}
