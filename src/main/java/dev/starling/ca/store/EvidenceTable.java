package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The replies that proved an address, with all that is needed to check them again; within one transaction.
public final class EvidenceTable {
    /// @param mail octet by octet as it was signed
    /// @param domain of the DKIM signature, as `selector`
    /// @param keyRecord the TXT record at `selector._domainkey.domain` at the time; of S/MIME the certificates,
    /// the sender's first and the anchor last, PEM
    /// @param policy what the signature had to cover; `SMIME`: a certificate vouches, and the selector is empty
    /// @param dnssec a resolver that is believed said that DNSSEC vouches for the record; false: not known
    /// @param taken Unix seconds
    public record Evidence(
            byte[] mail, String domain, String selector, String keyRecord, String policy, boolean dnssec, long taken) {}

    private final Handle db;

    EvidenceTable(Handle db) {
        this.db = db;
    }

    public Optional<Evidence> of(String authorization) {
        return db.createQuery(
                        "select mail, domain, selector, key_record, policy, dnssec, taken from evidence where authz = :authz")
                .bind("authz", authorization)
                .map((row, _) -> new Evidence(
                        row.getBytes(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getInt(6) == 1,
                        row.getLong(7)))
                .findOne();
    }

    /// False: there is some already.
    public boolean add(String authorization, Evidence evidence) {
        return db.createUpdate("insert into evidence (authz, mail, domain, selector, key_record, policy, dnssec, taken)"
                                + " values (:authz, :mail, :domain, :selector, :record, :policy, :dnssec, :taken)"
                                + " on conflict do nothing")
                        .bind("authz", authorization)
                        .bind("mail", evidence.mail())
                        .bind("domain", evidence.domain())
                        .bind("selector", evidence.selector())
                        .bind("record", evidence.keyRecord())
                        .bind("policy", evidence.policy())
                        .bind("dnssec", evidence.dnssec() ? 1 : 0)
                        .bind("taken", evidence.taken())
                        .execute()
                == 1;
    }
}
