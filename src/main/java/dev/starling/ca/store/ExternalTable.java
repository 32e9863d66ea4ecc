package dev.starling.ca.store;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The keys by which people may make accounts (RFC 8555, section 7.3.4), without the keys; within one transaction.
public final class ExternalTable {
    private static final int MOST = 1000;

    /// @param label for whom it is
    /// @param created Unix seconds, as `ended`
    /// @param ended when it was taken back; 0 before
    /// @param account that it bound; "" before
    public record External(String id, String label, long created, long ended, String account) {
        public boolean isFree() {
            return ended == 0 && account.isEmpty();
        }
    }

    /// One that was forgotten, because it ordered nothing for long, is bound by nobody.
    private static final String BOUND = "(case when account in (select id from account) then account else '' end)";

    private final Handle db;
    private final Database.Dialect dialect;

    ExternalTable(Handle db, Database.Dialect dialect) {
        this.db = db;
        this.dialect = dialect;
    }

    public void add(String id, String label, long now) {
        db.createUpdate("insert into external_account (id, label, created, ended, account, said)"
                        + " values (:id, :label, :now, 0, '', '')")
                .bind("id", id)
                .bind("label", label)
                .bind("now", now)
                .execute();
    }

    public Optional<External> find(String id) {
        return select("where id = :id", id).stream().findFirst();
    }

    /// The newest first.
    public List<External> all() {
        return select("where :id = '' order by created desc, id", "");
    }

    private List<External> select(String which, String id) {
        return db.createQuery("select id, label, created, ended, " + BOUND + " from external_account " + which
                        + " limit " + MOST)
                .bind("id", id)
                .map((row, _) -> new External(
                        row.getString(1), row.getString(2), row.getLong(3), row.getLong(4), row.getString(5)))
                .list();
    }

    /// What bound the account; "" when nothing did.
    public String bindingOf(String account) {
        return db.createQuery("select said from external_account where account = :account")
                .bind("account", account)
                .mapTo(String.class)
                .findFirst()
                .orElse("");
    }

    /// False: it bound another one already, or was taken back.
    public boolean bind(String id, String account, String said) {
        // Held first, by a statement of its own: one that waits for another transaction asks for accounts as they were
        // before that wait, and would not see the one that was made meanwhile.
        db.createQuery("select id from external_account where id = :id" + dialect.forUpdate())
                .bind("id", id)
                .mapTo(String.class)
                .list();
        return db.createUpdate("update external_account set account = :account, said = :said where id = :id and "
                                + BOUND + " = '' and ended = 0")
                        .bind("id", id)
                        .bind("account", account)
                        .bind("said", said)
                        .execute()
                == 1;
    }

    /// Also the account that it bound is over (RFC 8555, section 7.1.6: `revoked`). False: there is none.
    public boolean end(String id, long now) {
        Optional<External> held = find(id);
        if (held.isEmpty()) return false;
        db.createUpdate("update external_account set ended = :now where id = :id and ended = 0")
                .bind("id", id)
                .bind("now", now)
                .execute();
        // Once more: one may have been bound between the two.
        find(id).map(External::account)
                .filter(account -> !account.isEmpty())
                .ifPresent(account -> new AccountTable(db).end(account, Account.Status.REVOKED));
        return true;
    }
}
