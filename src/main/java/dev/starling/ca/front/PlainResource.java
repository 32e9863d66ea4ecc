package dev.starling.ca.front;

import dev.starling.acme.Problem;
import dev.starling.ca.registration.PlainOrders;
import dev.starling.ca.store.Order;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A certificate without an ACME client: a PKCS#10 request (RFC 2986) is sent to `/acme/plain`, then the code from the
/// mail to the URL that the answer names; the certificate is in the answer to that, and comes by mail.
final class PlainResource {
    private static final String PATH = "/acme/plain";
    private static final int MAX_REQUEST = 8192, MAX_CODE = 200, MAX_LANGUAGE = 100;
    private static final Pattern PEM = Pattern.compile(
            "\\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\\s([A-Za-z0-9+/=\\s]*)-----END (?:NEW )?CERTIFICATE REQUEST-----\\s*");

    private final AcmeFront front;
    private final Resources resources;
    private final PlainOrders orders;
    private final Origin origin;

    PlainResource(AcmeFront front, Resources resources, PlainOrders orders, Origin origin) {
        this.front = front;
        this.resources = resources;
        this.orders = orders;
        this.origin = origin;
    }

    void mount(Routes routes) {
        front.plain(routes, "POST", PATH, MAX_REQUEST, this::create);
        front.plain(
                routes,
                "POST",
                PATH + "/",
                MAX_CODE,
                request -> said(orders.answer(id(request), request.text(), language(request))));
        front.plain(routes, "GET", PATH + "/", 0, request -> said(orders.find(id(request))));
    }

    private Response create(Request request) throws Problem, IOException {
        // A page of another site cannot send this type without asking first, so no visitor of it asks by accident.
        String type = request.header("content-type").orElse("").replaceFirst("\\s*;.*", "");
        if (!type.toLowerCase(Locale.ROOT).equals("application/pkcs10"))
            throw new Problem("malformed", 415, "Send a certificate request, with Content-Type: application/pkcs10.");
        var open = orders.create(der(request.body()), RateLimit.network(origin.of(request)), language(request));
        return said(open).with("location", url(open));
    }

    private String url(PlainOrders.Open open) {
        return resources.url("plain", open.order().id());
    }

    private static String id(Request request) {
        return request.path().substring(PATH.length() + 1);
    }

    private static String language(Request request) {
        String language = request.header("accept-language").orElse("");
        return language.length() > MAX_LANGUAGE ? "" : language;
    }

    /// Of a request in PEM (RFC 7468, section 7) or DER.
    private static byte[] der(byte[] body) throws Problem {
        if (body.length > 0 && body[0] == 0x30) return body;
        Matcher pem = PEM.matcher(new String(body, StandardCharsets.ISO_8859_1));
        if (!pem.matches()) throw new Problem("badCSR", 400, "That is no certificate request, neither PEM nor DER.");
        try {
            return Base64.getDecoder().decode(pem.group(1).replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new Problem("badCSR", 400, "The certificate request is not whole.");
        }
    }

    private Response said(PlainOrders.Open open) throws Problem, IOException {
        Order order = open.order();
        boolean waits = order.status() == Order.Status.PENDING || order.status() == Order.Status.READY;
        if (waits && orders.isOver(open))
            throw new Problem("orderNotReady", 403, "The code did not come in time. Send the request again.");
        return switch (order.status()) {
            case VALID ->
                Response.of(
                        200,
                        "application/pem-certificate-chain",
                        orders.chain(open).getBytes(StandardCharsets.US_ASCII));
            case INVALID ->
                throw new Problem(open.fault().type(), 403, open.fault().detail());
            case PROCESSING -> words("The mailbox is proven; the certificate is being made. Ask again soon.\n");
            case READY ->
                words(
                        "The mailbox is proven, but the certificate could not be made. Send the code again, to this URL:\n\n    "
                                + url(open) + "\n");
            case PENDING -> words(waits(open));
        };
    }

    private static Response words(String text) {
        return Response.of(202, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8))
                .with("retry-after", "3");
    }

    private String waits(PlainOrders.Open open) {
        String mail = open.fault().isNone()
                ? "A mail with a code is on its way to " + open.order().value() + "."
                : open.fault().detail();
        return mail + "\nSend the code to this URL, and the certificate is in the answer:\n\n    " + url(open) + "\n";
    }
}
