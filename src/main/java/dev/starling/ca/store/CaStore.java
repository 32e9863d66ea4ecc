package dev.starling.ca.store;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/// Accounts, orders, mails sent and certificates, in SQLite: what was answered survives `kill -9`.
public final class CaStore implements AutoCloseable {
    /// One order with its one authorization. `status` is pending, ready, valid or invalid; `chain` is PEM, "" before
    /// it is issued. Times in Unix seconds.
    public record Order(
            String id,
            String account,
            String address,
            String status,
            String part1,
            String part2,
            int tries,
            long expires,
            String chain) {}

    private final Connection db;

    public CaStore(Path file) throws IOException {
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=full");
                s.execute(
                        "create table if not exists account (id text primary key, thumbprint text unique, jwk text) without rowid");
                s.execute(
                        "create table if not exists acme_order (id text primary key, account text, address text, status text, part1 text,"
                                + " part2 text, tries integer, expires integer, chain text) without rowid");
                s.execute("create index if not exists order_address on acme_order (address, status)");
                s.execute("create table if not exists mail (address text, domain text, network text, sent integer)");
                s.execute("create index if not exists mail_sent on mail (sent)");
                s.execute(
                        "create table if not exists certificate (serial text primary key, order_id text, address text, to_be_signed blob,"
                                + " der blob, not_after integer) without rowid");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file, e);
        }
    }

    private interface Fill {
        void fill(PreparedStatement s) throws SQLException;
    }

    private interface Read<T> {
        T read(ResultSet rows) throws SQLException;
    }

    private int update(String sql, Fill fill) throws IOException {
        synchronized (db) {
            try (var s = db.prepareStatement(sql)) {
                fill.fill(s);
                return s.executeUpdate();
            } catch (SQLException e) {
                throw new IOException("the CA's store failed", e);
            }
        }
    }

    private <T> Optional<T> query(String sql, Fill fill, Read<T> read) throws IOException {
        synchronized (db) {
            try (var s = db.prepareStatement(sql)) {
                fill.fill(s);
                try (var rows = s.executeQuery()) {
                    return rows.next() ? Optional.of(read.read(rows)) : Optional.empty();
                }
            } catch (SQLException e) {
                throw new IOException("the CA's store failed", e);
            }
        }
    }

    private static Fill texts(String... texts) {
        return s -> {
            for (int i = 0; i < texts.length; i++) s.setString(i + 1, texts[i]);
        };
    }

    public Optional<String> accountByThumbprint(String thumbprint) throws IOException {
        return query("select id from account where thumbprint = ?", texts(thumbprint), r -> r.getString(1));
    }

    /// The account's public key as JSON.
    public Optional<String> accountKey(String id) throws IOException {
        return query("select jwk from account where id = ?", texts(id), r -> r.getString(1));
    }

    public void addAccount(String id, String thumbprint, String jwk) throws IOException {
        update("insert or ignore into account values (?, ?, ?)", texts(id, thumbprint, jwk));
    }

    public Optional<Order> order(String id) throws IOException {
        return query(
                "select * from acme_order where id = ?",
                texts(id),
                r -> new Order(
                        r.getString(1),
                        r.getString(2),
                        r.getString(3),
                        r.getString(4),
                        r.getString(5),
                        r.getString(6),
                        r.getInt(7),
                        r.getLong(8),
                        r.getString(9)));
    }

    public void save(Order order) throws IOException {
        update("insert or replace into acme_order values (?, ?, ?, ?, ?, ?, ?, ?, ?)", s -> {
            s.setString(1, order.id());
            s.setString(2, order.account());
            s.setString(3, order.address());
            s.setString(4, order.status());
            s.setString(5, order.part1());
            s.setString(6, order.part2());
            s.setInt(7, order.tries());
            s.setLong(8, order.expires());
            s.setString(9, order.chain());
        });
    }

    /// Open orders of this account for this address end: the newest mail is the one that counts.
    public void supersede(String account, String address) throws IOException {
        update(
                "update acme_order set status = 'invalid' where account = ? and address = ? and status = 'pending'",
                texts(account, address));
    }

    public void mailed(String address, String domain, String network, long now) throws IOException {
        update("insert into mail values (?, ?, ?, ?)", s -> {
            s.setString(1, address);
            s.setString(2, domain);
            s.setString(3, network);
            s.setLong(4, now);
        });
    }

    /// How many mails since `since`; `column` is one of address, domain, network, or 1 for all.
    public int mails(String column, String value, long since) throws IOException {
        String where = column.equals("1") ? "? is not null" : column + " = ?";
        return query(
                        "select count(*) from mail where " + where + " and sent > ?",
                        s -> {
                            s.setString(1, value);
                            s.setLong(2, since);
                        },
                        r -> r.getInt(1))
                .orElse(0);
    }

    /// What will be signed is stored before it is signed.
    public void aboutToSign(String serial, String order, String address, byte[] toBeSigned, long notAfter)
            throws IOException {
        update("insert into certificate values (?, ?, ?, ?, null, ?)", s -> {
            s.setString(1, serial);
            s.setString(2, order);
            s.setString(3, address);
            s.setBytes(4, toBeSigned);
            s.setLong(5, notAfter);
        });
    }

    public void signed(String serial, byte[] der) throws IOException {
        update("update certificate set der = ? where serial = ?", s -> {
            s.setBytes(1, der);
            s.setString(2, serial);
        });
    }

    public int certificates() throws IOException {
        return query("select count(*) from certificate where der is not null", _ -> {}, r -> r.getInt(1))
                .orElse(0);
    }

    /// Forgets orders and mail counts that are over.
    public void sweep(long now) throws IOException {
        update("delete from acme_order where expires < ? and status != 'valid'", s -> s.setLong(1, now - 86_400));
        update("delete from mail where sent < ?", s -> s.setLong(1, now - 2 * 86_400));
    }

    @Override
    public void close() throws IOException {
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }
    }
}
