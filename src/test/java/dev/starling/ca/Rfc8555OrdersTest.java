package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Keys;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// RFC 8555, sections 7.4 and 7.5: orders, authorizations and certificates, against the real front over HTTP.
class Rfc8555OrdersTest extends AcmeTest {
    // Section 7.4

    @Test
    void anOrderLeadsFromPendingToItsCertificate() throws Exception {
        var order = bob.order("Bob@Example.NET");
        assertEquals(201, order.status());
        String url = order.header("location");
        assertEquals("pending", order.text("status"));
        assertEquals(
                List.of(Map.of("type", "email", "value", BOB)), order.json().get("identifiers"));
        assertTrue(Instant.parse(order.text("expires")).isAfter(ca.clock.instant()));
        refused(404, "malformed", bob.post(url.replace("/order/", "/certificate/"), ""));

        var authorization = bob.post(order.first("authorizations"), "");
        assertEquals("pending", authorization.text("status"));
        assertEquals(Map.of("type", "email", "value", BOB), authorization.json().get("identifier"));
        var challenge = bob.challenge(order);
        assertEquals("email-code-00", challenge.get("type"));
        assertEquals("pending", challenge.get("status"));
        assertFalse(challenge.containsKey("validated"));

        var proven = bob.answer(challenge, ca.letters.last().code());
        assertEquals("valid", proven.text("status"));
        assertEquals(ca.clock.instant(), Instant.parse(proven.text("validated")));
        assertTrue(proven.header("link").contains("<" + order.first("authorizations") + ">;rel=\"up\""));
        assertEquals("ready", bob.post(url, "").text("status"));
        assertEquals("valid", bob.post(order.first("authorizations"), "").text("status"));

        var done = bob.finish(order, Csrs.of(BOB));
        assertEquals("valid", done.text("status"));
        assertEquals(url, done.header("location"));
        var certificate = bob.post(done.text("certificate"), "");
        assertEquals("application/pem-certificate-chain", certificate.header("content-type"));
        assertEquals(2, certificate.http().body().split("-----BEGIN CERTIFICATE-----", -1).length - 1);
        assertEquals(done.text("certificate"), bob.post(url, "").text("certificate"));
    }

    @Test
    void identifiersOfOtherKindsAreRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        refused(
                400,
                "unsupportedIdentifier",
                bob.post(url, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"example.net\"}]}"));
        refused(400, "unsupportedIdentifier", bob.post(url, "{\"identifiers\":[{\"type\":\"email\",\"value\":7}]}"));
        refused(400, "unsupportedIdentifier", bob.order("+4930123456"));
        for (String wrong : List.of(
                "",
                "bob",
                "bob@",
                "bob@localhost",
                "b\r\nBcc: x@example.net",
                "bob@[127.0.0.1]",
                "*@example.net",
                "b*@example.net",
                "bob@*.net")) refused(400, "rejectedIdentifier", bob.order(wrong));
        refused(400, "rejectedIdentifier", bob.order("postmaster@example.net"));
        assertEquals(0, ca.letters.all.size());
    }

    @Test
    void whatCannotBeFulfilledAsAskedIsRefused() throws Exception {
        String url = ca.base + "/acme/new-order", one = "{\"type\":\"email\",\"value\":\"bob@example.net\"}";
        refused(400, "malformed", bob.post(url, "{\"identifiers\":[" + one + "," + one + "]}"));
        refused(400, "malformed", bob.post(url, "{\"identifiers\":[]}"));
        refused(400, "malformed", bob.post(url, "{\"identifiers\":" + one + "}"));
        refused(400, "malformed", bob.post(url, "{}"));
        refused(400, "malformed", bob.post(url, ""));
        for (String time : List.of("notBefore", "notAfter"))
            refused(
                    400,
                    "malformed",
                    bob.post(url, "{\"identifiers\":[" + one + "],\"" + time + "\":\"2027-01-01T00:00:00Z\"}"));
        assertEquals(0, ca.letters.all.size());
    }

    // Section 7.4: the same identifier, in the request as in the order
    @Test
    void whoOrdersInCapitalsMayAskInCapitals() throws Exception {
        var order = proven("Bob@Example.NET");
        assertEquals("valid", bob.finish(order, Csrs.of("Bob@Example.NET")).text("status"));
        refused(400, "badCSR", bob.finish(bob.order(BOB), Csrs.of("Bobby@Example.NET")));
    }

    // Section 7.5.1
    @Test
    void anAnswerWithoutTheCodeIsAnError() throws Exception {
        var challenge = bob.challenge(bob.order(BOB));
        String url = String.valueOf(challenge.get("url"));
        for (String payload : List.of("{}", "{\"response\":7}", "{\"other\":\"x\"}"))
            refused(400, "malformed", bob.post(url, payload));
        assertEquals("pending", bob.post(url, "").text("status"));
    }

    @Test
    void onlyAnOrderThatIsReadyIsFinalized() throws Exception {
        var pending = bob.order(BOB);
        refused(403, "orderNotReady", bob.finish(pending, Csrs.of(BOB)));
        var order = proven(BOB);
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        refused(403, "orderNotReady", bob.finish(pending, Csrs.of(BOB)));
        assertEquals(1, ca.<Integer>stored(session -> session.certificates().count()));
    }

    @Test
    void ofTwoFinalizationsAtOnceOneIssues() throws Exception {
        var order = proven(BOB);
        var statuses = new ArrayList<Integer>();
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Integer> finishing = () -> bob.finish(order, Csrs.of(BOB)).status();
            for (var each : all.invokeAll(Collections.nCopies(8, finishing))) statuses.add(each.get());
        }
        assertEquals(1, statuses.stream().filter(s -> s == 200).count(), statuses::toString);
        assertEquals(7, statuses.stream().filter(s -> s == 403).count(), statuses::toString);
        assertEquals(1, ca.<Integer>stored(session -> session.certificates().count()));
    }

    @Test
    void theAccountKeyIsNeverCertified() throws Exception {
        var order = proven(BOB);
        KeyPair own = bob.key.toKeyPair();
        refused(400, "badCSR", bob.finish(order, Csrs.of(BOB, own)));
        var other = ca.caller().registered();
        refused(400, "badCSR", bob.finish(order, Csrs.of(BOB, other.key.toKeyPair())));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB, Keys.generate())).text("status"));
        other.close();
    }

    @Test
    void aBadRequestLeavesTheOrderReady() throws Exception {
        var order = proven(BOB);
        refused(400, "badCSR", bob.finish(order, Csrs.of("mallory@example.net")));
        refused(400, "badCSR", bob.finish(order, new byte[] {1, 2, 3}));
        refused(400, "malformed", bob.post(order.text("finalize"), "{}"));
        refused(400, "malformed", bob.post(order.text("finalize"), "{\"csr\":\"not base64url=\"}"));
        assertEquals("ready", bob.post(order.header("location"), "").text("status"));
        assertEquals(0, ca.<Integer>stored(session -> session.certificates().count()));
    }

    // Section 7.1.6

    @Test
    void aPendingOrderExpiresAndWithItItsAuthorization() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        ca.clock.pass(Duration.ofHours(24).plusSeconds(1));
        assertEquals("invalid", bob.post(order.header("location"), "").text("status"));
        assertEquals("invalid", bob.post(order.first("authorizations"), "").text("status"));
        assertEquals("invalid", bob.answer(challenge, ca.letters.last().code()).text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
    }

    @Test
    void anOrderThatIsNotFinalizedInTimeIsOverAndItsProofGoodForThreeMonths() throws Exception {
        var order = proven(BOB);
        ca.clock.pass(Duration.ofHours(24).plusSeconds(1));
        assertEquals("invalid", bob.post(order.header("location"), "").text("status"));
        assertEquals("valid", bob.post(order.first("authorizations"), "").text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        ca.clock.pass(Duration.ofDays(88));
        var again = bob.order(BOB);
        assertEquals("ready", again.text("status"), "without another mail");
        assertEquals(order.first("authorizations"), again.first("authorizations"));
        assertEquals(1, ca.letters.all.size());
        ca.clock.pass(Duration.ofDays(2));
        assertEquals("expired", bob.post(order.first("authorizations"), "").text("status"));
        refused(403, "orderNotReady", bob.finish(again, Csrs.of(BOB)));
        assertEquals("pending", bob.order(BOB).text("status"));
        assertEquals(2, ca.letters.all.size());
    }

    @Test
    void theProofOfOneAccountIsNoneOfAnother() throws Exception {
        proven(BOB);
        try (var mallory = ca.caller().registered()) {
            assertEquals("pending", mallory.order(BOB).text("status"));
        }
    }

    // Section 7.5.2

    @Test
    void anAuthorizationIsGivenUpForGood() throws Exception {
        var order = proven(BOB);
        String authorization = order.first("authorizations");
        assertEquals(
                "valid", bob.post(authorization, "{\"status\":\"nonsense\"}").text("status"));
        assertEquals(
                "deactivated",
                bob.post(authorization, "{\"status\":\"deactivated\"}").text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        assertEquals("pending", bob.order(BOB).text("status"), "another proof is needed");
        var pending = bob.order("carol@example.net");
        var challenge = bob.challenge(pending);
        String code = ca.letters.last().code();
        bob.post(pending.first("authorizations"), "{\"status\":\"deactivated\"}");
        assertEquals("invalid", bob.answer(challenge, code).text("status"));
        assertEquals("invalid", bob.post(pending.header("location"), "").text("status"));
    }

    @Test
    void anIssuedOrderKeepsItsCertificate() throws Exception {
        var order = proven(BOB);
        String certificate = bob.finish(order, Csrs.of(BOB)).text("certificate");
        ca.clock.pass(Duration.ofDays(3));
        ca.store.sweep(ca.clock.instant().getEpochSecond());
        assertEquals(200, bob.post(certificate, "").status());
    }

    @Test
    void thingsThatDoNotExistAreNotFound() throws Exception {
        for (String kind : List.of("order", "authz", "challenge", "finalize", "certificate"))
            for (String id : List.of("", "x", "x/y", "%2e%2e"))
                refused(404, "malformed", bob.post(ca.base + "/acme/" + kind + "/" + id, "{\"csr\":\"AA\"}"));
    }

    @Test
    void anOrderIsFoundUnderItsOwnUrlOnly() throws Exception {
        String url = bob.order(BOB).header("location");
        refused(404, "malformed", bob.post(url.replace("/order/", "/order/x/"), ""));
        refused(404, "malformed", bob.post(url + "/", ""));
    }
}
