package dev.starling.ca.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/// The requests by which accounts changed their keys (RFC 8555, section 7.3.5), within one transaction. Of an account
/// that changes it without end the first ones are forgotten: proofs by those keys are asked for anew.
public final class KeyChangeTable {
    private static final int MOST = 20;
    private final Handle db;

    KeyChangeTable(Handle db) {
        this.db = db;
    }

    /// As they came, the oldest first.
    public List<byte[]> of(String account) {
        return db.createQuery("select request from key_change where account = :account order by n limit " + MOST)
                .bind("account", account)
                .map((row, _) -> row.getBytes(1))
                .list();
    }

    public void add(String account, byte[] request) {
        long last = db.createQuery("select coalesce(max(n), 0) from key_change where account = :account")
                .bind("account", account)
                .mapTo(Long.class)
                .one();
        db.createUpdate("insert into key_change (account, n, request) values (:account, :n, :request)")
                .bind("account", account)
                .bind("n", last + 1)
                .bind("request", request)
                .execute();
        db.createUpdate("delete from key_change where account = :account and n <= :old")
                .bind("account", account)
                .bind("old", last + 1 - MOST)
                .execute();
    }
}
