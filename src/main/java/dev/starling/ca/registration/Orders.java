package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.issuance.Issuance;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.DomainLook;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.Sending;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.web.RateLimit;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What an order goes through: made and mailed, proven, turned into a certificate. Nothing is issued before the proof.
public final class Orders {
    private static final Duration LIFE = Duration.ofDays(1),
            LOOKS = Duration.ofHours(1),
            MOMENT = Duration.ofSeconds(1);

    private final CaStore store;
    private final Authorizations authorizations;
    private final Domains domains;
    private final Issuance issuance;
    private final Sending mails;
    private final Clock clock;
    private final RateLimit networkLooks, accountLooks;

    public Orders(
            CaStore store,
            Authorizations authorizations,
            Domains domains,
            Issuance issuance,
            Sending mails,
            Clock clock) {
        this.store = store;
        this.authorizations = authorizations;
        this.domains = domains;
        this.issuance = issuance;
        this.mails = mails;
        this.clock = clock;
        // Twice as many as there may be mails.
        Limits limits = authorizations.limits();
        networkLooks = new RateLimit(2.0 * limits.perNetwork() / LOOKS.toMinutes(), 2.0 * limits.perNetwork(), clock);
        accountLooks = new RateLimit(2.0 * limits.perAccount() / LOOKS.toMinutes(), 2.0 * limits.perAccount(), clock);
    }

    /// Who asks for a certificate.
    ///
    /// @param network whoever asks, as /24 or /64
    /// @param language an Accept-Language header
    public record Asking(String account, String network, String language) {}

    /// Makes an order; the mailbox is asked for its proof, unless there is one that is still good. When the mail cannot
    /// be handed over now, the authorization says so and waits.
    ///
    /// @param replaces the certificate whose place it takes
    public Order create(Asking asking, String typed, Optional<RenewalId> replaces) throws Problem, IOException {
        Address address = address(typed);
        issuance.checkMayCertify(address);
        long now = now();
        Optional<DomainLook> look = look(asking, address, now);
        var order = store.whole(session -> {
            // Of requests at once each sees what the one before has made.
            session.mails().alone();
            checkIsThere(session, asking);
            authorizations.limits().checkOrders(session, asking.account(), address.text(), now);
            if (replaces.isPresent()) checkReplaceable(session, replaces.get(), asking, address);
            Authorization proof = proof(session, asking, address, look, now);
            var made = new Order(
                    Ids.random(),
                    asking.account(),
                    proof.id(),
                    proof.type(),
                    proof.value(),
                    proof.isGood(now) ? Order.Status.READY : Order.Status.PENDING,
                    now,
                    Math.min(now + LIFE.toSeconds(), proof.expires()),
                    new byte[0],
                    "",
                    replaces.map(RenewalId::text).orElse(""),
                    Fault.NONE);
            session.orders().add(made);
            return made;
        });
        if (order.status() == Order.Status.READY) return order;
        mails.first(order.authorization(), asking.language());
        return order(order.id(), asking.account());
    }

    // The sweep may have taken it since its request was checked.
    private static void checkIsThere(Session session, Asking asking) throws Problem {
        boolean isNobodys = asking.account().startsWith(PlainOrders.NOBODY);
        if (!isNobodys && session.accounts().byId(asking.account()).isEmpty())
            throw new Problem("accountDoesNotExist", 400, "No such account.");
    }

    // What is refused or limited anyway, or needs no mail, costs the DNS nothing.
    private Optional<DomainLook> look(Asking asking, Address address, long now) throws Problem, IOException {
        boolean mailed = domains.asks()
                && store.whole(session -> {
                    authorizations.limits().checkOrders(session, asking.account(), address.text(), now);
                    return authorizations.wouldMail(session, asking, address, each -> issuance.believes(session, each));
                });
        if (mailed) checkLooks(asking);
        return mailed ? domains.look(address) : Optional.empty();
    }

    private Authorization proof(Session session, Asking asking, Address address, Optional<DomainLook> look, long now)
            throws Problem {
        Authorization proof =
                authorizations.forOrder(session, asking, address, each -> issuance.believes(session, each));
        if (look.isPresent() && !proof.isGood(now)) session.domains().put(proof.id(), look.get());
        else if (domains.asks() && !proof.isGood(now))
            throw Problem.later("serverInternal", 503, "Its proof ended just now. Ask again.", MOMENT);
        return proof;
    }

    /// An authorization without an order.
    ///
    /// @param authorization its id
    /// @param fresh it was made now
    public record Preauthorized(String authorization, boolean fresh) {}

    /// Asks the mailbox for its proof before there is an order (RFC 8555, section 7.4.1), under the limits of orders.
    /// Where the account's proof is good or under way, it gets that: to ask for another mail is what orders do.
    public Preauthorized authorize(Asking asking, String typed) throws Problem, IOException {
        Address address = address(typed);
        issuance.checkMayCertify(address);
        long now = now();
        Optional<Authorization> there = store.in(session -> there(session, asking, address, now));
        if (there.isPresent()) return new Preauthorized(there.get().id(), false);
        Optional<DomainLook> look = look(asking, address, now);
        var made = store.whole(session -> {
            session.mails().alone();
            checkIsThere(session, asking);
            authorizations.limits().checkOrders(session, asking.account(), address.text(), now);
            // Of two requests at once, the second one gets what the first one made.
            Optional<Authorization> other = there(session, asking, address, now);
            if (other.isPresent()) return new Preauthorized(other.get().id(), false);
            return new Preauthorized(proof(session, asking, address, look, now).id(), true);
        });
        if (made.fresh()) mails.first(made.authorization(), asking.language());
        return made;
    }

    private Optional<Authorization> there(Session session, Asking asking, Address address, long now) {
        return session.authorizations().of(asking.account(), "email", address.text()).stream()
                .filter(each -> each.isGood(now)
                        ? issuance.believes(session, each)
                        : each.status() == Authorization.Status.PENDING && !each.isOver(now))
                .findFirst();
    }

    // A look that fails or refuses leads to no mail, and so is not counted with those.
    private void checkLooks(Asking asking) throws Problem {
        if (!networkLooks.allows(asking.network()) || !accountLooks.allows(asking.account()))
            throw Problem.rateLimited("Too many domains were asked for from your network.", LOOKS);
    }

    // RFC 9773, section 5.
    private void checkReplaceable(Session session, RenewalId id, Asking asking, Address address) throws Problem {
        Certificate old = session.certificates()
                .bySerial(id.serial())
                .filter(id::names)
                .orElseThrow(() -> Problem.malformed("There is no such certificate to replace."));
        if (!old.account().equals(asking.account()))
            throw new Problem("unauthorized", 403, "The certificate to replace is of another account.");
        if (!old.value().equals(address.text()))
            throw Problem.malformed("The certificate to replace is for another address.");
        if (session.orders().isReplaced(id.text(), now()))
            throw new Problem("alreadyReplaced", 409, "That certificate has a successor already.");
    }

    private static Address address(String typed) throws Problem {
        // RFC 8823, section 3, though RFC 5322 allows it in a local part.
        if (typed.indexOf('*') >= 0) throw new Problem("rejectedIdentifier", 400, "An address here has no * in it.");
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
        var order = store.whole(session ->
                session.orders().byId(id).orElseThrow(() -> new Problem("malformed", 404, "No such order.")));
        if (!order.account().equals(account))
            throw new Problem("unauthorized", 403, "This order belongs to another account.");
        return order;
    }

    /// A page of the account's orders that are not over, the newest first.
    public List<Order> of(String account, int skip, int most) throws IOException {
        return store.in(session -> session.orders().of(account, now(), skip, most));
    }

    public boolean isOver(Order order) {
        return order.isOver(now());
    }

    /// Issues for the key in `csr`. RFC 8555, section 7.4: only an order that is ready can be finalized.
    ///
    /// @param request the account's, as it was signed and came; empty from whoever has no account
    public Order finish(Order asked, byte[] csr, byte[] request) throws Problem, IOException {
        issuance.issue(asked.id(), csr, request);
        return order(asked.id(), asked.account());
    }

    /// The chain of its certificate as PEM, leaf first.
    public String chain(Order order) throws Problem, IOException {
        var certificate = store.whole(session -> session.certificates()
                .bySerial(order.serial())
                .filter(_ -> order.status() == Order.Status.VALID)
                .orElseThrow(() -> new Problem("malformed", 404, "Not issued yet.")));
        return certificate.chain();
    }

    long now() {
        return clock.instant().getEpochSecond();
    }
}
