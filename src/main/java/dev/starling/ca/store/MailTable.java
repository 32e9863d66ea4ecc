package dev.starling.ca.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Which mails were asked for, for the limits, and which still wait to be handed over; within one transaction.
public final class MailTable {
    /// Whose mails are counted.
    public enum By {
        ADDRESS("address = :value"),
        DOMAIN("domain = :value"),
        ACCOUNT("account = :value"),
        NETWORK("network = :value"),
        ALL(":value is not null");

        private final String where;

        By(String where) {
            this.where = where;
        }
    }

    /// @param oldest when the first of them was asked for, Unix seconds; 0 when there is none
    public record Count(int mails, long oldest) {}

    /// What a mail carries. An authorization waits for one at a time: its certificate comes after its code.
    public enum Kind {
        CODE,
        CERTIFICATE
    }

    /// @param language an Accept-Language header
    /// @param attempts how often it was tried
    public record Waiting(String authorization, String language, int attempts, Kind kind) {}

    private final Handle db;
    private final Database.Dialect dialect;

    MailTable(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    /// From now until the transaction ends nobody else counts or adds: so that of many at once no more than the limit
    /// get through.
    public void alone() {
        if (!dialect.alone().isEmpty())
            db.createQuery(dialect.alone()).mapTo(Integer.class).list();
    }

    /// Due at once, and counted.
    public void add(Authorization authorization, String network, String language) {
        String address = authorization.value();
        db.createUpdate("insert into mail_sent (address, domain, account, network, sent)"
                        + " values (:address, :domain, :account, :network, :sent)")
                .bind("address", address)
                .bind("domain", address.substring(address.indexOf('@') + 1))
                .bind("account", authorization.account())
                .bind("network", network)
                .bind("sent", authorization.created())
                .execute();
        wait(authorization.id(), language, Kind.CODE, authorization.created());
    }

    /// The certificate that an authorization came to, due at once. Not counted: the code was.
    public void certificate(String authorization, String language, long now) {
        done(authorization);
        wait(authorization, language, Kind.CERTIFICATE, now);
    }

    private void wait(String authorization, String language, Kind kind, long due) {
        db.createUpdate("insert into mail_waiting (authz, language, attempts, due, kind)"
                        + " values (:authz, :language, 0, :due, :kind)")
                .bind("authz", authorization)
                .bind("language", language)
                .bind("due", due)
                .bind("kind", kind.name().toLowerCase(Locale.ROOT))
                .execute();
    }

    /// Mails asked for after `since`.
    public Count count(By by, String value, long since) {
        return db.createQuery("select count(*), coalesce(min(sent), 0) from mail_sent where " + by.where
                        + " and sent > :since")
                .bind("value", value)
                .bind("since", since)
                .map((row, _) -> new Count(row.getInt(1), row.getLong(2)))
                .one();
    }

    public List<Waiting> due(long now, int most) {
        return db.createQuery(
                        "select authz, language, attempts, kind from mail_waiting where due <= :now order by due limit :most")
                .bind("now", now)
                .bind("most", most)
                .map((row, _) -> waiting(row))
                .list();
    }

    /// That of one authorization.
    public Optional<Waiting> waiting(String authorization) {
        return db.createQuery("select authz, language, attempts, kind from mail_waiting where authz = :authz")
                .bind("authz", authorization)
                .map((row, _) -> waiting(row))
                .findOne();
    }

    private static Waiting waiting(ResultSet row) throws SQLException {
        return new Waiting(
                row.getString(1),
                row.getString(2),
                row.getInt(3),
                Kind.valueOf(row.getString(4).toUpperCase(Locale.ROOT)));
    }

    /// Before an attempt: whoever gets true makes it, and should the process die in it, the next one is at `next`.
    public boolean claim(Waiting mail, long next) {
        return db.createUpdate("update mail_waiting set attempts = attempts + 1, due = :next where authz = :authz"
                                + " and attempts = :attempts and kind = :kind")
                        .bind("next", next)
                        .bind("authz", mail.authorization())
                        .bind("attempts", mail.attempts())
                        .bind("kind", mail.kind().name().toLowerCase(Locale.ROOT))
                        .execute()
                == 1;
    }

    /// Looks at it again at `next`, without an attempt: what it will carry is not there yet.
    public void later(Waiting mail, long next) {
        db.createUpdate("update mail_waiting set due = :next where authz = :authz and kind = :kind")
                .bind("next", next)
                .bind("authz", mail.authorization())
                .bind("kind", mail.kind().name().toLowerCase(Locale.ROOT))
                .execute();
    }

    /// After a start: what waits is tried at once, because nobody knows what the last attempt came to.
    public void wake(long now) {
        db.createUpdate("update mail_waiting set due = :now where due > :now")
                .bind("now", now)
                .execute();
    }

    /// That one was handed over, or given up; what waits in its place since goes out.
    public void done(String authorization, Kind kind) {
        db.createUpdate("delete from mail_waiting where authz = :authz and kind = :kind")
                .bind("authz", authorization)
                .bind("kind", kind.name().toLowerCase(Locale.ROOT))
                .execute();
    }

    /// None is wanted any more.
    public void done(String authorization) {
        db.createUpdate("delete from mail_waiting where authz = :authz")
                .bind("authz", authorization)
                .execute();
    }

    /// How many were tried that often, or oftener, and are not handed over.
    public int troubled(int attempts) {
        return db.createQuery("select count(*) from mail_waiting where attempts >= :attempts")
                .bind("attempts", attempts)
                .mapTo(Integer.class)
                .one();
    }

    public int waiting() {
        return db.createQuery("select count(*) from mail_waiting")
                .mapTo(Integer.class)
                .one();
    }
}
