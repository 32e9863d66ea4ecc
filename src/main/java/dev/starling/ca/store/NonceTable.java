package dev.starling.ca.store;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What processes that share a database need so that a nonce counts once (RFC 8555, section 6.5), within one
/// transaction.
public final class NonceTable {
    /// For how long a nonce counts.
    public static final long GOOD_SECONDS = 3600;

    private static final String KEY = "nonces", FORGOTTEN = "nonces forgotten until";
    private static final int SECRET_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Handle db;

    NonceTable(Handle db) {
        this.db = db;
    }

    /// Under which nonces are made: another one after a clock that was ahead.
    public byte[] key() {
        byte[] fresh = new byte[SECRET_BYTES];
        RANDOM.nextBytes(fresh);
        return secret(KEY, fresh);
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

    /// What expired before is used. Goes back only together with a new [#key]. Unix seconds.
    public long forgotten() {
        return db.createQuery("select value from secret where name = :name")
                .bind("name", FORGOTTEN)
                .map((row, _) -> ByteBuffer.wrap(row.getBytes(1)).getLong())
                .findOne()
                .orElse(0L);
    }

    /// Forgets those that expired. After a clock that was ahead all that were given out end, used or not, by another
    /// secret: else they, and each used one since, would have to be kept until the time that the clock showed.
    public void forget(long now) {
        if (ahead() > now + Authorization.CLOCK_SECONDS) {
            byte[] fresh = new byte[SECRET_BYTES];
            RANDOM.nextBytes(fresh);
            put(KEY, fresh);
            put(FORGOTTEN, ByteBuffer.allocate(Long.BYTES).putLong(now).array());
            db.execute("delete from used_nonce");
            return;
        }
        if (now > forgotten())
            put(FORGOTTEN, ByteBuffer.allocate(Long.BYTES).putLong(now).array());
        db.createUpdate("delete from used_nonce where expires < :now")
                .bind("now", now)
                .execute();
    }

    // The latest time that any process showed.
    private long ahead() {
        long latest = db.createQuery("select coalesce(max(expires), 0) from used_nonce")
                .mapTo(Long.class)
                .one();
        return Math.max(forgotten(), latest - GOOD_SECONDS);
    }

    private void put(String name, byte[] value) {
        db.createUpdate("insert into secret (name, value) values (:name, :value)"
                        + " on conflict (name) do update set value = excluded.value")
                .bind("name", name)
                .bind("value", value)
                .execute();
    }
}
