package dev.starling.ca.front;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.CaStore;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.text.ParseException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// ACME over HTTP (RFC 8555, sections 6 and 7) for identifier `email` with challenge `email-code-00`. Errors become
/// problem documents here and nowhere else.
public final class AcmeFront {
    private static final String ERROR = "urn:ietf:params:acme:error:";

    private interface Task {
        Response run(Jws jws, String account, Request request) throws Problem, IOException;
    }

    private final String base;
    private final CaStore store;
    private final Orders orders;
    private final RateLimit requests;
    private final Nonces nonces = new Nonces();

    /// @param base URL under which clients reach this, for example `http://127.0.0.1:8787`
    public AcmeFront(String base, CaStore store, Orders orders, RateLimit requests) {
        this.base = base;
        this.store = store;
        this.orders = orders;
        this.requests = requests;
    }

    public void mount(Routes routes) {
        routes.get("/acme/directory", _ -> finish(Response.json(200, directory())));
        routes.get("/acme/new-nonce", _ -> finish(Response.empty(204)));
        post(routes, "/acme/new-account", this::newAccount);
        post(routes, "/acme/new-order", this::newOrder);
        post(routes, "/acme/order/", this::order);
        post(routes, "/acme/authz/", this::authorization);
        post(routes, "/acme/challenge/", this::challenge);
        post(routes, "/acme/finalize/", this::finalizeOrder);
        post(routes, "/acme/certificate/", this::certificate);
    }

    private void post(Routes routes, String path, Task task) {
        routes.on("POST", path, Jws.MAX_BYTES, request -> finish(guarded(request, task)));
    }

    private Response guarded(Request request, Task task) throws IOException {
        try {
            if (!requests.allows(request.remote()))
                throw new Problem("rateLimited", 429, "Too many requests from your network.");
            Jws jws = Jws.parse(request.body());
            if (!jws.url().equals(base + request.path()))
                throw new Problem("unauthorized", 403, "The signed URL is another one.");
            boolean newAccount = request.path().equals("/acme/new-account");
            if (newAccount != jws.jwk().isPresent())
                throw Problem.malformed("jwk only for a new account, kid elsewhere");
            String account = newAccount ? "" : account(jws);
            if (newAccount) jws.verify(jws.jwk().orElseThrow());
            else jws.verify(key(account));
            // After the signature, so that nobody can use up another's nonce.
            if (!nonces.use(jws.nonce())) throw new Problem("badNonce", 400, "This nonce was used or is too old.");
            return task.run(jws, account, request);
        } catch (Problem e) {
            return Response.problem(e.status(), ERROR + e.type(), e.detail());
        }
    }

    private Response finish(Response response) {
        return response.with("replay-nonce", nonces.fresh())
                .with("cache-control", "no-store")
                .with(
                        "link",
                        response.headers().containsKey("link")
                                ? response.headers().get("link") + ", " + index()
                                : index());
    }

    private String index() {
        return "<" + base + "/acme/directory>;rel=\"index\"";
    }

    private String directory() {
        return "{\"newNonce\":\"" + base + "/acme/new-nonce\",\"newAccount\":\"" + base
                + "/acme/new-account\",\"newOrder\":\"" + base
                + "/acme/new-order\",\"meta\":{\"externalAccountRequired\":false}}";
    }

    private String account(Jws jws) throws Problem {
        String prefix = base + "/acme/account/";
        String kid = jws.kid().orElse("");
        if (!kid.startsWith(prefix)) throw new Problem("accountDoesNotExist", 400, "No such account.");
        return kid.substring(prefix.length());
    }

    private ECKey key(String account) throws Problem, IOException {
        Optional<String> jwk = store.accountKey(account);
        if (jwk.isEmpty()) throw new Problem("accountDoesNotExist", 400, "No such account.");
        try {
            return ECKey.parse(jwk.get());
        } catch (ParseException e) {
            throw new IOException("account key", e);
        }
    }

    private Response newAccount(Jws jws, String none, Request request) throws Problem, IOException {
        ECKey key = jws.jwk().orElseThrow();
        String thumbprint = Jws.thumbprint(key);
        Optional<String> known = store.accountByThumbprint(thumbprint);
        if (known.isEmpty() && Boolean.TRUE.equals(jws.json().get("onlyReturnExisting")))
            throw new Problem("accountDoesNotExist", 400, "No such account.");
        String id = known.orElseGet(AcmeFront::random);
        if (known.isEmpty()) store.addAccount(id, thumbprint, key.toPublicJWK().toJSONString());
        return Response.json(known.isPresent() ? 200 : 201, "{\"status\":\"valid\"}")
                .with("location", base + "/acme/account/" + id);
    }

    private Response newOrder(Jws jws, String account, Request request) throws Problem, IOException {
        if (!(jws.json().get("identifiers") instanceof List<?> list)
                || list.size() != 1
                || !(list.getFirst() instanceof Map<?, ?> identifier))
            throw Problem.malformed("exactly one identifier");
        if (!"email".equals(identifier.get("type")) || !(identifier.get("value") instanceof String value))
            throw new Problem("unsupportedIdentifier", 400, "Only e-mail addresses are certified here.");
        var order = orders.create(
                account,
                value,
                RateLimit.network(request.remote()),
                request.header("accept-language").orElse(""));
        return Response.json(201, json(order)).with("location", base + "/acme/order/" + order.id());
    }

    private CaStore.Order find(String account, Request request) throws Problem, IOException {
        return orders.order(request.path().substring(request.path().lastIndexOf('/') + 1), account);
    }

    private Response order(Jws jws, String account, Request request) throws Problem, IOException {
        return Response.json(200, json(find(account, request)));
    }

    private Response authorization(Jws jws, String account, Request request) throws Problem, IOException {
        var order = find(account, request);
        return Response.json(
                200,
                "{\"identifier\":" + identifier(order) + ",\"status\":\"" + proof(order) + "\",\"expires\":\""
                        + Instant.ofEpochSecond(order.expires()) + "\",\"challenges\":[" + challenge(order) + "]}");
    }

    private Response challenge(Jws jws, String account, Request request) throws Problem, IOException {
        var order = find(account, request);
        Map<String, Object> json = jws.payload().length == 0 ? Map.of() : jws.json();
        if (json.get("response") instanceof String response)
            order = orders.answer(order, Jws.thumbprint(key(account)), response);
        return Response.json(200, challenge(order))
                .with("link", "<" + base + "/acme/authz/" + order.id() + ">;rel=\"up\"");
    }

    private Response finalizeOrder(Jws jws, String account, Request request) throws Problem, IOException {
        var order = find(account, request);
        if (!(jws.json().get("csr") instanceof String csr)) throw Problem.malformed("no csr");
        return Response.json(200, json(orders.finish(order, new Base64URL(csr).decode())))
                .with("location", base + "/acme/order/" + order.id());
    }

    private Response certificate(Jws jws, String account, Request request) throws Problem, IOException {
        var order = find(account, request);
        if (order.chain().isEmpty()) throw new Problem("malformed", 404, "Not issued yet.");
        return Response.of(
                200, "application/pem-certificate-chain", order.chain().getBytes(StandardCharsets.US_ASCII));
    }

    private String json(CaStore.Order order) {
        String url = base + "/acme/";
        return "{\"status\":\"" + order.status() + "\",\"expires\":\"" + Instant.ofEpochSecond(order.expires())
                + "\",\"identifiers\":["
                + identifier(order) + "],\"authorizations\":[\"" + url + "authz/" + order.id() + "\"],\"finalize\":\""
                + url + "finalize/" + order.id()
                + "\""
                + (order.chain().isEmpty() ? "" : ",\"certificate\":\"" + url + "certificate/" + order.id() + "\"")
                + "}";
    }

    private static String identifier(CaStore.Order order) {
        return "{\"type\":\"email\",\"value\":"
                + JSONObjectUtils.toJSONString(Map.of("v", order.address()))
                        .replaceFirst("^\\{\"v\":", "")
                        .replaceFirst("}$", "")
                + "}";
    }

    private String challenge(CaStore.Order order) {
        return "{\"type\":\"email-code-00\",\"url\":\"" + base + "/acme/challenge/" + order.id() + "\",\"status\":\""
                + proof(order) + "\",\"token\":\"" + order.part2() + "\"}";
    }

    private static String proof(CaStore.Order order) {
        return switch (order.status()) {
            case "ready", "valid" -> "valid";
            case "pending" -> "pending";
            default -> "invalid";
        };
    }

    private static String random() {
        byte[] bytes = new byte[16];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
