package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What processes that share a database need so that a nonce counts once (RFC 8555, section 6.5), within one
/// transaction.
public final class NonceTable {
    private final Handle db;

    NonceTable(Handle db) {
        this.db = db;
    }

    /// A secret that all of them know: the first one to ask makes it.
    ///
    /// @param fresh what it is if there is none yet
    public byte[] secret(String name, byte[] fresh) {
        db.createUpdate("insert into secret (name, value) values (:name, :value) on conflict do nothing")
                .bind("name", name)
                .bind("value", fresh)
                .execute();
        Optional<byte[]> kept = db.createQuery("select value from secret where name = :name")
                .bind("name", name)
                .map((row, _) -> row.getBytes(1))
                .findOne();
        return kept.orElseThrow();
    }

    /// One that is there.
    public Optional<byte[]> secret(String name) {
        return db.createQuery("select value from secret where name = :name")
                .bind("name", name)
                .map((row, _) -> row.getBytes(1))
                .findOne();
    }

    public void forget(String name) {
        db.createUpdate("delete from secret where name = :name")
                .bind("name", name)
                .execute();
    }

    /// Whether it was never used; from now on it was, until `expires` (Unix seconds).
    public boolean use(String nonce, long expires) {
        return db.createUpdate(
                                "insert into used_nonce (nonce, expires) values (:nonce, :expires) on conflict do nothing")
                        .bind("nonce", nonce)
                        .bind("expires", expires)
                        .execute()
                == 1;
    }

    public void forget(long now) {
        db.createUpdate("delete from used_nonce where expires < :now")
                .bind("now", now)
                .execute();
    }
}
