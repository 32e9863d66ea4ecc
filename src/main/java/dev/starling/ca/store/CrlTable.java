package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The lists of withdrawn certificates that were published, within one transaction.
public final class CrlTable {
    /// @param number CRLNumber (RFC 5280, section 5.2.3)
    /// @param made Unix seconds, as `nextUpdate`
    /// @param der empty while it is being signed
    public record Published(long number, long made, long nextUpdate, byte[] der) {}

    private final Handle db;
    private final Database.Dialect dialect;

    CrlTable(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    /// The newest that was signed.
    ///
    /// @param issuer the key identifier of the CA, hexadecimal
    public Optional<Published> newest(String issuer) {
        return db.createQuery(
                        "select number, made, next_update, der from crl where issuer = :issuer and length(der) > 0"
                                + " order by number desc limit 1")
                .bind("issuer", issuer)
                .map((row, _) -> new Published(row.getLong(1), row.getLong(2), row.getLong(3), row.getBytes(4)))
                .findOne();
    }

    /// Until the transaction ends, no other one comes past this.
    public void alone() {
        if (!dialect.alone().isEmpty())
            db.createQuery(dialect.alone()).mapTo(Integer.class).list();
    }

    /// Whether any issuing key was ever used here.
    public boolean isAny() {
        return db.createQuery("select count(*) from crl").mapTo(Integer.class).one() > 0;
    }

    /// A number that no list had before, and none will have again.
    public long next(String issuer, long now) {
        alone();
        long number = db.createQuery("select coalesce(max(number), 0) from crl where issuer = :issuer")
                        .bind("issuer", issuer)
                        .mapTo(Long.class)
                        .one()
                + 1;
        db.createUpdate(
                        "insert into crl (issuer, number, made, next_update, der) values (:issuer, :number, :now, 0, :none)")
                .bind("issuer", issuer)
                .bind("number", number)
                .bind("now", now)
                .bind("none", new byte[0])
                .execute();
        return number;
    }

    /// It is published; older ones are forgotten.
    public void signed(String issuer, long number, long nextUpdate, byte[] der) {
        db.createUpdate("update crl set next_update = :next, der = :der where issuer = :issuer and number = :number")
                .bind("issuer", issuer)
                .bind("number", number)
                .bind("next", nextUpdate)
                .bind("der", der)
                .execute();
        db.createUpdate("delete from crl where issuer = :issuer and number < :number")
                .bind("issuer", issuer)
                .bind("number", number)
                .execute();
    }
}
