package dev.starling.ca.front;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.front.AcmeFront.Signed;
import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.registration.RenewalId;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Order;
import dev.starling.web.RateLimit;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Orders, authorizations, challenges and certificates (RFC 8555, sections 7.4 and 7.5) for identifier `email`.
final class OrderResource {
    private static final int MAX_LANGUAGE = 100;
    private static final String SOON = "3", LATER = "15";

    private final AcmeFront front;
    private final Resources resources;
    private final Orders orders;
    private final Authorizations authorizations;
    private final Origin origin;

    OrderResource(AcmeFront front, Resources resources, Orders orders, Authorizations authorizations, Origin origin) {
        this.front = front;
        this.resources = resources;
        this.orders = orders;
        this.authorizations = authorizations;
        this.origin = origin;
    }

    void mount(Routes routes) {
        front.signed(routes, "/acme/new-order", this::newOrder);
        front.signed(routes, "/acme/new-authz", this::newAuthorization);
        front.signed(routes, "/acme/order/", signed -> said(200, find(signed)));
        front.signed(routes, "/acme/authz/", this::authorization);
        front.signed(routes, "/acme/challenge/", this::challenge);
        front.signed(routes, "/acme/finalize/", this::finish);
        front.signed(routes, "/acme/certificate/", this::certificate);
    }

    private Response newOrder(Signed signed) throws Problem, IOException {
        Map<String, Object> json = signed.jws().json();
        // RFC 8555, section 7.4: what cannot be fulfilled as asked is an error.
        if (json.containsKey("notBefore") || json.containsKey("notAfter"))
            throw Problem.malformed("The time of validity cannot be chosen.");
        if (!(json.get("identifiers") instanceof List<?> list) || list.size() != 1)
            throw Problem.malformed("Exactly one identifier is certified at a time.");
        String value = address(list.getFirst());
        Order order = orders.create(asking(signed), value, RenewalId.in(json.get("replaces")));
        return said(201, order);
    }

    // RFC 8555, section 7.4.1: what is there already is shown, and no other mail goes out for it.
    private Response newAuthorization(Signed signed) throws Problem, IOException {
        String value = address(signed.jws().json().get("identifier"));
        var made = orders.authorize(asking(signed), value);
        Authorization authorization = authorizations.authorization(
                made.authorization(), signed.account().id());
        return Response.json(
                        made.fresh() ? 201 : 200,
                        resources.authorization(authorization, authorizations.challenges(authorization)))
                .with("location", resources.url("authz", authorization.id()));
    }

    private static String address(@Nullable Object member) throws Problem {
        if (!(member instanceof Map<?, ?> identifier))
            throw Problem.malformed("Exactly one identifier is certified at a time.");
        if ("email".equals(identifier.get("type")) && identifier.get("value") instanceof String value) return value;
        throw new Problem("unsupportedIdentifier", 400, "Only e-mail addresses are certified here.");
    }

    private Orders.Asking asking(Signed signed) {
        String language = signed.request().header("accept-language").orElse("");
        return new Orders.Asking(
                signed.account().id(),
                RateLimit.network(origin.of(signed.request())),
                language.length() > MAX_LANGUAGE ? "" : language);
    }

    private Response said(int status, Order order) {
        var response =
                Response.json(status, resources.order(order)).with("location", resources.url("order", order.id()));
        return order.status() == Order.Status.PROCESSING ? response.with("retry-after", SOON) : response;
    }

    private Order find(Signed signed) throws Problem, IOException {
        return orders.order(signed.id(), signed.account().id());
    }

    private Response authorization(Signed signed) throws Problem, IOException {
        Authorization authorization =
                authorizations.authorization(signed.id(), signed.account().id());
        // RFC 8555, section 7.5.2.
        if (signed.jws().payload().length > 0
                && "deactivated".equals(signed.jws().json().get("status"))) {
            authorizations.deactivate(authorization);
            authorization =
                    authorizations.authorization(signed.id(), signed.account().id());
        }
        return Response.json(200, resources.authorization(authorization, authorizations.challenges(authorization)));
    }

    private Response challenge(Signed signed) throws Problem, IOException {
        String account = signed.account().id();
        var challenge = authorizations.challenge(signed.id(), account);
        if (signed.jws().payload().length > 0) answer(signed, challenge);
        challenge = authorizations.challenge(signed.id(), account);
        Authorization authorization = authorizations.authorization(challenge.authorization(), account);
        var said = Response.json(200, resources.challenge(authorization, challenge));
        String wait = wait(authorization, challenge);
        return (wait.isEmpty() ? said : said.with("retry-after", wait))
                .with("link", "<" + resources.url("authz", authorization.id()) + ">;rel=\"up\"");
    }

    // RFC 8555, section 7.5.1: members that the type does not know are ignored, and one that it needs is needed.
    private void answer(Signed signed, Challenge challenge) throws Problem, IOException {
        Map<String, Object> json = signed.jws().json();
        if (challenge.type().equals(Authorizations.REPLY)) authorizations.ready(challenge);
        else
            authorizations.answer(
                    challenge, Jws.thumbprint(AcmeFront.key(signed.account())), Json.text(json, "response"));
    }

    // Section 8.2: a code that waits to be judged will be soon; when a reply comes, or a mail that met trouble is
    // taken,
    // nobody knows.
    private static String wait(Authorization authorization, Challenge challenge) {
        if (challenge.status() == Challenge.Status.PROCESSING)
            return challenge.type().equals(Authorizations.CODE) ? SOON : LATER;
        boolean troubled = challenge.isOpen()
                && !(challenge.error().isNone() && authorization.error().isNone());
        return troubled ? LATER : "";
    }

    private Response finish(Signed signed) throws Problem, IOException {
        Order order = find(signed);
        return said(
                200,
                orders.finish(
                        order,
                        Json.bytes(Json.text(signed.jws().json(), "csr")),
                        signed.request().body()));
    }

    private Response certificate(Signed signed) throws Problem, IOException {
        return Response.of(
                200,
                "application/pem-certificate-chain",
                orders.chain(find(signed)).getBytes(StandardCharsets.US_ASCII));
    }
}
