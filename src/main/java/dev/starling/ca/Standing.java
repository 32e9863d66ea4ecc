package dev.starling.ca;

import dev.starling.ca.store.Session;
import java.util.LinkedHashMap;
import java.util.Map;

/// How a CA is doing, in numbers without names.
///
/// @param certificates that were ever made
/// @param orders that wait for somebody
/// @param making orders whose certificate is being made; more than a few: nobody is there who has the key
/// @param mails that wait to be handed over
/// @param troubled those of them that the mail server has refused for minutes
/// @param entries of the log
/// @param lists whether the lists of withdrawn certificates are still good
public record Standing(int certificates, int orders, int making, int mails, int troubled, long entries, boolean lists) {
    // By then a mail has waited for more than six minutes.
    private static final int OFTEN = 3;

    static Standing of(Session session, boolean lists, long now) {
        return new Standing(
                session.certificates().count(),
                session.orders().open(now),
                session.orders().making(),
                session.mails().waiting(),
                session.mails().troubled(OFTEN),
                session.log().head().map(head -> head.size()).orElse(0L),
                lists);
    }

    /// What is well, and what is not, in words.
    public Map<String, String> health() {
        var health = new LinkedHashMap<String, String>();
        health.put("store", "ok");
        health.put("lists", lists ? "ok" : "a list of withdrawn certificates is over");
        health.put("mail", troubled == 0 ? "ok" : troubled + " mails are not taken by the mail server");
        return health;
    }
}
