package dev.starling.ca.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// What whoever issues checks: that mailboxes were proven, and who asked for which certificate; within one transaction.
public final class ReceiptTable {
    private final Handle db;

    ReceiptTable(Handle db) {
        this.db = db;
    }

    public Optional<Receipt> of(String authorization) {
        return db.createQuery("select authz, address, way, holder, proven, evidence, signature from receipt"
                        + " where authz = :authz")
                .bind("authz", authorization)
                .map((row, _) -> new Receipt(
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getLong(5),
                        row.getString(6),
                        row.getBytes(7)))
                .findOne();
    }

    /// In place of an older one.
    public void put(Receipt receipt) {
        db.createUpdate("insert into receipt (authz, address, way, holder, proven, evidence, signature)"
                        + " values (:authz, :address, :way, :holder, :proven, :evidence, :signature)"
                        + " on conflict (authz) do update set address = excluded.address, way = excluded.way,"
                        + " holder = excluded.holder, proven = excluded.proven, evidence = excluded.evidence,"
                        + " signature = excluded.signature")
                .bind("authz", receipt.authorization())
                .bind("address", receipt.address())
                .bind("way", receipt.way())
                .bind("holder", receipt.holder())
                .bind("proven", receipt.proven())
                .bind("evidence", receipt.evidence())
                .bind("signature", receipt.signature())
                .execute();
    }

    /// The signed request (RFC 8555, section 7.4) that finalized an order, as it came.
    public Optional<byte[]> request(String order) {
        return db.createQuery("select request from finalization where cert_order = :order")
                .bind("order", order)
                .map((row, _) -> row.getBytes(1))
                .findOne();
    }

    public void request(String order, byte[] request) {
        db.createUpdate("insert into finalization (cert_order, request) values (:order, :request)"
                        + " on conflict (cert_order) do update set request = excluded.request")
                .bind("order", order)
                .bind("request", request)
                .execute();
    }
}
