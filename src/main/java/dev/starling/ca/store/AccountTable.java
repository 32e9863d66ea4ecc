package dev.starling.ca.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// The accounts, within one transaction.
public final class AccountTable {
    private static final String COLUMNS = "id, thumbprint, jwk, status, contact, created";
    private final Handle db;

    AccountTable(Handle db) {
        this.db = db;
    }

    public Optional<Account> byId(String id) {
        return one("id", id);
    }

    /// @param thumbprint of its key (RFC 7638)
    public Optional<Account> byKey(String thumbprint) {
        return one("thumbprint", thumbprint);
    }

    private Optional<Account> one(String column, String value) {
        return db.createQuery("select " + COLUMNS + " from account where " + column + " = :value")
                .bind("value", value)
                .map((row, _) -> account(row))
                .findOne();
    }

    private static Account account(ResultSet row) throws SQLException {
        return new Account(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                Account.Status.valueOf(row.getString(4).toUpperCase(Locale.ROOT)),
                row.getString(5).lines().toList(),
                row.getLong(6));
    }

    /// False for a key that is known, and nothing is done: of two requests at once, one makes the account.
    public boolean add(Account account) {
        return db.createUpdate(
                                "insert into account (" + COLUMNS
                                        + ") values (:id, :thumbprint, :jwk, 'valid', :contact, :created) on conflict do nothing")
                        .bind("id", account.id())
                        .bind("thumbprint", account.thumbprint())
                        .bind("jwk", account.jwk())
                        .bind("contact", String.join("\n", account.contact()))
                        .bind("created", account.created())
                        .execute()
                == 1;
    }

    public void contact(String id, List<String> contact) {
        db.createUpdate("update account set contact = :contact where id = :id")
                .bind("id", id)
                .bind("contact", String.join("\n", contact))
                .execute();
    }

    /// Another key from now on (RFC 8555, section 7.3.5); false: it is another account's, or the old one is not the
    /// account's any more.
    public boolean key(Account account, String thumbprint, String jwk) {
        if (byKey(thumbprint).isPresent()) return false;
        return db.createUpdate("update account set thumbprint = :new, jwk = :jwk where id = :id and thumbprint = :old")
                        .bind("id", account.id())
                        .bind("old", account.thumbprint())
                        .bind("new", thumbprint)
                        .bind("jwk", jwk)
                        .execute()
                == 1;
    }

    /// For good; its authorizations and unfinished orders end.
    public void end(String id, Account.Status status) {
        db.createUpdate("update account set status = :status where id = :id and status = 'valid'")
                .bind("id", id)
                .bind("status", status.name().toLowerCase(Locale.ROOT))
                .execute();
        db.createUpdate(
                        "update authz set status = 'deactivated' where account = :id and status in ('pending', 'valid')")
                .bind("id", id)
                .execute();
        db.createUpdate(
                        "update cert_order set status = 'invalid' where account = :id and status in ('pending', 'ready')")
                .bind("id", id)
                .execute();
    }
}
