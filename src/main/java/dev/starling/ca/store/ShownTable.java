package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What everybody may know of the processes that hold keys, for those that hold none: certificates, public keys; within
/// one transaction. Whoever can write into the store can change it, so it is worth as much as whoever reads it out.
public final class ShownTable {
    /// Of what there is one for each CA. The certificates are DER, the rest is text.
    public enum Shown {
        ROOT,
        ISSUING,
        ISSUING_PREVIOUS,
        LOG_KEY,
        PROOF_KEY,
        /// A hash of the secret for accounts' keys.
        EAB_KEY,
        SENDER,
        WAYS
    }

    private final Handle db;

    ShownTable(Handle db) {
        this.db = db;
    }

    public Optional<byte[]> find(Shown what) {
        return db.createQuery("select value from shown where name = :name")
                .bind("name", what.name())
                .map((row, _) -> row.getBytes(1))
                .findOne();
    }

    public void put(Shown what, byte[] value) {
        db.createUpdate("insert into shown (name, value) values (:name, :value)"
                        + " on conflict (name) do update set value = excluded.value")
                .bind("name", what.name())
                .bind("value", value)
                .execute();
    }
}
