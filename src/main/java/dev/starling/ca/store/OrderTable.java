package dev.starling.ca.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The orders, within one transaction.
public final class OrderTable {
    private static final String COLUMNS =
            "id, account, authz, type, value, status, created, expires, csr, serial, replaces, error";
    private final Handle db;
    private final Database.Dialect dialect;

    OrderTable(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    public Optional<Order> byId(String id) {
        return one(id, "");
    }

    /// Nobody else changes it until the transaction ends.
    public Optional<Order> held(String id) {
        return one(id, dialect.forUpdate());
    }

    private Optional<Order> one(String id, String how) {
        return db.createQuery("select " + COLUMNS + " from cert_order where id = :id" + how)
                .bind("id", id)
                .map((row, _) -> order(row))
                .findOne();
    }

    /// A page of an account's orders that are not invalid, the newest first.
    ///
    /// @param skip how many came on the pages before
    public List<Order> of(String account, long now, int skip, int most) {
        return db.createQuery("select " + COLUMNS + " from cert_order where account = :account and status != 'invalid'"
                        + " and (status in ('valid', 'processing') or expires >= :now)"
                        + " order by created desc, id limit :most offset :skip")
                .bind("account", account)
                .bind("now", now)
                .bind("most", most)
                .bind("skip", skip)
                .map((row, _) -> order(row))
                .list();
    }

    /// Those whose certificate is being made, the oldest first.
    public List<Order> unfinished(int most) {
        return db.createQuery("select " + COLUMNS
                        + " from cert_order where status = 'processing' order by created limit :most")
                .bind("most", most)
                .map((row, _) -> order(row))
                .list();
    }

    /// The ids of those, the oldest first.
    public List<String> making(int most) {
        return db.createQuery("select id from cert_order where status = 'processing' order by created limit :most")
                .bind("most", most)
                .mapTo(String.class)
                .list();
    }

    private static Order order(ResultSet row) throws SQLException {
        return new Order(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                Order.Status.valueOf(row.getString(6).toUpperCase(Locale.ROOT)),
                row.getLong(7),
                row.getLong(8),
                row.getBytes(9),
                row.getString(10),
                row.getString(11),
                Fault.of(row.getString(12)));
    }

    public void add(Order o) {
        db.createUpdate("insert into cert_order (" + COLUMNS
                        + ") values (:id, :account, :authz, :type, :value, :status, :created, :expires, :csr,"
                        + " :serial, :replaces, :error)")
                .bind("id", o.id())
                .bind("account", o.account())
                .bind("authz", o.authorization())
                .bind("type", o.type())
                .bind("value", o.value())
                .bind("status", o.status().name().toLowerCase(Locale.ROOT))
                .bind("created", o.created())
                .bind("expires", o.expires())
                .bind("csr", o.csr())
                .bind("serial", o.serial())
                .bind("replaces", o.replaces())
                .bind("error", o.error().text())
                .execute();
    }

    /// What is to be certified once the mailbox is proven, DER.
    public void request(String id, byte[] csr) {
        db.createUpdate("update cert_order set csr = :csr where id = :id")
                .bind("id", id)
                .bind("csr", csr)
                .execute();
    }

    /// The order that an authorization came to, if it has its certificate; the newest of several.
    public Optional<Order> issued(String authorization) {
        return db.createQuery("select " + COLUMNS + " from cert_order where authz = :authz and status = 'valid'"
                        + " order by created desc, id limit 1")
                .bind("authz", authorization)
                .map((row, _) -> order(row))
                .findOne();
    }

    /// Whether an order of that authorization may still come to its certificate.
    public boolean isAwaited(String authorization, long now) {
        return db.createQuery("select count(*) from cert_order where authz = :authz"
                                + " and (status = 'processing' or status = 'ready' and expires >= :now)")
                        .bind("authz", authorization)
                        .bind("now", now)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    /// Its certificate is being made, with that serial; "": it will be, by whoever has the key for it.
    public void processing(String id, byte[] csr, String serial) {
        db.createUpdate("update cert_order set status = 'processing', csr = :csr, serial = :serial where id = :id")
                .bind("id", id)
                .bind("csr", csr)
                .bind("serial", serial)
                .execute();
    }

    /// Its certificate may be fetched; false: it could before.
    public boolean valid(String id) {
        return db.createUpdate(
                                "update cert_order set status = 'valid', error = '' where id = :id and status = 'processing'")
                        .bind("id", id)
                        .execute()
                == 1;
    }

    /// Its certificate will never be made; false: it is not being made.
    public boolean failed(String id, Fault why) {
        return db.createUpdate("update cert_order set status = 'invalid', error = :error"
                                + " where id = :id and status = 'processing'")
                        .bind("id", id)
                        .bind("error", why.text())
                        .execute()
                == 1;
    }

    /// How many of all accounts wait for their proof, or for their certificate request.
    public int open(long now) {
        return db.createQuery(
                        "select count(*) from cert_order where status in ('pending', 'ready') and expires >= :now")
                .bind("now", now)
                .mapTo(Integer.class)
                .one();
    }

    /// The certificates of how many are being made.
    public int making() {
        return db.createQuery("select count(*) from cert_order where status = 'processing'")
                .mapTo(Integer.class)
                .one();
    }

    /// How many of an account may still be proven or finalized, or are being made.
    public int open(String account, long now) {
        return db.createQuery("select count(*) from cert_order where account = :account"
                        + " and (status = 'processing' or status in ('pending', 'ready') and expires >= :now)")
                .bind("account", account)
                .bind("now", now)
                .mapTo(Integer.class)
                .one();
    }

    /// Whether an order that came to something, or may still, replaces that certificate (RFC 9773, section 5).
    ///
    /// @param certificate its name (RFC 9773, section 4.1)
    public boolean isReplaced(String certificate, long now) {
        return db.createQuery("select count(*) from cert_order where replaces = :name and status != 'invalid'"
                                + " and (status in ('valid', 'processing') or expires >= :now)")
                        .bind("name", certificate)
                        .bind("now", now)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }
}
