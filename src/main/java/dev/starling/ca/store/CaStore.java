package dev.starling.ca.store;

import static dev.starling.ca.store.Database.parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Accounts, orders, mails and certificates, in SQLite: what was answered survives `kill -9`. Times in Unix
/// seconds.
public final class CaStore implements AutoCloseable {
    private static final long DAY = 86_400, ACCOUNT_KEPT = 30 * DAY;

    /// @param jwk the public key as JSON
    public record Account(String id, String jwk, boolean active) {}

    private final Database db;
    private final MailLedger mails;

    public CaStore(Path file) throws IOException {
        db = new Database(file);
        mails = new MailLedger(db);
    }

    public MailLedger mails() {
        return mails;
    }

    public Optional<Account> account(String id) throws IOException {
        return db.one("select id, jwk, status from account where id = ?", parameters(id), CaStore::account);
    }

    public Optional<Account> accountByThumbprint(String thumbprint) throws IOException {
        return db.one(
                "select id, jwk, status from account where thumbprint = ?", parameters(thumbprint), CaStore::account);
    }

    private static Account account(ResultSet row) throws SQLException {
        return new Account(row.getString(1), row.getString(2), row.getString(3).equals("valid"));
    }

    /// Does nothing for a key that is known: of two requests at once, one makes the account.
    public void addAccount(String id, String thumbprint, String jwk, long now) throws IOException {
        db.update(
                "insert or ignore into account (id, thumbprint, jwk, status, created) values (?, ?, ?, 'valid', ?)",
                parameters(id, thumbprint, jwk, now));
    }

    /// For good; its unfinished orders end.
    public void deactivate(String account) throws IOException {
        db.whole(() -> {
            db.update("update account set status = 'deactivated' where id = ?", parameters(account));
            db.update(
                    "update acme_order set status = 'invalid' where account = ? and status in ('pending', 'ready')",
                    parameters(account));
        });
    }

    public Optional<Order> order(String id) throws IOException {
        return db.one("select " + ORDER + " from acme_order where id = ?", parameters(id), CaStore::order);
    }

    /// The newest first; no invalid ones.
    public List<Order> orders(String account, long now, int most) throws IOException {
        return db.all(
                "select " + ORDER + " from acme_order where account = ? and status != 'invalid' and (status = 'valid'"
                        + " or expires >= ?) order by created desc, id limit ?",
                parameters(account, now, most),
                CaStore::order);
    }

    private static final String ORDER =
            "id, account, address, status, part1, part2, tries, created, expires, validated, error, chain";

    private static Order order(ResultSet row) throws SQLException {
        return new Order(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                Order.Status.valueOf(row.getString(4).toUpperCase(Locale.ROOT)),
                row.getString(5),
                row.getString(6),
                row.getInt(7),
                row.getLong(8),
                row.getLong(9),
                row.getLong(10),
                row.getString(11),
                row.getString(12));
    }

    public void save(Order o) throws IOException {
        db.update(
                "insert or replace into acme_order (" + ORDER + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                parameters(
                        o.id(),
                        o.account(),
                        o.address(),
                        o.status().name().toLowerCase(Locale.ROOT),
                        o.part1(),
                        o.part2(),
                        o.tries(),
                        o.created(),
                        o.expires(),
                        o.validated(),
                        o.error(),
                        o.chain()));
    }

    /// A new order with its mail to send: both or neither. The account's older open order for the address
    /// ends, so that the newest mail is the one that counts.
    public void open(Order order, String network, String language) throws IOException {
        db.whole(() -> {
            db.update(
                    "update acme_order set status = 'invalid' where account = ? and address = ? and status = 'pending'",
                    parameters(order.account(), order.address()));
            save(order);
            mails.add(order, network, language);
        });
    }

    /// What will be signed (a TBSCertificate) is stored before it is signed.
    public void aboutToSign(String serial, Order order, byte[] toBeSigned, long notAfter) throws IOException {
        db.update(
                "insert into certificate (serial, order_id, address, to_be_signed, not_after) values (?, ?, ?, ?, ?)",
                parameters(serial, order.id(), order.address(), toBeSigned, notAfter));
    }

    /// The certificate and the order that asked for it: both or neither.
    public void issued(String serial, byte[] der, Order order) throws IOException {
        db.whole(() -> {
            db.update("update certificate set der = ? where serial = ?", parameters(der, serial));
            save(order);
        });
    }

    /// What was going to be signed for an order, whether or not it was.
    public List<byte[]> toBeSigned(String order) throws IOException {
        return db.all("select to_be_signed from certificate where order_id = ?", parameters(order), r -> r.getBytes(1));
    }

    /// How many certificates were signed, or about to be.
    public int certificates() throws IOException {
        return db.one("select count(*) from certificate", parameters(), r -> r.getInt(1))
                .orElse(0);
    }

    /// Forgets what is over: unfinished orders a day after their end, mail counts after two days, accounts
    /// that have no order 30 days after they were made.
    public void sweep(long now) throws IOException {
        db.whole(() -> {
            db.update("delete from acme_order where expires < ? and status != 'valid'", parameters(now - DAY));
            db.update("delete from outbox where order_id not in (select id from acme_order)", parameters());
            db.update("delete from mail where sent < ?", parameters(now - 2 * DAY));
            db.update(
                    "delete from account where created < ? and status = 'valid' and id not in"
                            + " (select account from acme_order)",
                    parameters(now - ACCOUNT_KEPT));
        });
    }

    @Override
    public void close() throws IOException {
        db.close();
    }
}
