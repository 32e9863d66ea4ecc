package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What the DNS said of domains: for an authorization before its mail was sent, for an order before its certificate was
/// made; within one transaction.
public final class DomainTable {
    private static final String COLUMNS = "domain, verdict, mail, caa, dnssec, taken";
    private final Handle db;

    DomainTable(Handle db) {
        this.db = db;
    }

    /// The last look for an authorization, or for an order.
    ///
    /// @param subject its id
    public Optional<DomainLook> of(String subject) {
        return one("subject = :id", subject);
    }

    /// The newest one for an authorization, or for one of its orders, not later than `latest` (Unix seconds).
    public Optional<DomainLook> newest(String authorization, long latest) {
        return one(
                "(subject = :id or subject in (select id from cert_order where authz = :id)) and taken <= " + latest
                        + " order by taken desc limit 1",
                authorization);
    }

    private Optional<DomainLook> one(String where, String id) {
        return db.createQuery("select " + COLUMNS + " from domain_look where " + where)
                .bind("id", id)
                .map((row, _) -> new DomainLook(
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getLong(6)))
                .findOne();
    }

    /// In place of the look before.
    public void put(String subject, DomainLook look) {
        db.createUpdate("insert into domain_look (subject, " + COLUMNS
                        + ") values (:subject, :domain, :verdict, :mail, :caa, :dnssec, :taken)"
                        + " on conflict (subject) do update set verdict = excluded.verdict, mail = excluded.mail,"
                        + " caa = excluded.caa, dnssec = excluded.dnssec, taken = excluded.taken")
                .bind("subject", subject)
                .bind("domain", look.domain())
                .bind("verdict", look.verdict())
                .bind("mail", look.mail())
                .bind("caa", look.caa())
                .bind("dnssec", look.dnssec())
                .bind("taken", look.taken())
                .execute();
    }
}
