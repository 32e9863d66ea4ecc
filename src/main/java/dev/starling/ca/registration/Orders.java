package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.Outbox;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;

/// What an order goes through: made and mailed, proven by the code, turned into a certificate. Nothing is
/// issued before the proof.
public final class Orders {
    private static final long LIFE_SECONDS = 86_400;
    private static final int MAX_TRIES = 5;
    private static final int MAX_LISTED = 50;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final CaStore store;
    private final Issuer issuer;
    private final Outbox outbox;
    private final Limits limits;
    private final Clock clock;

    public Orders(CaStore store, Issuer issuer, Outbox outbox, Limits limits, Clock clock) {
        this.store = store;
        this.issuer = issuer;
        this.outbox = outbox;
        this.limits = limits;
        this.clock = clock;
    }

    /// Makes an order and mails its code. When the mail cannot be handed over now, the order says so and
    /// waits.
    ///
    /// @param network whoever asks, as /24 or /64
    public Order create(String account, String typed, String network, String language) throws Problem, IOException {
        Address address = address(typed);
        long now = now();
        var order = new Order(
                random(),
                account,
                address.text(),
                Order.Status.PENDING,
                MailCode.make(RANDOM),
                MailCode.make(RANDOM),
                0,
                now,
                now + LIFE_SECONDS,
                0,
                "",
                "");
        synchronized (this) {
            limits.check(store.mails(), address.text(), network, now);
            store.open(order, network, language);
        }
        outbox.first(order.id(), language);
        return store.order(order.id()).orElse(order);
    }

    private static Address address(String typed) throws Problem {
        try {
            Address address = Address.parse(typed);
            if (!address.isPhone()) return address;
        } catch (IdentityException e) {
            throw new Problem("rejectedIdentifier", 400, "Not an address that can be certified: " + e.reason() + ".");
        }
        throw new Problem("unsupportedIdentifier", 400, "Phone numbers are not supported here yet.");
    }

    /// The order; only its own account sees it.
    public Order order(String id, String account) throws Problem, IOException {
        var order = store.order(id).orElseThrow(() -> new Problem("malformed", 404, "No such order."));
        if (!order.account().equals(account))
            throw new Problem("unauthorized", 403, "This order belongs to another account.");
        return order;
    }

    /// The account's orders that are not over, the newest first.
    public List<Order> of(String account) throws IOException {
        return store.orders(account, now(), MAX_LISTED);
    }

    public boolean isOver(Order order) {
        return order.isOver(now());
    }

    /// The answer to the challenge. A wrong one costs a try; the last one costs the order.
    public synchronized Order answer(Order asked, String thumbprint, String response) throws Problem, IOException {
        // Read again under the lock: answers that come at once cost a try each.
        var order = order(asked.id(), asked.account());
        if (order.status() != Order.Status.PENDING || isOver(order)) return order;
        if (MailCode.fits(order, thumbprint, response)) {
            var proven = order.proven(now());
            store.save(proven);
            store.mails().done(order.id());
            return proven;
        }
        boolean last = order.tries() + 1 >= MAX_TRIES;
        String why = last ? "Too many wrong codes. Ask for a new one." : "This is not the code from the mail.";
        store.save(order.wrongCode(last, why));
        throw new Problem("incorrectResponse", 403, why);
    }

    /// Issues for the key in `csr`. RFC 8555, section 7.4: only an order that is ready can be finalized.
    public synchronized Order finish(Order asked, byte[] csr) throws Problem, IOException {
        // Read again under the lock: of two requests at once, one issues.
        var order = order(asked.id(), asked.account());
        if (isOver(order)) throw notReady("It has expired.");
        switch (order.status()) {
            case PENDING -> throw notReady("The mailbox is not proven yet.");
            case INVALID -> throw notReady("It has failed.");
            case VALID -> throw notReady("It has its certificate already.");
            case READY -> {}
        }
        return issuer.issue(csr, order);
    }

    private static Problem notReady(String why) {
        return new Problem("orderNotReady", 403, "The order cannot be finalized. " + why);
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private static String random() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
