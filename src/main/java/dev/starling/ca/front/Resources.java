package dev.starling.ca.front;

import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The objects of RFC 8555, section 7.1, as JSON, and their URLs below `base`.
record Resources(String base, Orders orders) {
    String url(String kind, String id) {
        return base + "/acme/" + kind + "/" + id;
    }

    String index() {
        return "<" + base + "/acme/directory>;rel=\"index\"";
    }

    String directory() {
        return Json.write(ordered(
                "newNonce",
                base + "/acme/new-nonce",
                "newAccount",
                base + "/acme/new-account",
                "newOrder",
                base + "/acme/new-order",
                "meta",
                Map.of("externalAccountRequired", false)));
    }

    /// Without contacts: none are kept.
    String account(CaStore.Account account) {
        return Json.write(
                ordered("status", account.active() ? "valid" : "deactivated", "orders", url("orders", account.id())));
    }

    String list(List<Order> all) {
        return Json.write(Map.of(
                "orders", all.stream().map(o -> url("order", o.id())).toList()));
    }

    String order(Order order) {
        var json = ordered(
                "status",
                orders.isOver(order) ? "invalid" : order.status().name().toLowerCase(Locale.ROOT),
                "expires",
                Instant.ofEpochSecond(order.expires()).toString(),
                "identifiers",
                List.of(identifier(order)),
                "authorizations",
                List.of(url("authz", order.id())),
                "finalize",
                url("finalize", order.id()));
        if (!order.error().isEmpty() && order.status() == Order.Status.INVALID) json.put("error", error(order));
        if (order.status() == Order.Status.VALID) json.put("certificate", url("certificate", order.id()));
        return Json.write(json);
    }

    // RFC 8555, section 7.1.6: a proof that was valid expires, one that never was becomes invalid.
    String authorization(Order order) {
        boolean expired = orders.isOver(order) && order.validated() > 0;
        return Json.write(ordered(
                "identifier",
                identifier(order),
                "status",
                expired ? "expired" : proof(order),
                "expires",
                Instant.ofEpochSecond(order.expires()).toString(),
                "challenges",
                List.of(challengeMembers(order))));
    }

    String challenge(Order order) {
        return Json.write(challengeMembers(order));
    }

    private Map<String, Object> challengeMembers(Order order) {
        var json = ordered(
                "type",
                "email-code-00",
                "url",
                url("challenge", order.id()),
                "status",
                proof(order),
                "token",
                order.part2());
        if (order.validated() > 0)
            json.put("validated", Instant.ofEpochSecond(order.validated()).toString());
        if (!order.error().isEmpty()) json.put("error", error(order));
        return json;
    }

    private String proof(Order order) {
        if (order.validated() > 0) return "valid";
        return order.status() == Order.Status.PENDING && !orders.isOver(order) ? "pending" : "invalid";
    }

    private static Map<String, Object> error(Order order) {
        return ordered(
                "type",
                Problem.URN + (order.tries() > 0 ? "incorrectResponse" : "connection"),
                "detail",
                order.error());
    }

    private static Map<String, Object> identifier(Order order) {
        return ordered("type", "email", "value", order.address());
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            map.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        return map;
    }
}
