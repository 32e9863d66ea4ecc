package dev.starling.ca.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Authorizations and their challenges, within one transaction.
public final class AuthorizationTable {
    private static final String COLUMNS = "id, account, type, value, status, created, expires, validated, proof, error";
    private static final String CHALLENGE = "id, authz, type, token, status, tries, validated, error";

    private final Handle db;
    private final Database.Dialect dialect;

    AuthorizationTable(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    public Optional<Authorization> byId(String id) {
        return one("id = :value", id, "");
    }

    /// Nobody else changes it until the transaction ends.
    public Optional<Authorization> held(String id) {
        return one("id = :value", id, dialect.forUpdate());
    }

    /// The one whose id begins so.
    ///
    /// @param start hexadecimal, long enough to be the only one
    public Optional<Authorization> byStart(String start) {
        if (!start.matches("[0-9a-f]{16,32}")) return Optional.empty();
        // Behind all that begins so: the digits end with f.
        return one("id >= :value and id < :value || 'g'", start, "");
    }

    private Optional<Authorization> one(String where, String value, String how) {
        return db.createQuery("select " + COLUMNS + " from authz where " + where + how)
                .bind("value", value)
                .map((row, _) -> authorization(row))
                .findOne();
    }

    /// Of one account for one address, the newest first.
    public List<Authorization> of(String account, String type, String value) {
        return db.createQuery(
                        "select " + COLUMNS
                                + " from authz where account = :account and type = :type and value = :value order by created desc, id")
                .bind("account", account)
                .bind("type", type)
                .bind("value", value)
                .map((row, _) -> authorization(row))
                .list();
    }

    /// Of all accounts for one address, those by which certificates may be issued at `now` (Unix seconds).
    public List<Authorization> good(String type, String value, long now) {
        return db
                .createQuery("select " + COLUMNS
                        + " from authz where type = :type and value = :value and status = 'valid' order by id")
                .bind("type", type)
                .bind("value", value)
                .map((row, _) -> authorization(row))
                .list()
                .stream()
                .filter(each -> each.isGood(now))
                .toList();
    }

    private static Authorization authorization(ResultSet row) throws SQLException {
        return new Authorization(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                Authorization.Status.valueOf(row.getString(5).toUpperCase(Locale.ROOT)),
                row.getLong(6),
                row.getLong(7),
                row.getLong(8),
                row.getString(9),
                Fault.of(row.getString(10)));
    }

    public void add(Authorization a) {
        // The column part1 is of no use any more, but must be there and differ.
        db.createUpdate("insert into authz (" + COLUMNS
                        + ", part1) values (:id, :account, :type, :value, :status, :created, :expires,"
                        + " :validated, :proof, :error, :id)")
                .bind("id", a.id())
                .bind("account", a.account())
                .bind("type", a.type())
                .bind("value", a.value())
                .bind("status", a.status().name().toLowerCase(Locale.ROOT))
                .bind("created", a.created())
                .bind("expires", a.expires())
                .bind("validated", a.validated())
                .bind("proof", a.proof())
                .bind("error", a.error().text())
                .execute();
    }

    public void add(Challenge c) {
        db.createUpdate("insert into challenge (" + CHALLENGE
                        + ") values (:id, :authz, :type, :token, :status, :tries, :validated, :error)")
                .bind("id", c.id())
                .bind("authz", c.authorization())
                .bind("type", c.type())
                .bind("token", c.token())
                .bind("status", c.status().name().toLowerCase(Locale.ROOT))
                .bind("tries", c.tries())
                .bind("validated", c.validated())
                .bind("error", c.error().text())
                .execute();
    }

    public List<Challenge> challenges(String authorization) {
        return db.createQuery("select " + CHALLENGE + " from challenge where authz = :authz order by type")
                .bind("authz", authorization)
                .map((row, _) -> challenge(row))
                .list();
    }

    public Optional<Challenge> challenge(String id) {
        return db.createQuery("select " + CHALLENGE + " from challenge where id = :id")
                .bind("id", id)
                .map((row, _) -> challenge(row))
                .findOne();
    }

    private static Challenge challenge(ResultSet row) throws SQLException {
        return new Challenge(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                Challenge.Status.valueOf(row.getString(5).toUpperCase(Locale.ROOT)),
                row.getInt(6),
                row.getLong(7),
                Fault.of(row.getString(8)));
    }

    public void challenge(String id, Challenge.Status status, int tries, Fault error) {
        db.createUpdate("update challenge set status = :status, tries = :tries, error = :error where id = :id")
                .bind("id", id)
                .bind("status", status.name().toLowerCase(Locale.ROOT))
                .bind("tries", tries)
                .bind("error", error.text())
                .execute();
    }

    /// The mailbox was proven by that challenge; its orders are ready.
    ///
    /// @param expires until when certificates may be issued by it
    public void proven(Challenge by, long now, long expires) {
        db.createUpdate("update challenge set status = 'valid', validated = :now, error = '' where id = :id")
                .bind("id", by.id())
                .bind("now", now)
                .execute();
        db.createUpdate("update authz set status = 'valid', validated = :now, expires = :expires, proof = :proof,"
                        + " error = '' where id = :id")
                .bind("id", by.authorization())
                .bind("now", now)
                .bind("expires", expires)
                .bind("proof", by.type())
                .execute();
        db.createUpdate("update cert_order set status = 'ready' where authz = :id and status = 'pending'")
                .bind("id", by.authorization())
                .execute();
    }

    /// It can no longer be proven, or no longer be used; its open orders end.
    public void end(String id, Authorization.Status status, Fault error) {
        db.createUpdate("update authz set status = :status, error = :error where id = :id")
                .bind("id", id)
                .bind("status", status.name().toLowerCase(Locale.ROOT))
                .bind("error", error.text())
                .execute();
        db.createUpdate(
                        "update challenge set status = 'invalid' where authz = :id and status in ('pending', 'processing')")
                .bind("id", id)
                .execute();
        db.createUpdate("update cert_order set status = 'invalid', error = :error where authz = :id"
                        + " and status in ('pending', 'ready')")
                .bind("id", id)
                .bind("error", error.text())
                .execute();
    }

    /// What is wrong with its mail, or that nothing is any more.
    public void troubled(String id, Fault error) {
        db.createUpdate("update authz set error = :error where id = :id and status = 'pending'")
                .bind("id", id)
                .bind("error", error.text())
                .execute();
    }
}
