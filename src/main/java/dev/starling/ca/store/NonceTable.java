package dev.starling.ca.store;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What processes that share a database need so that a nonce counts once (RFC 8555, section 6.5), within one
/// transaction.
public final class NonceTable {
    private static final String FORGOTTEN = "nonces forgotten until";

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

    /// What expired before is used. Never goes back, though the clock may. Unix seconds.
    public long forgotten() {
        return db.createQuery("select value from secret where name = :name")
                .bind("name", FORGOTTEN)
                .map((row, _) -> ByteBuffer.wrap(row.getBytes(1)).getLong())
                .findOne()
                .orElse(0L);
    }

    public void forget(long now) {
        byte[] until = ByteBuffer.allocate(Long.BYTES).putLong(now).array();
        if (now > forgotten())
            db.createUpdate("insert into secret (name, value) values (:name, :value)"
                            + " on conflict (name) do update set value = excluded.value")
                    .bind("name", FORGOTTEN)
                    .bind("value", until)
                    .execute();
        db.createUpdate("delete from used_nonce where expires < :now")
                .bind("now", now)
                .execute();
    }
}
