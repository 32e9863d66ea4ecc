package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.ChallengeMail;
import dev.starling.ca.validation.Mailer;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Base64;
import java.util.HexFormat;

/// What an order goes through: made and mailed, proven by the code, turned into a certificate. Nothing is issued
/// before the proof.
public final class Orders {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final long LIFE_SECONDS = 86_400;
    private static final int MAX_TRIES = 5;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final CaStore store;
    private final Issuer issuer;
    private final Mailer mailer;
    private final Limits limits;
    private final Clock clock;

    public Orders(CaStore store, Issuer issuer, Mailer mailer, Limits limits, Clock clock) {
        this.store = store;
        this.issuer = issuer;
        this.mailer = mailer;
        this.limits = limits;
        this.clock = clock;
    }

    /// Makes an order and mails its code.
    ///
    /// @param network whoever asks, as /24 or /64
    public CaStore.Order create(String account, String typed, String network, String language)
            throws Problem, IOException {
        Address address;
        try {
            address = Address.parse(typed);
        } catch (IdentityException e) {
            throw new Problem(
                    "unsupportedIdentifier", 400, "Not an address that can be certified: " + e.reason() + ".");
        }
        if (address.isPhone())
            throw new Problem("unsupportedIdentifier", 400, "Phone numbers are not supported here yet.");
        long now = clock.instant().getEpochSecond();
        String domain = address.text().substring(address.text().indexOf('@') + 1);
        synchronized (this) {
            limits.check(store, address.text(), network, now);
            store.mailed(address.text(), domain, network, now);
        }
        store.supersede(account, address.text());
        var order = new CaStore.Order(
                random(), account, address.text(), "pending", token(), token(), 0, now + LIFE_SECONDS, "");
        store.save(order);
        try {
            mailer.send(
                    order.address(),
                    ChallengeMail.subject(order.part1()),
                    ChallengeMail.text(order.address(), order.part1(), language));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "mail not sent: {0}", e.getMessage());
            throw new Problem("serverInternal", 503, "The mail could not be sent now. Try again in a few minutes.");
        }
        return order;
    }

    /// The order, expired ones as invalid; only its own account sees it.
    public CaStore.Order order(String id, String account) throws Problem, IOException {
        var order = store.order(id).orElseThrow(() -> new Problem("malformed", 404, "No such order."));
        if (!order.account().equals(account))
            throw new Problem("unauthorized", 403, "This order belongs to another account.");
        boolean over = order.expires() < clock.instant().getEpochSecond()
                && !order.status().equals("valid");
        return over ? with(order, "invalid", order.tries(), order.chain()) : order;
    }

    /// email-code-00: the answer must be b64u(SHA-256(part1 || part2 || "." || thumbprint)). A wrong one costs a try.
    public synchronized CaStore.Order answer(CaStore.Order order, String thumbprint, String response)
            throws Problem, IOException {
        if (!order.status().equals("pending")) return order;
        String expected = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(DeviceId.sha256(
                        (order.part1() + order.part2() + "." + thumbprint).getBytes(StandardCharsets.US_ASCII)));
        if (MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.US_ASCII), response.getBytes(StandardCharsets.UTF_8))) {
            var proven = with(order, "ready", order.tries(), "");
            store.save(proven);
            return proven;
        }
        int tries = order.tries() + 1;
        store.save(with(order, tries >= MAX_TRIES ? "invalid" : "pending", tries, ""));
        throw new Problem(
                "incorrectResponse",
                403,
                tries >= MAX_TRIES
                        ? "Too many wrong codes. Ask for a new one."
                        : "This is not the code from the mail.");
    }

    public synchronized CaStore.Order finish(CaStore.Order asked, byte[] csr) throws Problem, IOException {
        // Read again under the lock: of two requests at once, one issues.
        var order = order(asked.id(), asked.account());
        if (order.status().equals("valid")) return order;
        if (!order.status().equals("ready")) throw new Problem("orderNotReady", 403, "The mailbox is not proven yet.");
        var pem = new StringBuilder();
        try {
            for (X509Certificate certificate : issuer.issue(csr, Address.parse(order.address()), order.id()))
                pem.append(pem(certificate));
        } catch (IdentityException e) {
            throw new IllegalStateException(e);
        }
        var done = with(order, "valid", order.tries(), pem.toString());
        store.save(done);
        return done;
    }

    public static String pem(X509Certificate certificate) {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(Keys.encoded(certificate))
                + "\n-----END CERTIFICATE-----\n";
    }

    private static CaStore.Order with(CaStore.Order o, String status, int tries, String chain) {
        return new CaStore.Order(
                o.id(), o.account(), o.address(), status, o.part1(), o.part2(), tries, o.expires(), chain);
    }

    // 24 bytes, so that clients that join the texts and clients that join the bytes agree.
    private static String token() {
        byte[] bytes = new byte[24];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static String random() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
