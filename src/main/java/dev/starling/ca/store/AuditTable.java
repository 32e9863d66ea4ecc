package dev.starling.ca.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/// What the CA did, and for whom; rows are only ever added. Within one transaction with what it did.
public final class AuditTable {
    /// @param at Unix seconds
    /// @param event a word such as `issued`
    /// @param subject an address, an account or a serial
    public record Entry(long at, String event, String subject, String detail) {}

    private final Handle db;

    AuditTable(Handle db) {
        this.db = db;
    }

    public void add(Entry entry) {
        db.createUpdate("insert into audit (at, event, subject, detail) values (:at, :event, :subject, :detail)")
                .bind("at", entry.at())
                .bind("event", entry.event())
                .bind("subject", entry.subject())
                .bind("detail", entry.detail())
                .execute();
    }

    /// Of one subject, the newest first.
    public List<Entry> of(String subject, int most) {
        return db.createQuery("select at, event, subject, detail from audit where subject = :subject"
                        + " order by at desc, id desc limit :most")
                .bind("subject", subject)
                .bind("most", most)
                .map((row, _) -> new Entry(row.getLong(1), row.getString(2), row.getString(3), row.getString(4)))
                .list();
    }
}
