package dev.starling.locate;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.SequenceMemory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a reader remembers between look-ups and over restarts: the highest sequence of each record, and of each
/// address the list of devices that it believed and which of them were taken out. Bounded: what was not seen for
/// longest is forgotten.
///
/// An older copy of this file, from a backup, only forgets: a record that was withdrawn since may be believed once
/// more, until its successor is seen or it expires; nothing that is newer is refused. A publisher's own sequence is
/// max(last + 1, Unix ms), so it rises over a restored backup too.
public final class Memory implements SequenceMemory, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.locate");
    private static final int BATCH = 1_000;

    private final Connection db;
    private final int mostSequences, mostLists;
    private final String network;
    private long turn, sinceForgetting;

    /// @param mostSequences and `mostLists`: what is kept at most, give or take a thousand
    public Memory(Path file, String network, int mostSequences, int mostLists) throws IOException {
        this.network = network;
        this.mostSequences = mostSequences;
        this.mostLists = mostLists;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                for (String table : new String[] {
                    "sequence (name text primary key, last integer not null, seen integer not null)",
                    "believed (name text primary key, chain blob not null, revoked blob not null, seen integer not null)"
                }) s.execute("create table if not exists " + table + " without rowid");
                // What earlier versions remembered of lists.
                s.execute("drop table if exists list");
                for (String table : new String[] {"sequence", "believed"})
                    s.execute("create index if not exists " + table + "_seen on " + table + " (seen)");
                try (var rows = s.executeQuery("select max(coalesce((select max(seen) from sequence), 0),"
                        + " coalesce((select max(seen) from believed), 0))")) {
                    turn = rows.next() ? rows.getLong(1) : 0;
                }
            }
        } catch (SQLException e) {
            throw new IOException(
                    "what was remembered of people in " + file + " cannot be read (" + e.getMessage()
                            + "). If the file is damaged, move it away: it is learnt again.",
                    e);
        }
    }

    private String name(Address address, Kind kind, DeviceId device) {
        return network + " " + kind + " " + device.hex() + " " + address;
    }

    private String name(Address address) {
        return network + " " + address;
    }

    @Override
    public synchronized OptionalLong last(Address address, Kind kind, DeviceId device) {
        try (var s = db.prepareStatement("select last from sequence where name = ?")) {
            s.setString(1, name(address, kind, device));
            try (var rows = s.executeQuery()) {
                return rows.next() ? OptionalLong.of(rows.getLong(1)) : OptionalLong.empty();
            }
        } catch (SQLException e) {
            return failed(e, OptionalLong.empty());
        }
    }

    @Override
    public synchronized void saw(Address address, Kind kind, DeviceId device, long sequence) {
        var last = last(address, kind, device);
        if (last.isPresent() && last.getAsLong() >= sequence) return;
        try (var s = db.prepareStatement("insert or replace into sequence values (?, ?, ?)")) {
            s.setString(1, name(address, kind, device));
            s.setLong(2, sequence);
            s.setLong(3, ++turn);
            s.executeUpdate();
            forget();
        } catch (SQLException e) {
            var _ = failed(e, false);
        }
    }

    /// The list of devices believed last.
    synchronized Optional<DeviceChain> list(Address address) {
        try (var s = db.prepareStatement("select chain from believed where name = ?")) {
            s.setString(1, name(address));
            try (var rows = s.executeQuery()) {
                return rows.next()
                        ? Optional.of(DeviceChain.decode(rows.getBytes(1), address, network))
                        : Optional.empty();
            }
        } catch (SQLException | IdentityException e) {
            return failed(e, Optional.empty());
        }
    }

    /// Whether there is such a list. A disk that fails counts as yes: nobody loses what verifying him was worth.
    synchronized boolean knows(Address address) {
        try (var s = db.prepareStatement("select 1 from believed where name = ?")) {
            s.setString(1, name(address));
            try (var rows = s.executeQuery()) {
                return rows.next();
            }
        } catch (SQLException e) {
            return failed(e, true);
        }
    }

    /// Devices of that list that somebody entitled took out, and who did.
    synchronized Map<DeviceId, Set<DeviceId>> revoked(Address address) {
        try (var s = db.prepareStatement("select revoked from believed where name = ?")) {
            s.setString(1, name(address));
            try (var rows = s.executeQuery()) {
                var revoked = new TreeMap<DeviceId, Set<DeviceId>>();
                byte[] pairs = rows.next() ? rows.getBytes(1) : new byte[0];
                for (int at = 0; at + 2 * DeviceId.BYTES <= pairs.length; at += 2 * DeviceId.BYTES)
                    revoked.computeIfAbsent(id(pairs, at), _ -> new TreeSet<>()).add(id(pairs, at + DeviceId.BYTES));
                return revoked;
            }
        } catch (SQLException e) {
            return failed(e, Map.of());
        }
    }

    private static DeviceId id(byte[] from, int at) {
        return DeviceId.of(Arrays.copyOfRange(from, at, at + DeviceId.BYTES));
    }

    /// What a look-up believes. Another one of the same address may have ended since this one began: what it learnt
    /// is kept.
    ///
    /// @param before what [#revoked] was when the look-up began
    synchronized void believed(
            Address address,
            DeviceChain list,
            Map<DeviceId, Set<DeviceId>> revoked,
            Map<DeviceId, Set<DeviceId>> before) {
        var head = list.head().hash();
        var known = list(address);
        if (known.isPresent()
                && !known.get().head().hash().equals(head)
                && known.get().contains(head)) return;
        var out = new TreeMap<>(revoked);
        revoked(address).forEach((device, by) -> {
            if (!before.containsKey(device) && list.lists(device)) out.putIfAbsent(device, by);
        });
        try (var s = db.prepareStatement("insert or replace into believed values (?, ?, ?, ?)")) {
            s.setString(1, name(address));
            s.setBytes(2, list.encode());
            var pairs = new ByteArrayOutputStream();
            out.forEach((device, by) -> by.forEach(each -> {
                pairs.writeBytes(device.bytes());
                pairs.writeBytes(each.bytes());
            }));
            s.setBytes(3, pairs.toByteArray());
            s.setLong(4, ++turn);
            s.executeUpdate();
            forget();
        } catch (SQLException e) {
            var _ = failed(e, false);
        }
    }

    /// The user agreed to another list: what was remembered counts no more.
    public synchronized void forget(Address address) {
        try (var s = db.prepareStatement("delete from believed where name = ?")) {
            s.setString(1, name(address));
            s.executeUpdate();
        } catch (SQLException e) {
            var _ = failed(e, false);
        }
    }

    private void forget() throws SQLException {
        if (++sinceForgetting < BATCH) return;
        sinceForgetting = 0;
        forget("sequence", mostSequences);
        forget("believed", mostLists);
    }

    private void forget(String table, int most) throws SQLException {
        try (var s = db.prepareStatement("delete from " + table + " where seen <= coalesce((select seen from " + table
                + " order by seen desc limit 1 offset ?), -1)")) {
            s.setInt(1, most);
            s.executeUpdate();
        }
    }

    // A disk that fails makes us forget, not stop.
    private static <T> T failed(Exception e, T instead) {
        LOG.log(System.Logger.Level.WARNING, "what was remembered cannot be used", e);
        return instead;
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
