package dev.starling.ca.front;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.front.AcmeFront.Signed;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Ids;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.identity.DeviceId;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Accounts (RFC 8555, section 7.3): made, found, changed, given another key, ended; and the list of their orders.
final class AccountResource {
    private static final Duration BREATH = Duration.ofSeconds(30);
    private static final int MAX_CONTACTS = 5, MAX_CONTACT = 300, PAGE = 50;
    // It is kept; two keys, four URLs and two signatures are half of that.
    private static final int MAX_KEY_CHANGE = 3 * 1024;
    // RFC 6068: one address, no header fields (RFC 8555, section 7.3).
    private static final Pattern MAILTO = Pattern.compile("(?i)mailto:[!-~&&[^?,]]+@[!-~&&[^?,]]+");

    private final AcmeFront front;
    private final Resources resources;
    private final CaStore store;
    private final Orders orders;
    private final Origin origin;
    private final RateLimit accounts;

    /// @param accounts new ones of one network
    AccountResource(
            AcmeFront front, Resources resources, CaStore store, Orders orders, Origin origin, RateLimit accounts) {
        this.front = front;
        this.resources = resources;
        this.store = store;
        this.orders = orders;
        this.origin = origin;
        this.accounts = accounts;
    }

    void mount(Routes routes) {
        front.post(routes, "/acme/new-account", this::newAccount);
        front.signed(routes, "/acme/account/", this::account);
        front.signed(routes, "/acme/orders/", this::list);
        front.signed(routes, "/acme/key-change", this::keyChange);
    }

    private Response newAccount(Request request) throws Problem, IOException {
        Jws jws = front.parsed(request);
        ECKey key = jws.jwk().orElseThrow(() -> Problem.malformed("jwk is needed here, not kid"));
        front.verify(jws, key);
        Map<String, Object> json = jws.json();
        String thumbprint = Jws.thumbprint(key);
        Optional<Account> known = byKey(thumbprint);
        if (known.isEmpty()) {
            if (Boolean.TRUE.equals(json.get("onlyReturnExisting"))) throw AcmeFront.unknownAccount();
            make(json, key, thumbprint, request, binding(json, key, jws.url()));
        }
        Account account = byKey(thumbprint).orElseThrow(AcmeFront::unknownAccount);
        AcmeFront.checkActive(account);
        return said(known.isPresent() ? 200 : 201, account);
    }

    // RFC 8555, section 7.3.4. Without keys to bind by, the member is one that we do not know.
    private Optional<String> binding(Map<String, Object> json, ECKey key, String url) throws Problem, IOException {
        Front.External external = resources.external();
        var member = Optional.ofNullable(json.get("externalAccountBinding"));
        if (external.accounts().isEmpty()) return Optional.empty();
        if (external.required() && member.isEmpty())
            throw new Problem(
                    "externalAccountRequired", 403, "Accounts are for those who got a key from the operator.");
        return external.accounts().get().check(member, key, url);
    }

    /// @param by the key that binds it
    private void make(Map<String, Object> json, ECKey key, String thumbprint, Request request, Optional<String> by)
            throws Problem, IOException {
        // RFC 8555, section 7.3.3.
        if (!resources.terms().isEmpty() && !Boolean.TRUE.equals(json.get("termsOfServiceAgreed")))
            throw new Problem("userActionRequired", 403, "Agree to the terms of service first: " + resources.terms())
                    .about(resources.terms());
        List<String> contact = contact(json).orElse(List.of());
        if (!accounts.allows(origin.of(request)))
            throw Problem.rateLimited("Too many new accounts from your network.", BREATH);
        String jwk = key.toPublicJWK().toJSONString();
        long now = resources.clock().instant().getEpochSecond();
        var made = new Account(Ids.random(), thumbprint, jwk, Account.Status.VALID, contact, now);
        boolean _ = store.whole(session -> {
            // What is promised at this moment counts, before any row is held.
            session.crls().alone();
            // Of two requests at once, the first one makes it; the second one binds nothing.
            if (!session.accounts().add(made)) return false;
            checkNotCertified(session, key);
            if (by.isPresent())
                ExternalAccounts.bind(
                        session, by.get(), made.id(), Json.write(Map.of("is", json.get("externalAccountBinding"))));
            return true;
        });
    }

    // RFC 8555, section 11.1: no key of an account is in a certificate.
    private static void checkNotCertified(Session session, ECKey key) throws Problem {
        try {
            if (!session.certificates()
                    .isKnown(DeviceId.ofKey(key.toECPublicKey().getEncoded()).hex())) return;
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        throw new Problem("badPublicKey", 400, "This key is in a certificate. An account needs one of its own.");
    }

    private Optional<Account> byKey(String thumbprint) throws IOException {
        return store.in(session -> session.accounts().byKey(thumbprint));
    }

    private Response said(int status, Account account) throws IOException {
        String binding = store.in(session -> session.externals().bindingOf(account.id()));
        return Response.json(status, resources.account(account, binding))
                .with("location", resources.url("account", account.id()));
    }

    /// Empty when the request says nothing of it.
    private static Optional<List<String>> contact(Map<String, Object> json) throws Problem {
        if (!json.containsKey("contact")) return Optional.empty();
        if (!(json.get("contact") instanceof List<?> list)) throw Problem.malformed("contact is a list of URLs");
        if (list.size() > MAX_CONTACTS) throw new Problem("invalidContact", 400, "At most five contacts are kept.");
        var all = new ArrayList<String>();
        for (Object each : list) {
            if (!(each instanceof String url) || url.length() > MAX_CONTACT)
                throw new Problem("invalidContact", 400, "A contact is a URL of at most 300 characters.");
            if (!url.regionMatches(true, 0, "mailto:", 0, "mailto:".length()))
                throw new Problem("unsupportedContact", 400, "Only mailto: contacts are taken.");
            if (!MAILTO.matcher(url).matches())
                throw new Problem("invalidContact", 400, "A contact is one address, without header fields.");
            all.add(url);
        }
        return Optional.of(all);
    }

    // RFC 8555, sections 7.3.2 and 7.3.6: what else the request says is ignored.
    private Response account(Signed signed) throws Problem, IOException {
        own(signed);
        String id = signed.account().id();
        if (signed.jws().payload().length > 0) {
            Map<String, Object> json = signed.jws().json();
            Optional<List<String>> contact = contact(json);
            boolean ends = "deactivated".equals(json.get("status"));
            store.change(session -> {
                contact.ifPresent(list -> session.accounts().contact(id, list));
                if (ends) session.accounts().end(id, Account.Status.DEACTIVATED);
            });
        }
        Account now = store.whole(session -> session.accounts().byId(id).orElseThrow(AcmeFront::unknownAccount));
        return said(200, now);
    }

    private static void own(Signed signed) throws Problem {
        if (!signed.id().equals(signed.account().id()))
            throw new Problem("unauthorized", 403, "This belongs to another account.");
    }

    // RFC 8555, section 7.1.2.1.
    private Response list(Signed signed) throws Problem, IOException {
        own(signed);
        int skip = cursor(signed.request().query());
        List<Order> page = orders.of(signed.account().id(), skip, PAGE + 1);
        var response = Response.json(200, resources.list(page.subList(0, Math.min(PAGE, page.size()))));
        if (page.size() <= PAGE) return response;
        String next = resources.url("orders", signed.account().id()) + "?cursor=" + (skip + PAGE);
        return response.with("link", "<" + next + ">;rel=\"next\"");
    }

    private static int cursor(String query) throws Problem {
        if (query.isEmpty()) return 0;
        if (!query.matches("cursor=[0-9]{1,6}")) throw Problem.malformed("unknown query");
        return Integer.parseInt(query.substring("cursor=".length()));
    }

    // RFC 8555, section 7.3.5: the outer signature is of the old key, the inner one of the new.
    private Response keyChange(Signed signed) throws Problem, IOException {
        if (signed.request().body().length > MAX_KEY_CHANGE)
            throw Problem.malformed("a change of a key has at most " + MAX_KEY_CHANGE + " octets");
        // Who follows the changes later knows the URL without one.
        if (!signed.request().query().isEmpty()) throw Problem.malformed("unknown query");
        Jws inner = Jws.parseInner(signed.jws().payload());
        ECKey key = inner.jwk().orElseThrow(() -> Problem.malformed("the inner JWS needs jwk"));
        inner.verify(key);
        if (!inner.url().equals(signed.jws().url())) throw Problem.malformed("the inner URL is another one");
        Map<String, Object> change = inner.json();
        Account account = signed.account();
        if (!resources.url("account", account.id()).equals(change.get("account")))
            throw Problem.malformed("the inner request names another account");
        if (!(change.get("oldKey") instanceof Map<?, ?>)
                || !Jws.thumbprint(Jws.key(change, "oldKey")).equals(account.thumbprint()))
            throw Problem.malformed("oldKey is not the account's key");
        String thumbprint = Jws.thumbprint(key), jwk = key.toPublicJWK().toJSONString();
        boolean changed = store.whole(session -> {
            // What is promised at this moment counts.
            session.crls().alone();
            checkNotCertified(session, key);
            if (!session.accounts().key(account, thumbprint, jwk)) return false;
            session.keyChanges().add(account.id(), signed.jws().flattened());
            return true;
        });
        if (changed) return said(200, byKey(thumbprint).orElseThrow(AcmeFront::unknownAccount));
        Account other = byKey(thumbprint)
                .orElseThrow(() -> new Problem("malformed", 409, "The account has another key already."));
        throw new Problem("malformed", 409, "That key is the one of an account already.")
                .at(resources.url("account", other.id()));
    }
}
