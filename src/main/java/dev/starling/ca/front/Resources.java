package dev.starling.ca.front;

import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.ca.validation.ProofKey;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The objects of RFC 8555, section 7.1, as JSON, and their URLs below `base`.
///
/// @param terms URL of the terms of service; "" for none
/// @param sender of the challenge mails (RFC 8823, section 3); "" where replies are not taken
/// @param issuer the name by which CAA records know it
/// @param external who may have an account
record Resources(
        String base, String terms, String sender, Optional<String> issuer, Front.External external, Clock clock) {
    String url(String kind, String id) {
        return base + "/acme/" + kind + "/" + id;
    }

    String index() {
        return "<" + base + "/acme/directory>;rel=\"index\"";
    }

    String directory() {
        var meta = ordered("externalAccountRequired", external.required());
        if (!terms.isEmpty()) meta.put("termsOfService", terms);
        issuer.ifPresent(name -> meta.put("caaIdentities", List.of(name)));
        return Json.write(ordered(
                "newNonce",
                base + "/acme/new-nonce",
                "newAccount",
                base + "/acme/new-account",
                "newOrder",
                base + "/acme/new-order",
                "newAuthz",
                base + "/acme/new-authz",
                "revokeCert",
                base + "/acme/revoke-cert",
                "keyChange",
                base + "/acme/key-change",
                "renewalInfo",
                base + "/acme/renewal-info",
                "starlingCertificates",
                base + "/acme/certificates",
                "meta",
                meta));
    }

    /// @param binding what [dev.starling.ca.registration.ExternalAccounts#bind] was given; "" for none
    String account(Account account, String binding) {
        var json = ordered("status", word(account.status()));
        if (!account.contact().isEmpty()) json.put("contact", account.contact());
        json.put("orders", url("orders", account.id()));
        // Section 7.3.4: the same value.
        if (!binding.isEmpty())
            json.put("externalAccountBinding", Json.known(binding).get("is"));
        return Json.write(json);
    }

    String list(List<Order> all) {
        return Json.write(Map.of(
                "orders", all.stream().map(o -> url("order", o.id())).toList()));
    }

    String order(Order order) {
        boolean over = order.isOver(clock.instant().getEpochSecond());
        var json = ordered(
                "status",
                over ? "invalid" : word(order.status()),
                "expires",
                time(order.expires()),
                "identifiers",
                List.of(identifier(order.type(), order.value())),
                "authorizations",
                List.of(url("authz", order.authorization())),
                "finalize",
                url("finalize", order.id()));
        if (order.status() == Order.Status.INVALID) error(json, order.error());
        if (!order.replaces().isEmpty()) json.put("replaces", order.replaces());
        if (order.status() == Order.Status.VALID) json.put("certificate", url("certificate", order.id()));
        return Json.write(json);
    }

    // RFC 8555, section 7.1.6: a proof that was valid expires, one that never was becomes invalid.
    String authorization(Authorization authorization, List<Challenge> challenges) {
        return Json.write(ordered(
                "identifier",
                identifier(authorization.type(), authorization.value()),
                "status",
                status(authorization),
                "expires",
                time(authorization.expires()),
                "challenges",
                // Section 7.1.4: of one that is valid, the challenge that proved it.
                challenges.stream()
                        .filter(each ->
                                authorization.validated() == 0 || each.type().equals(authorization.proof()))
                        .map(each -> members(authorization, each))
                        .toList()));
    }

    String challenge(Authorization authorization, Challenge challenge) {
        return Json.write(members(authorization, challenge));
    }

    private boolean isOver(Authorization authorization) {
        return authorization.isOver(clock.instant().getEpochSecond());
    }

    private String status(Authorization authorization) {
        if (!isOver(authorization)) return word(authorization.status());
        return switch (authorization.status()) {
            case VALID -> "expired";
            case PENDING -> "invalid";
            default -> word(authorization.status());
        };
    }

    private Map<String, Object> members(Authorization authorization, Challenge challenge) {
        boolean over = challenge.isOpen() && isOver(authorization);
        var json = ordered(
                "type",
                challenge.type(),
                "url",
                url("challenge", challenge.id()),
                "status",
                over ? "invalid" : word(challenge.status()),
                "token",
                challenge.token());
        if (challenge.type().equals("email-reply-00")) json.put("from", sender);
        // So that a client takes no other mail for that of its own order.
        if (challenge.type().startsWith("email-")) json.put("begins", ProofKey.begins(authorization.id()));
        if (challenge.validated() > 0) json.put("validated", time(challenge.validated()));
        // What is wrong with the answer, or else with the mail.
        error(json, challenge.error().isNone() ? authorization.error() : challenge.error());
        return json;
    }

    private static String word(Enum<?> status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    private static String time(long seconds) {
        return Instant.ofEpochSecond(seconds).toString();
    }

    private static void error(Map<String, Object> json, Fault fault) {
        if (!fault.isNone()) json.put("error", ordered("type", Problem.URN + fault.type(), "detail", fault.detail()));
    }

    private static Map<String, Object> identifier(String type, String value) {
        return ordered("type", type, "value", value);
    }

    static Map<String, Object> ordered(Object... namesAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2)
            map.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        return map;
    }
}
