package dev.starling.ca.store;

import org.jdbi.v3.core.Handle;

/// What can be read and changed within one transaction.
public final class Session {
    private static final long DAY = 86_400, ACCOUNT_KEPT = 30 * DAY, MAILS_COUNTED = 2 * DAY;
    private static final long PROOF_KEPT = 92 * DAY, CERTIFICATE_KEPT = 31 * DAY;

    private final Handle db;
    private final Database.Dialect dialect;

    Session(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    public AccountTable accounts() {
        return new AccountTable(db);
    }

    public AuthorizationTable authorizations() {
        return new AuthorizationTable(db, dialect);
    }

    public OrderTable orders() {
        return new OrderTable(db, dialect);
    }

    public CertificateTable certificates() {
        return new CertificateTable(db);
    }

    public MailTable mails() {
        return new MailTable(db, dialect);
    }

    public CrlTable crls() {
        return new CrlTable(db, dialect);
    }

    public AuditTable audit() {
        return new AuditTable(db);
    }

    public LogTable log() {
        return new LogTable(db);
    }

    public EvidenceTable evidence() {
        return new EvidenceTable(db);
    }

    public ExternalTable externals() {
        return new ExternalTable(db, dialect);
    }

    public DomainTable domains() {
        return new DomainTable(db);
    }

    public SilenceTable silence() {
        return new SilenceTable(db);
    }

    public ReceiptTable receipts() {
        return new ReceiptTable(db);
    }

    public KeyChangeTable keyChanges() {
        return new KeyChangeTable(db);
    }

    public AnswerTable answers() {
        return new AnswerTable(db);
    }

    public ShownTable shown() {
        return new ShownTable(db);
    }

    /// Wakes who listens in other processes, once the transaction is through.
    ///
    /// @param id of what it is about; "" for none
    public void ring(Bells.Bell bell, String id) {
        if (dialect.ring().isEmpty()) return;
        db.createQuery(dialect.ring())
                .bind("said", bell + " " + id)
                .mapTo(Integer.class)
                .list();
    }

    public NonceTable nonces() {
        return new NonceTable(db);
    }

    /// Forgets what is over: unfinished orders a day after their end, authorizations that no order names any more, mail
    /// counts after two days.
    void sweep(long now) {
        long yesterday = now - DAY;
        update("delete from cert_order where expires < :before and status not in ('valid', 'processing')", yesterday);
        update("delete from authz where expires < :before and id not in (select authz from cert_order)", yesterday);
        update("delete from challenge where :before > 0 and authz not in (select id from authz)", yesterday);
        update("delete from receipt where :before > 0 and authz not in (select id from authz)", yesterday);
        update("delete from answer where :before > 0 and challenge not in (select id from challenge)", yesterday);
        update(
                "delete from finalization where :before > 0 and cert_order not in (select id from cert_order)",
                yesterday);
        update("delete from evidence where :before > 0 and authz not in (select id from authz)", yesterday);
        update(
                "delete from domain_look where :before > 0 and subject not in (select id from authz)"
                        + " and subject not in (select id from cert_order)",
                yesterday);
        update("delete from mail_waiting where :before > 0 and authz not in (select id from authz)", yesterday);
        // What proved an address is kept as long as a certificate by it can be good, and as the issuer takes it.
        update(
                "delete from finalization where cert_order in"
                        + " (select id from cert_order where status = 'valid' and created < :before)",
                now - PROOF_KEPT);
        for (String table : java.util.List.of("receipt", "evidence"))
            update(
                    "delete from " + table + " where authz in (select id from authz where expires < :before)",
                    now - CERTIFICATE_KEPT);
        update("delete from mail_sent where sent < :before", now - MAILS_COUNTED);
        nonces().forget(now);
        silence().forget(now);
    }

    /// Forgets accounts that have neither an order nor a proof 30 days after they were made. In a transaction of its
    /// own, which makes whoever adds such a thing wait, and holds nothing yet while it waits for one.
    void sweepAccounts(long now) {
        mails().alone();
        update(
                "delete from account where created < :before and status = 'valid'"
                        + " and id not in (select account from cert_order) and id not in (select account from authz)",
                now - ACCOUNT_KEPT);
        update("delete from key_change where :before > 0 and account not in (select id from account)", now);
    }

    private void update(String sql, long before) {
        db.createUpdate(sql).bind("before", before).execute();
    }
}
