package dev.starling.ca.store;

import static dev.starling.ca.store.Database.parameters;

import java.io.IOException;
import java.util.List;

/// Which mails were asked for, for the limits, and which still wait to be handed over.
public final class MailLedger {
    /// Whose mails are counted.
    public enum By {
        ADDRESS("address = ?"),
        DOMAIN("domain = ?"),
        NETWORK("network = ?"),
        ALL("? is not null");

        private final String where;

        By(String where) {
            this.where = where;
        }
    }

    /// @param oldest when the first of them was asked for, Unix seconds; 0 when there is none
    public record Count(int mails, long oldest) {}

    /// @param language an Accept-Language header
    /// @param attempts how often it was tried
    public record Waiting(String order, String language, int attempts) {}

    private final Database db;

    MailLedger(Database db) {
        this.db = db;
    }

    /// Due at once, and counted.
    void add(Order order, String network, String language) throws IOException {
        String address = order.address();
        db.update(
                "insert into mail values (?, ?, ?, ?)",
                parameters(address, address.substring(address.indexOf('@') + 1), network, order.created()));
        db.update("insert into outbox values (?, ?, 0, ?)", parameters(order.id(), language, order.created()));
    }

    /// Mails asked for after `since`.
    public Count count(By by, String value, long since) throws IOException {
        return db.one(
                        "select count(*), coalesce(min(sent), 0) from mail where " + by.where + " and sent > ?",
                        parameters(value, since),
                        r -> new Count(r.getInt(1), r.getLong(2)))
                .orElse(new Count(0, 0));
    }

    public List<Waiting> due(long now, int most) throws IOException {
        return db.all(
                "select order_id, language, attempts from outbox where due <= ? order by due limit ?",
                parameters(now, most),
                r -> new Waiting(r.getString(1), r.getString(2), r.getInt(3)));
    }

    /// Before an attempt: whoever gets true makes it, and should the process die in it, the next one is at
    /// `next`.
    public boolean claim(Waiting mail, long next) throws IOException {
        return db.update(
                        "update outbox set attempts = attempts + 1, due = ? where order_id = ? and attempts = ?",
                        parameters(next, mail.order(), mail.attempts()))
                == 1;
    }

    /// After a start: what waits is tried at once, because nobody knows what the last attempt came to.
    public void wake(long now) throws IOException {
        db.update("update outbox set due = ? where due > ?", parameters(now, now));
    }

    /// Handed over, or given up.
    public void done(String order) throws IOException {
        db.update("delete from outbox where order_id = ?", parameters(order));
    }

    public int waiting() throws IOException {
        return db.one("select count(*) from outbox", parameters(), r -> r.getInt(1))
                .orElse(0);
    }
}
