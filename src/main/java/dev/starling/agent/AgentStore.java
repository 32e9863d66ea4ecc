package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.record.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// What one device keeps over restarts: its keys, what it shares with the other devices of its person, the messages it
/// has seen. Its file is as secret as the device's key.
public final class AgentStore implements AutoCloseable {
    private static final int MAX_SEEN = 20_000, MAX_VERIFIED = 20_000, MAX_OWED = 2_000;

    /// What one receipt names at most.
    private static final int AT_ONCE = 200;

    private final Connection db;

    public AgentStore(Path file) throws IOException {
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                for (String table : new String[] {
                    "kept (name text primary key, value blob not null)",
                    "entry (name text primary key, time integer not null, value blob not null)",
                    "seen (name text primary key, at integer not null)",
                    "verified (name text primary key, at integer not null)",
                    "owed (name text primary key, address text not null, message blob not null, at integer not null)"
                }) s.execute("create table if not exists " + table + " without rowid");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file + " (" + e.getMessage() + ")", e);
        }
    }

    synchronized Optional<byte[]> get(String name) throws IOException {
        try (var s = db.prepareStatement("select value from kept where name = ?")) {
            s.setString(1, name);
            try (var rows = s.executeQuery()) {
                return rows.next() ? Optional.of(rows.getBytes(1)) : Optional.empty();
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    long number(String name, long otherwise) throws IOException {
        return get(name).map(bytes -> ByteBuffer.wrap(bytes).getLong()).orElse(otherwise);
    }

    void put(String name, long number) throws IOException {
        put(name, ByteBuffer.allocate(Long.BYTES).putLong(number).array());
    }

    synchronized void put(String name, byte[] value) throws IOException {
        run("insert into kept values (?, ?) on conflict (name) do update set value = excluded.value", s -> {
            s.setString(1, name);
            s.setBytes(2, value);
        });
    }

    synchronized void remove(String name) throws IOException {
        run("delete from kept where name = ?", s -> s.setString(1, name));
    }

    /// Strictly rising, over a restart too: readers remember it.
    synchronized long nextSequence(Kind kind, long nowMillis) throws IOException {
        long next = Math.max(number("sequence " + kind, 0) + 1, nowMillis);
        put("sequence " + kind, next);
        return next;
    }

    synchronized List<Content.Entry> entries() throws IOException {
        try (var s = db.prepareStatement("select name, time, value from entry");
                var rows = s.executeQuery()) {
            var all = new ArrayList<Content.Entry>();
            while (rows.next()) all.add(new Content.Entry(rows.getString(1), rows.getLong(2), rows.getBytes(3)));
            return all;
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    synchronized void put(Content.Entry entry) throws IOException {
        run(
                "insert into entry values (?, ?, ?) on conflict (name) do update set time = excluded.time,"
                        + " value = excluded.value",
                s -> {
                    s.setString(1, entry.name());
                    s.setLong(2, entry.time());
                    s.setBytes(3, entry.value());
                });
    }

    /// Whether a message of a device (16-byte id) has been taken already.
    synchronized boolean hasSeen(DeviceId from, byte[] message) throws IOException {
        try (var s = db.prepareStatement("select 1 from seen where name = ?")) {
            s.setString(1, name(from, message));
            try (var rows = s.executeQuery()) {
                return rows.next();
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    /// Bounded: the oldest are forgotten.
    synchronized void saw(DeviceId from, byte[] message, long nowMillis) throws IOException {
        run("insert or replace into seen values (?, ?)", s -> {
            s.setString(1, name(from, message));
            s.setLong(2, nowMillis);
        });
        run(
                "delete from seen where at < (select at from seen order by at desc limit 1 offset ?)",
                s -> s.setInt(1, MAX_SEEN));
    }

    /// Whether somebody was ever verified here.
    synchronized boolean hasVerified(Address address) throws IOException {
        try (var s = db.prepareStatement("select 1 from verified where name = ?")) {
            s.setString(1, address.text());
            try (var rows = s.executeQuery()) {
                return rows.next();
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    /// Bounded: those verified longest ago are forgotten.
    synchronized void verified(Address address, long nowMillis) throws IOException {
        run("insert or replace into verified values (?, ?)", s -> {
            s.setString(1, address.text());
            s.setLong(2, nowMillis);
        });
        run(
                "delete from verified where at < (select at from verified order by at desc limit 1 offset ?)",
                s -> s.setInt(1, MAX_VERIFIED));
    }

    /// A receipt for a message that was shown. Bounded: the oldest are forgotten.
    synchronized void owe(Address sender, byte[] message, long nowMillis) throws IOException {
        run("insert or replace into owed values (?, ?, ?, ?)", s -> {
            s.setString(1, name(sender, message));
            s.setString(2, sender.text());
            s.setBytes(3, message);
            s.setLong(4, nowMillis);
        });
        run(
                "delete from owed where at < (select at from owed order by at desc limit 1 offset ?)",
                s -> s.setInt(1, MAX_OWED));
    }

    /// Messages for which that sender has no receipt yet, the oldest first, as many as one receipt names.
    synchronized List<byte[]> owed(Address sender) throws IOException {
        try (var s = db.prepareStatement("select message from owed where address = ? order by at limit ?")) {
            s.setString(1, sender.text());
            s.setInt(2, AT_ONCE);
            try (var rows = s.executeQuery()) {
                var all = new ArrayList<byte[]>();
                while (rows.next()) all.add(rows.getBytes(1));
                return all;
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    /// Whom a receipt is owed to.
    synchronized List<Address> owers() throws IOException {
        try (var s = db.prepareStatement("select distinct address from owed");
                var rows = s.executeQuery()) {
            var all = new ArrayList<Address>();
            while (rows.next()) all.add(new Address(rows.getString(1)));
            return all;
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    synchronized void paid(Address sender, List<byte[]> messages) throws IOException {
        for (byte[] each : messages) run("delete from owed where name = ?", s -> s.setString(1, name(sender, each)));
    }

    private static String name(Address sender, byte[] message) {
        return HexFormat.of().formatHex(message) + " " + sender;
    }

    private static String name(DeviceId from, byte[] message) {
        return from.hex().substring(0, 16) + " " + HexFormat.of().formatHex(message);
    }

    /// Sets the parameters of a statement.
    private interface Parameters {
        void set(PreparedStatement statement) throws SQLException;
    }

    private void run(String sql, Parameters parameters) throws IOException {
        try (var s = db.prepareStatement(sql)) {
            parameters.set(s);
            s.executeUpdate();
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        try {
            db.close();
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }
}
