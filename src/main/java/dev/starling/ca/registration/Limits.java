package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.MailTable;
import dev.starling.ca.store.MailTable.By;
import dev.starling.ca.store.Session;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// How many mails may be caused, counted before one is sent: per address, domain, account and in all within a day, per
/// network (/24 or /64) within an hour. And how many certificates for an address within a week, and orders of an
/// account
/// that are not over: a proof is good for many, and each certificate stays in the log for good.
public record Limits(
        int perAddress, int perDomain, int perAccount, int perNetwork, int all, int certificates, int orders) {
    public static final Limits USUAL = new Limits(3, 50, 5, 10, 20_000, 30, 100);
    public static final Limits LOCAL = new Limits(10_000, 10_000, 10_000, 10_000, 100_000, 10_000, 10_000);
    private static final Duration WEEK = Duration.ofDays(7), DAY = Duration.ofDays(1), HOUR = Duration.ofHours(1);
    private static final Set<String> ROLES = Set.of(
            "postmaster",
            "abuse",
            "mailer-daemon",
            "noreply",
            "no-reply",
            "hostmaster",
            "webmaster",
            "root",
            "admin",
            "administrator",
            "security",
            "listserv",
            "majordomo",
            "bounce",
            "bounces");

    /// How much of each was used, and how much there is: of an address, its domain, and of all.
    ///
    /// @param name as for [#with]
    public record Use(String name, int used, int most) {}

    /// For an address, at `now` in Unix seconds.
    public List<Use> of(Session session, String address, long now) {
        long day = now - DAY.toSeconds();
        String domain = address.substring(address.indexOf('@') + 1);
        return List.of(
                new Use(
                        "address",
                        session.mails().count(By.ADDRESS, address, day).mails(),
                        perAddress),
                new Use("domain", session.mails().count(By.DOMAIN, domain, day).mails(), perDomain),
                new Use("all", session.mails().count(By.ALL, "", day).mails(), all),
                new Use("certificates", session.certificates().since(address, now - WEEK.toSeconds()), certificates));
    }

    /// With one of them changed.
    ///
    /// @throws IllegalArgumentException there is none of that name, or it is not above zero; in words for people
    public Limits with(String name, int most) {
        if (most < 1) throw new IllegalArgumentException("The limit " + name + " must be at least 1.");
        return switch (name) {
            case "address" -> new Limits(most, perDomain, perAccount, perNetwork, all, certificates, orders);
            case "domain" -> new Limits(perAddress, most, perAccount, perNetwork, all, certificates, orders);
            case "account" -> new Limits(perAddress, perDomain, most, perNetwork, all, certificates, orders);
            case "network" -> new Limits(perAddress, perDomain, perAccount, most, all, certificates, orders);
            case "all" -> new Limits(perAddress, perDomain, perAccount, perNetwork, most, certificates, orders);
            case "certificates" -> new Limits(perAddress, perDomain, perAccount, perNetwork, all, most, orders);
            case "orders" -> new Limits(perAddress, perDomain, perAccount, perNetwork, all, certificates, most);
            default ->
                throw new IllegalArgumentException("There is no limit " + name
                        + ". There are: address, domain, account, network, all, certificates, orders.");
        };
    }

    /// Refuses what would be one mail too many; `now` in Unix seconds.
    void check(MailTable mails, String address, String account, String network, long now) throws Problem {
        int at = address.indexOf('@');
        String local = address.substring(0, at), domain = address.substring(at + 1);
        if (ROLES.contains(local) || local.endsWith("-request") || local.startsWith("owner-"))
            throw new Problem("rejectedIdentifier", 400, "This address belongs to a role or a list, not to a person.");
        below(mails, By.ADDRESS, address, perAddress, DAY, now, "for this address");
        below(mails, By.DOMAIN, domain, perDomain, DAY, now, "for addresses of this domain");
        below(mails, By.ACCOUNT, account, perAccount, DAY, now, "by this account");
        below(mails, By.NETWORK, network, perNetwork, HOUR, now, "from your network");
        below(mails, By.ALL, "", all, DAY, now, "by everybody together");
    }

    /// Refuses what would be one order too many; `now` in Unix seconds.
    void checkOrders(Session session, String account, String address, long now) throws Problem {
        if (session.orders().open(account, now) >= orders)
            throw Problem.rateLimited("This account has too many open orders.", DAY);
        if (session.certificates().since(address, now - WEEK.toSeconds()) >= certificates)
            throw Problem.rateLimited("Too many certificates were issued for this address within a week.", DAY);
    }

    private static void below(MailTable mails, By by, String value, int most, Duration within, long now, String whose)
            throws Problem {
        var count = mails.count(by, value, now - within.toSeconds());
        if (count.mails() < most) return;
        Duration wait = Duration.ofSeconds(Math.max(1, count.oldest() + within.toSeconds() - now));
        throw Problem.rateLimited(
                "Too many mails were asked for " + whose + ". Try again in " + words(wait) + ".", wait);
    }

    private static String words(Duration wait) {
        long minutes = wait.toMinutes() + 1;
        return minutes < 90 ? minutes + " minutes" : (minutes + 59) / 60 + " hours";
    }
}
