package dev.starling.phone;

import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where phones are, on disk, so that they ring right after a restart. What changes within half a second is written
/// together, so no REGISTER waits for the disk; a crash loses that much, and the phones' next REGISTER brings it back.
final class BindingStore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration GATHER = Duration.ofMillis(500);

    private record Key(String account, String contact) {}

    private final Connection db;
    private final TransactionLayer.Timers timers;
    private final Map<Key, Optional<Binding>> changed = new HashMap<>();
    private boolean armed;

    BindingStore(Path file, TransactionLayer.Timers timers) throws IOException {
        this.timers = timers;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute("create table if not exists binding (account text not null, contact text not null,"
                        + " host text not null, port integer not null, local text not null, expires integer not null,"
                        + " instance text not null, call text not null, cseq integer not null, agent text not null,"
                        + " nat integer not null, primary key (account, contact)) without rowid");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file + " (" + e.getMessage() + ")", e);
        }
    }

    /// What is still valid; the rest is removed.
    List<Binding> read(FlowSource flows, Instant now) throws IOException {
        var bindings = new ArrayList<Binding>();
        try (var old = db.prepareStatement("delete from binding where expires <= ?");
                var s = db.prepareStatement("select account, contact, host, port, local, expires, instance, call, cseq,"
                        + " agent, nat from binding order by expires")) {
            old.setLong(1, now.toEpochMilli());
            old.executeUpdate();
            try (var rows = s.executeQuery()) {
                while (rows.next()) binding(rows, flows).ifPresent(bindings::add);
            }
        } catch (SQLException e) {
            throw new IOException("phones cannot be read", e);
        }
        return bindings;
    }

    private static Optional<Binding> binding(ResultSet row, FlowSource flows) throws SQLException {
        InetSocketAddress remote;
        InetAddress local;
        try {
            remote = new InetSocketAddress(InetAddress.ofLiteral(row.getString(3)), row.getInt(4));
            local = InetAddress.ofLiteral(row.getString(5));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        Optional<Flow> flow = flows.flowTo(remote, local);
        if (flow.isEmpty()) return Optional.empty();
        return Optional.of(new Binding(
                row.getString(1),
                row.getString(2),
                flow.get(),
                remote,
                local,
                Instant.ofEpochMilli(row.getLong(6)),
                row.getString(7),
                row.getString(8),
                row.getLong(9),
                row.getString(10),
                row.getBoolean(11),
                row.getLong(6)));
    }

    void put(Binding binding) {
        if (binding.isDurable()) change(new Key(binding.account(), binding.contact()), Optional.of(binding));
    }

    void remove(Binding binding) {
        if (binding.isDurable()) change(new Key(binding.account(), binding.contact()), Optional.empty());
    }

    private synchronized void change(Key key, Optional<Binding> binding) {
        changed.put(key, binding);
        if (armed) return;
        armed = true;
        var _ = timers.after(GATHER, this::write);
    }

    /// What has changed, in one transaction.
    void write() {
        Map<Key, Optional<Binding>> now;
        synchronized (this) {
            armed = false;
            now = new HashMap<>(changed);
            changed.clear();
        }
        if (now.isEmpty()) return;
        synchronized (db) {
            try (var put = db.prepareStatement(
                            "insert or replace into binding values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
                    var remove = db.prepareStatement("delete from binding where account = ? and contact = ?")) {
                if (db.isClosed()) return;
                db.setAutoCommit(false);
                for (var each : now.entrySet()) {
                    if (each.getValue().isPresent()) add(put, each.getValue().get());
                    else {
                        remove.setString(1, each.getKey().account);
                        remove.setString(2, each.getKey().contact);
                        remove.addBatch();
                    }
                }
                put.executeBatch();
                remove.executeBatch();
                db.commit();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.WARNING, "where phones are is not written", e);
            }
        }
    }

    private static void add(PreparedStatement s, Binding b) throws SQLException {
        s.setString(1, b.account());
        s.setString(2, b.contact());
        s.setString(3, b.remote().getAddress().getHostAddress());
        s.setInt(4, b.remote().getPort());
        s.setString(5, b.local().getHostAddress());
        s.setLong(6, b.expires().toEpochMilli());
        s.setString(7, b.instance());
        s.setString(8, b.callId());
        s.setLong(9, b.cseq());
        s.setString(10, b.agent());
        s.setBoolean(11, b.nat());
        s.addBatch();
    }

    @Override
    public void close() {
        write();
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.DEBUG, "closing", e);
            }
        }
    }
}
