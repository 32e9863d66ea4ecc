package dev.starling.ca.front;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.CaStore.Account;
import dev.starling.ca.store.Order;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// ACME over HTTP (RFC 8555, sections 6 and 7) for identifier `email` with challenge `email-code-00`. Errors
/// become problem documents here and nowhere else.
public final class AcmeFront {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final int MOST_USED_NONCES = 100_000;
    private static final int MAX_LANGUAGE = 100;
    private static final Duration BREATH = Duration.ofSeconds(30);

    /// What an account may do with its own things.
    private interface Task {
        Response run(Jws jws, Account account, Request request) throws Problem, IOException;
    }

    private interface Unguarded {
        Response run(Request request) throws Problem, IOException;
    }

    private final String base;
    private final CaStore store;
    private final Orders orders;
    private final Resources resources;
    private final Origin origin;
    private final RateLimit requests;
    private final RateLimit accounts;
    private final Clock clock;
    private final Nonces nonces = new Nonces(MOST_USED_NONCES);

    /// @param base URL under which clients reach this, without a slash at the end
    /// @param requests signed requests of one network
    /// @param accounts new accounts of one network
    public AcmeFront(
            String base,
            CaStore store,
            Orders orders,
            Origin origin,
            RateLimit requests,
            RateLimit accounts,
            Clock clock) {
        this.base = base;
        this.store = store;
        this.orders = orders;
        this.resources = new Resources(base, orders);
        this.origin = origin;
        this.requests = requests;
        this.accounts = accounts;
        this.clock = clock;
    }

    public void mount(Routes routes) {
        routes.get("/acme/directory", _ -> finish(Response.json(200, resources.directory())));
        // RFC 8555, section 7.2.
        routes.get(
                "/acme/new-nonce",
                request -> finish(Response.empty(request.method().equals("HEAD") ? 200 : 204)));
        post(routes, "/acme/new-account", this::newAccount);
        signed(routes, "/acme/new-order", this::newOrder);
        signed(routes, "/acme/account/", this::account);
        signed(routes, "/acme/orders/", this::list);
        signed(routes, "/acme/order/", this::order);
        signed(routes, "/acme/authz/", this::authorization);
        signed(routes, "/acme/challenge/", this::challenge);
        signed(routes, "/acme/finalize/", this::finalizeOrder);
        signed(routes, "/acme/certificate/", this::certificate);
    }

    private void signed(Routes routes, String path, Task task) {
        post(routes, path, request -> {
            Jws jws = parsed(request);
            Account account = account(jws);
            verify(jws, key(account));
            if (!account.active()) throw new Problem("unauthorized", 401, "This account was deactivated.");
            return task.run(jws, account, request);
        });
    }

    private void post(Routes routes, String path, Unguarded task) {
        routes.on("POST", path, Jws.MAX_BYTES, request -> finish(guarded(request, task)));
        // RFC 8555, section 6.3: resources are read by POST-as-GET.
        routes.get(path, _ -> finish(problem(new Problem("malformed", 405, "Read this by POST-as-GET."))));
    }

    private Response guarded(Request request, Unguarded task) {
        try {
            if (!requests.allows(origin.of(request)))
                throw Problem.rateLimited("Too many requests from your network.", BREATH);
            // RFC 8555, section 6.2.
            String type = request.header("content-type").orElse("").replaceFirst("\\s*;.*", "");
            if (!type.toLowerCase(Locale.ROOT).equals("application/jose+json"))
                throw new Problem("malformed", 415, "The Content-Type must be application/jose+json.");
            return task.run(request);
        } catch (Problem e) {
            return problem(e);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "request failed", e);
            return problem(new Problem("serverInternal", 500, "The CA could not do this now."));
        }
    }

    private Jws parsed(Request request) throws Problem {
        Jws jws = Jws.parse(request.body());
        // RFC 8555, section 6.4.
        if (!jws.url().equals(base + request.target()))
            throw new Problem("unauthorized", 403, "The signed URL is another one.");
        return jws;
    }

    // The nonce after the signature, so that nobody can use up another's.
    private void verify(Jws jws, ECKey key) throws Problem {
        jws.verify(key);
        if (!nonces.use(jws.nonce())) throw new Problem("badNonce", 400, "This nonce was used or is too old.");
    }

    private Account account(Jws jws) throws Problem, IOException {
        // RFC 8555, section 6.2: jwk only for a new account.
        String kid = jws.kid().orElseThrow(() -> Problem.malformed("kid is needed here, not jwk"));
        String prefix = resources.url("account", "");
        Optional<Account> known =
                kid.startsWith(prefix) ? store.account(kid.substring(prefix.length())) : Optional.empty();
        return known.orElseThrow(AcmeFront::unknownAccount);
    }

    private static Problem unknownAccount() {
        return new Problem("accountDoesNotExist", 400, "No such account.");
    }

    private static ECKey key(Account account) throws IOException {
        try {
            return ECKey.parse(account.jwk());
        } catch (ParseException e) {
            throw new IOException("the stored key of account " + account.id() + " cannot be read", e);
        }
    }

    private Response newAccount(Request request) throws Problem, IOException {
        Jws jws = parsed(request);
        ECKey key = jws.jwk().orElseThrow(() -> Problem.malformed("jwk is needed here, not kid"));
        verify(jws, key);
        boolean existing = Boolean.TRUE.equals(jws.json().get("onlyReturnExisting"));
        String thumbprint = Jws.thumbprint(key);
        Optional<Account> known = store.accountByThumbprint(thumbprint);
        if (known.isEmpty()) {
            if (existing) throw unknownAccount();
            if (!accounts.allows(origin.of(request)))
                throw Problem.rateLimited("Too many new accounts from your network.", BREATH);
            String jwk = key.toPublicJWK().toJSONString();
            store.addAccount(random(), thumbprint, jwk, clock.instant().getEpochSecond());
        }
        Account account = store.accountByThumbprint(thumbprint).orElseThrow(AcmeFront::unknownAccount);
        if (!account.active()) throw new Problem("unauthorized", 401, "This account was deactivated.");
        return Response.json(known.isPresent() ? 200 : 201, resources.account(account))
                .with("location", resources.url("account", account.id()));
    }

    private Response account(Jws jws, Account account, Request request) throws Problem, IOException {
        own(account, request);
        // RFC 8555, sections 7.3.2 and 7.3.6: everything but a deactivation is ignored.
        if (jws.payload().length > 0 && "deactivated".equals(jws.json().get("status"))) store.deactivate(account.id());
        var now = store.account(account.id()).orElseThrow(AcmeFront::unknownAccount);
        return Response.json(200, resources.account(now)).with("location", resources.url("account", account.id()));
    }

    private Response list(Jws jws, Account account, Request request) throws Problem, IOException {
        own(account, request);
        return Response.json(200, resources.list(orders.of(account.id())));
    }

    private static void own(Account account, Request request) throws Problem {
        if (!id(request).equals(account.id()))
            throw new Problem("unauthorized", 403, "This belongs to another account.");
    }

    private Response newOrder(Jws jws, Account account, Request request) throws Problem, IOException {
        Map<String, Object> json = jws.json();
        // RFC 8555, section 7.4: what cannot be fulfilled as asked is an error.
        if (json.containsKey("notBefore") || json.containsKey("notAfter"))
            throw Problem.malformed("The time of validity cannot be chosen.");
        if (!(json.get("identifiers") instanceof List<?> list)
                || list.size() != 1
                || !(list.getFirst() instanceof Map<?, ?> identifier))
            throw Problem.malformed("Exactly one identifier is certified at a time.");
        if (!"email".equals(identifier.get("type")) || !(identifier.get("value") instanceof String value))
            throw new Problem("unsupportedIdentifier", 400, "Only e-mail addresses are certified here.");
        String language = request.header("accept-language").orElse("");
        var order = orders.create(
                account.id(),
                value,
                RateLimit.network(origin.of(request)),
                language.length() > MAX_LANGUAGE ? "" : language);
        return Response.json(201, resources.order(order)).with("location", resources.url("order", order.id()));
    }

    private static String id(Request request) {
        // /acme/KIND/ID
        String[] parts = request.path().split("/", -1);
        return parts.length == 4 ? parts[3] : "";
    }

    private Order find(Account account, Request request) throws Problem, IOException {
        return orders.order(id(request), account.id());
    }

    private Response order(Jws jws, Account account, Request request) throws Problem, IOException {
        return Response.json(200, resources.order(find(account, request)));
    }

    private Response authorization(Jws jws, Account account, Request request) throws Problem, IOException {
        return Response.json(200, resources.authorization(find(account, request)));
    }

    private Response challenge(Jws jws, Account account, Request request) throws Problem, IOException {
        var order = find(account, request);
        Map<String, Object> json = jws.payload().length == 0 ? Map.of() : jws.json();
        if (json.get("response") instanceof String response)
            order = orders.answer(order, Jws.thumbprint(key(account)), response);
        return Response.json(200, resources.challenge(order))
                .with("link", "<" + resources.url("authz", order.id()) + ">;rel=\"up\"");
    }

    private Response finalizeOrder(Jws jws, Account account, Request request) throws Problem, IOException {
        var order = find(account, request);
        var done = orders.finish(order, Json.bytes(Json.text(jws.json(), "csr")));
        return Response.json(200, resources.order(done)).with("location", resources.url("order", order.id()));
    }

    private Response certificate(Jws jws, Account account, Request request) throws Problem, IOException {
        var order = find(account, request);
        if (order.chain().isEmpty()) throw new Problem("malformed", 404, "Not issued yet.");
        return Response.of(
                200, "application/pem-certificate-chain", order.chain().getBytes(StandardCharsets.US_ASCII));
    }

    private static Response problem(Problem e) {
        var json = new LinkedHashMap<String, Object>();
        json.put("type", Problem.URN + e.type());
        json.put("status", e.status());
        json.put("detail", e.detail());
        // RFC 8555, section 6.2.
        if (e.type().equals("badSignatureAlgorithm")) json.put("algorithms", List.of("ES256"));
        var response = Response.of(
                e.status(), "application/problem+json", Json.write(json).getBytes(StandardCharsets.UTF_8));
        return e.retryAfter()
                .map(wait -> response.with("retry-after", String.valueOf(wait.toSeconds())))
                .orElse(response);
    }

    // RFC 8555, sections 6.5 and 7.1: a nonce for the next request, also with errors; the way to the
    // directory.
    private Response finish(Response response) {
        String up = response.headers().getOrDefault("link", "");
        return response.with("replay-nonce", nonces.fresh())
                .with("cache-control", "no-store")
                .with("link", up.isEmpty() ? resources.index() : up + ", " + resources.index());
    }

    private static String random() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
