package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// To whom no mail goes: whoever asked for that, by a keyed hash of the address, for good; and mailboxes from which a
/// mail
/// came back, for a while. Within one transaction.
public final class SilenceTable {
    private final Handle db;

    SilenceTable(Handle db) {
        this.db = db;
    }

    public boolean isSilent(String hash) {
        return db.createQuery("select count(*) from silence where address_hash = :hash")
                        .bind("hash", hash)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    public void silence(String hash, long now) {
        db.createUpdate("insert into silence (address_hash, since) values (:hash, :now) on conflict do nothing")
                .bind("hash", hash)
                .bind("now", now)
                .execute();
    }

    public void allow(String hash) {
        db.createUpdate("delete from silence where address_hash = :hash")
                .bind("hash", hash)
                .execute();
    }

    /// @param until Unix seconds
    public void bounced(String address, long until) {
        db.createUpdate("insert into bounced (address, until) values (:address, :until)"
                        + " on conflict (address) do update set until = excluded.until")
                .bind("address", address)
                .bind("until", until)
                .execute();
    }

    /// Until when nothing goes there, if that is still to come.
    public Optional<Long> bounced(String address) {
        return db.createQuery("select until from bounced where address = :address")
                .bind("address", address)
                .mapTo(Long.class)
                .findOne();
    }

    void forget(long now) {
        db.createUpdate("delete from bounced where until < :now")
                .bind("now", now)
                .execute();
    }
}
