package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.util.Set;

/// How many mails may be caused, counted before one is sent: per address, domain, network and in all, within a day
/// (an hour for networks).
public record Limits(int perAddress, int perDomain, int perNetwork, int all) {
    public static final Limits USUAL = new Limits(3, 50, 10, 20_000);
    public static final Limits LOCAL = new Limits(10_000, 10_000, 10_000, 100_000);
    private static final long DAY = 86_400, HOUR = 3_600;
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

    void check(CaStore store, String address, String network, long now) throws Problem, IOException {
        int at = address.indexOf('@');
        String local = address.substring(0, at), domain = address.substring(at + 1);
        if (ROLES.contains(local) || local.endsWith("-request") || local.startsWith("owner-"))
            throw new Problem("rejectedIdentifier", 400, "This address belongs to a role or a list, not to a person.");
        boolean tooMany = store.mails("address", address, now - DAY) >= perAddress
                || store.mails("domain", domain, now - DAY) >= perDomain
                || store.mails("network", network, now - HOUR) >= perNetwork
                || store.mails("1", "", now - DAY) >= all;
        if (tooMany) throw new Problem("rateLimited", 429, "Too many mails were asked for. Try again tomorrow.");
    }
}
