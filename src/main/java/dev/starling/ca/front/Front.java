package dev.starling.ca.front;

import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.registration.PlainOrders;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.CaStore;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/// All that clients of the CA reach.
public final class Front {
    /// How it is seen from outside.
    ///
    /// @param base URL under which clients reach it, without a slash at the end
    /// @param terms URL of the terms of service; "" for none
    /// @param sender of the challenge mails; "" where replies are not taken
    /// @param issuer the name by which CAA records know it
    public record Outside(
            String base, String terms, String sender, Optional<String> issuer, Origin origin, External external) {
        /// Everybody may have an account.
        public Outside(String base, String terms, String sender, Optional<String> issuer, Origin origin) {
            this(base, terms, sender, issuer, origin, External.NONE);
        }
    }

    /// Who may have an account.
    ///
    /// @param accounts those whom the operator chose; empty: nobody is chosen
    /// @param required nobody else may
    public record External(Optional<ExternalAccounts> accounts, boolean required) {
        public static final External NONE = new External(Optional.empty(), false);
    }

    /// How often one network may ask.
    ///
    /// @param requests that are signed
    /// @param accounts that are new
    public record Rates(RateLimit requests, RateLimit accounts) {}

    private final CaStore store;
    private final Orders orders;
    private final Authorizations authorizations;
    private final Revocations revocations;
    private final Silence silence;
    private final Clock clock;

    public Front(
            CaStore store,
            Orders orders,
            Authorizations authorizations,
            Revocations revocations,
            Silence silence,
            Clock clock) {
        this.store = store;
        this.orders = orders;
        this.authorizations = authorizations;
        this.revocations = revocations;
        this.silence = silence;
        this.clock = clock;
    }

    public void mount(Routes routes, Outside outside, Rates rates) throws IOException {
        var resources = new Resources(
                outside.base(), outside.terms(), outside.sender(), outside.issuer(), outside.external(), clock);
        var acme = new AcmeFront(resources, store, outside.origin(), rates.requests());
        acme.mount(routes);
        new AccountResource(acme, resources, store, orders, outside.origin(), rates.accounts()).mount(routes);
        new OrderResource(acme, resources, orders, authorizations, outside.origin()).mount(routes);
        new RevocationResource(acme, revocations, store).mount(routes);
        // Who needs no account is not among those whom the operator chose.
        if (!outside.external().required())
            new PlainResource(acme, resources, new PlainOrders(store, orders, authorizations), outside.origin())
                    .mount(routes);
        new SilencePage(silence, outside.origin(), rates.requests()).mount(routes);
    }
}
