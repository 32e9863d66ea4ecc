package dev.starling.ca.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The certificates, within one transaction. None is ever forgotten.
public final class CertificateTable {
    private static final String COLUMNS = "serial, cert_order, account, type, value, device, issuer, to_be_signed,"
            + " chain, not_before, not_after, revoked, reason, log_index";

    /// What a list of withdrawn certificates says of one.
    ///
    /// @param serial hexadecimal
    /// @param revoked Unix seconds
    /// @param reason CRLReason (RFC 5280, section 5.3.1)
    public record Revoked(String serial, long revoked, int reason) {}

    private final Handle db;

    CertificateTable(Handle db) {
        this.db = db;
    }

    public Optional<Certificate> bySerial(String serial) {
        return where("serial = :value", serial, 1).stream().findFirst();
    }

    /// Whether a device was ever certified for something else.
    public boolean isOfAnother(String device, String value) {
        return db.createQuery("select count(*) from certificate where device = :device and value != :value")
                        .bind("device", device)
                        .bind("value", value)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    /// Whether a device was ever certified.
    public boolean isKnown(String device) {
        return db.createQuery("select count(*) from certificate where device = :device")
                        .bind("device", device)
                        .mapTo(int.class)
                        .one()
                > 0;
    }

    /// Whether one of a device's certificates was ever withdrawn for that reason (RFC 5280, section 5.3.1).
    public boolean isRevoked(String device, int reason) {
        return db.createQuery("select count(*) from certificate where device = :device and revoked > 0"
                                + " and reason = :reason")
                        .bind("device", device)
                        .bind("reason", reason)
                        .mapTo(Integer.class)
                        .one()
                > 0;
    }

    /// For an address, the newest first.
    public List<Certificate> of(String value, int most) {
        return where("value = :value", value, most);
    }

    /// Those for an address that are in the log, not withdrawn and not over at `now` (Unix seconds), the newest first.
    public List<Certificate> good(String value, long now, int most) {
        return db.createQuery("select " + COLUMNS + " from certificate where value = :value and log_index >= 0"
                        + " and revoked = 0 and not_after > :now order by not_before desc, serial limit :most")
                .bind("value", value)
                .bind("now", now)
                .bind("most", most)
                .map((row, _) -> certificate(row))
                .list();
    }

    private List<Certificate> where(String where, String value, int most) {
        return db.createQuery("select " + COLUMNS + " from certificate where " + where
                        + " order by not_before desc, serial limit :most")
                .bind("value", value)
                .bind("most", most)
                .map((row, _) -> certificate(row))
                .list();
    }

    private static Certificate certificate(ResultSet row) throws SQLException {
        return new Certificate(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getBytes(8),
                row.getString(9),
                row.getLong(10),
                row.getLong(11),
                row.getLong(12),
                row.getInt(13),
                row.getLong(14));
    }

    /// Before it is signed.
    public void add(Certificate c) {
        db.createUpdate("insert into certificate (" + COLUMNS
                        + ") values (:serial, :order, :account, :type, :value, :device, :issuer, :tbs, :chain, :before, :after,"
                        + " :revoked, :reason, :index)")
                .bind("serial", c.serial())
                .bind("order", c.order())
                .bind("account", c.account())
                .bind("type", c.type())
                .bind("value", c.value())
                .bind("device", c.device())
                .bind("issuer", c.issuer())
                .bind("tbs", c.toBeSigned())
                .bind("chain", c.chain())
                .bind("before", c.notBefore())
                .bind("after", c.notAfter())
                .bind("revoked", c.revoked())
                .bind("reason", c.reason())
                .bind("index", c.logIndex())
                .execute();
    }

    /// What will be signed in place of what was promised before.
    public void promised(String serial, byte[] toBeSigned) {
        db.createUpdate("update certificate set to_be_signed = :tbs where serial = :serial and chain = ''")
                .bind("serial", serial)
                .bind("tbs", toBeSigned)
                .execute();
    }

    /// What was signed, and over what; the first signature stays.
    public void signed(String serial, byte[] toBeSigned, String chain) {
        db.createUpdate(
                        "update certificate set chain = :chain, to_be_signed = :tbs where serial = :serial and chain = ''")
                .bind("serial", serial)
                .bind("tbs", toBeSigned)
                .bind("chain", chain)
                .execute();
    }

    public void logged(String serial, long index) {
        db.createUpdate("update certificate set log_index = :index where serial = :serial and log_index = -1")
                .bind("serial", serial)
                .bind("index", index)
                .execute();
    }

    /// What was signed, and where it stands in the log, whatever was there; false: nobody knows it.
    public boolean issued(String serial, byte[] toBeSigned, String chain, long index) {
        return db.createUpdate("update certificate set to_be_signed = :tbs, chain = :chain, log_index = :index"
                                + " where serial = :serial")
                        .bind("serial", serial)
                        .bind("tbs", toBeSigned)
                        .bind("chain", chain)
                        .bind("index", index)
                        .execute()
                == 1;
    }

    /// False: it was withdrawn before.
    public boolean revoke(String serial, long now, int reason) {
        return db.createUpdate(
                                "update certificate set revoked = :now, reason = :reason where serial = :serial and revoked = 0")
                        .bind("serial", serial)
                        .bind("now", now)
                        .bind("reason", reason)
                        .execute()
                == 1;
    }

    /// What was withdrawn for another reason is so for this one, since the same time; false: it is not withdrawn, or
    /// for
    /// this one already.
    public boolean restate(String serial, int reason) {
        return db.createUpdate("update certificate set reason = :reason"
                                + " where serial = :serial and revoked > 0 and reason != :reason")
                        .bind("serial", serial)
                        .bind("reason", reason)
                        .execute()
                == 1;
    }

    /// All of an issuer that are withdrawn and would not be over without that.
    public List<Revoked> revoked(String issuer, long now) {
        return db.createQuery("select serial, revoked, reason from certificate where issuer = :issuer and revoked > 0"
                        + " and not_after >= :now order by serial")
                .bind("issuer", issuer)
                .bind("now", now)
                .map((row, _) -> new Revoked(row.getString(1), row.getLong(2), row.getInt(3)))
                .list();
    }

    /// How many those are.
    public int countRevoked(String issuer, long now) {
        return db.createQuery("select count(*) from certificate where issuer = :issuer and revoked > 0"
                        + " and not_after >= :now")
                .bind("issuer", issuer)
                .bind("now", now)
                .mapTo(Integer.class)
                .one();
    }

    /// How many for an address are good from after `since` (Unix seconds) on.
    public int since(String value, long since) {
        return since(value, since, "");
    }

    /// The same without one.
    ///
    /// @param serial hexadecimal; "" for none
    public int since(String value, long since, String serial) {
        return db.createQuery("select count(*) from certificate where value = :value and not_before > :since"
                        + " and serial != :serial")
                .bind("value", value)
                .bind("since", since)
                .bind("serial", serial)
                .mapTo(Integer.class)
                .one();
    }

    /// How many were signed, or about to be.
    public int count() {
        return db.createQuery("select count(*) from certificate")
                .mapTo(Integer.class)
                .one();
    }
}
