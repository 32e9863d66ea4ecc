package dev.starling.ca.front;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.CaStore;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/// ACME over HTTP (RFC 8555, section 6): who signs a request, that it counts once, how often a network may ask. What is
/// asked for is done in [AccountResource], [OrderResource] and [RevocationResource]. Errors become problem documents
/// here
/// and nowhere else.
public final class AcmeFront {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final int MOST_USED_NONCES = 100_000;
    private static final Duration BREATH = Duration.ofSeconds(30), TROUBLE = Duration.ofMinutes(1);

    /// A request that an account has signed.
    record Signed(Jws jws, Account account, Request request) {
        /// The last part of `/acme/KIND/ID`; "" when there is none or more.
        String id() {
            String[] parts = request.path().split("/", -1);
            return parts.length == 4 ? parts[3] : "";
        }
    }

    /// What an account may do with its own things.
    interface Task {
        Response run(Signed request) throws Problem, IOException;
    }

    interface Unguarded {
        Response run(Request request) throws Problem, IOException;
    }

    private final String base;
    private final CaStore store;
    private final Origin origin;
    private final RateLimit requests;
    private final Resources resources;
    private final Nonces nonces;

    /// @param requests signed requests of one network
    AcmeFront(Resources resources, CaStore store, Origin origin, RateLimit requests) throws IOException {
        this.base = resources.base();
        this.store = store;
        this.origin = origin;
        this.requests = requests;
        this.resources = resources;
        nonces = store.isShared() ? new SharedNonces(store, resources.clock()) : new OwnNonces(MOST_USED_NONCES);
    }

    void mount(Routes routes) {
        routes.get("/acme/directory", _ -> finish(Response.json(200, resources.directory())));
        // RFC 8555, section 7.2.
        routes.get(
                "/acme/new-nonce",
                request -> finish(Response.empty(request.method().equals("HEAD") ? 200 : 204)));
        // Section 6.3: by POST-as-GET, too.
        read(routes, "/acme/directory", () -> Response.json(200, resources.directory()));
        read(routes, "/acme/new-nonce", () -> Response.empty(204));
    }

    private void read(Routes routes, String path, Supplier<Response> said) {
        routes.on(
                "POST",
                path,
                Jws.MAX_BYTES,
                request -> finish(guarded(request, each -> {
                    if (byAccount(parsed(each), each).jws().payload().length > 0)
                        throw Problem.malformed("There is nothing to be said here.");
                    return said.get();
                })));
    }

    /// Requests to `path` that an active account has signed.
    void signed(Routes routes, String path, Task task) {
        post(routes, path, request -> task.run(byAccount(parsed(request), request)));
    }

    /// Requests to `path`, whoever signed them.
    void post(Routes routes, String path, Unguarded task) {
        routes.on("POST", path, Jws.MAX_BYTES, request -> finish(guarded(request, task)));
        // RFC 8555, section 6.3: resources are read by POST-as-GET.
        routes.get(
                path,
                _ -> finish(problem(new Problem("malformed", 405, "Read this by POST-as-GET."))
                        .with("allow", "POST")));
    }

    /// Requests that nobody signs.
    void plain(Routes routes, String method, String path, int mostBytes, Unguarded task) {
        routes.on(method, path, mostBytes, request -> finish(answered(request, task)));
    }

    /// What everybody may read, unsigned.
    void open(Routes routes, String path, Unguarded task) {
        routes.get(path, request -> finish(answered(request, task)));
    }

    private Response guarded(Request request, Unguarded task) {
        // RFC 8555, section 6.2.
        String type = request.header("content-type").orElse("").replaceFirst("\\s*;.*", "");
        return answered(request, each -> {
            if (!type.toLowerCase(Locale.ROOT).equals("application/jose+json"))
                throw new Problem("malformed", 415, "The Content-Type must be application/jose+json.");
            return task.run(each);
        });
    }

    private Response answered(Request request, Unguarded task) {
        try {
            if (!requests.allows(origin.of(request)))
                throw Problem.rateLimited("Too many requests from your network.", BREATH);
            return task.run(request);
        } catch (Problem e) {
            return problem(e);
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "request failed", e);
            return problem(Problem.later(
                    "serverInternal", 500, "The CA could not do this now. Try again in a minute.", TROUBLE));
        }
    }

    Jws parsed(Request request) throws Problem {
        Jws jws = Jws.parse(request.body());
        // RFC 8555, section 6.4.
        if (!jws.url().equals(base + request.target()))
            throw new Problem("unauthorized", 403, "The signed URL is another one.");
        return jws;
    }

    // The nonce after the signature, so that nobody can use up another's.
    void verify(Jws jws, ECKey key) throws Problem, IOException {
        jws.verify(key);
        if (!nonces.use(jws.nonce())) throw new Problem("badNonce", 400, "This nonce was used or is too old.");
    }

    /// The active account that signed it.
    Signed byAccount(Jws jws, Request request) throws Problem, IOException {
        Account account = account(jws);
        verify(jws, key(account));
        checkActive(account);
        return new Signed(jws, account, request);
    }

    static void checkActive(Account account) throws Problem {
        if (!account.isActive()) throw new Problem("unauthorized", 401, "This account was deactivated.");
    }

    private Account account(Jws jws) throws Problem, IOException {
        // RFC 8555, section 6.2: jwk only for a new account.
        String kid = jws.kid().orElseThrow(() -> Problem.malformed("kid is needed here, not jwk"));
        String prefix = resources.url("account", "");
        Optional<Account> known = kid.startsWith(prefix)
                ? store.in(session -> session.accounts().byId(kid.substring(prefix.length())))
                : Optional.empty();
        return known.orElseThrow(AcmeFront::unknownAccount);
    }

    static Problem unknownAccount() {
        return new Problem("accountDoesNotExist", 400, "No such account.");
    }

    static ECKey key(Account account) throws IOException {
        try {
            return ECKey.parse(account.jwk());
        } catch (ParseException e) {
            throw new IOException("the stored key of account " + account.id() + " cannot be read", e);
        }
    }

    private static Response problem(Problem e) {
        var json = new LinkedHashMap<String, Object>();
        json.put("type", Problem.URN + e.type());
        json.put("status", e.status());
        json.put("detail", e.detail());
        // RFC 8555, section 6.2.
        if (e.type().equals("badSignatureAlgorithm")) json.put("algorithms", List.of("ES256"));
        // Section 7.3.3.
        if (!e.terms().isEmpty()) json.put("instance", e.terms());
        var response = Response.of(
                e.status(), "application/problem+json", Json.write(json).getBytes(StandardCharsets.UTF_8));
        var located = e.location().isEmpty() ? response : response.with("location", e.location());
        if (!e.terms().isEmpty()) located = located.with("link", "<" + e.terms() + ">;rel=\"terms-of-service\"");
        return e.retryAfter().isEmpty()
                ? located
                : located.with(
                        "retry-after", String.valueOf(e.retryAfter().get().toSeconds()));
    }

    // RFC 8555, sections 6.5 and 7.1: a nonce for the next request, also with errors; the way to the
    // directory.
    private Response finish(Response response) {
        String up = response.headers().getOrDefault("link", "");
        return response.with("replay-nonce", nonces.fresh())
                .with("cache-control", "no-store")
                .with("link", up.isEmpty() ? resources.index() : up + ", " + resources.index());
    }
}
