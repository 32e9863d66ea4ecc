package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.ca.StockClientTest.EmailCode;
import dev.starling.ca.registration.Limits;
import dev.starling.identity.Keys;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;

/// RFC 8555, section 7.4.1: a mailbox is proven before there is an order.
class Rfc8555PreauthorizationTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private static AcmeCaller.Reply authorize(AcmeCaller caller, String address) throws Exception {
        return caller.post(
                caller.base + "/acme/new-authz",
                Json.write(Map.of("identifier", Map.of("type", "email", "value", address))));
    }

    private static void refused(int status, String problem, AcmeCaller.Reply reply) throws Exception {
        assertEquals(status + " " + problem, reply.status() + " " + reply.problem(), reply::toString);
    }

    @Test
    void aStockClientProvesFirstAndOrdersThen() throws Exception {
        try (var ca = new TestCa(folder)) {
            var login = new AccountBuilder()
                    .agreeToTermsOfService()
                    .useKeyPair(Keys.generate())
                    .createLogin(new Session(ca.directory()));
            var authorization = login.getAccount().preAuthorize(new Identifier("email", BOB));
            assertEquals(Status.PENDING, authorization.getStatus());
            var challenge = new EmailCode(
                    login, authorization.getChallenges().getFirst().getJSON());
            challenge.code = ca.letters.last().code();
            challenge.trigger();
            authorization.fetch();
            assertEquals(Status.VALID, authorization.getStatus());
            var order =
                    login.newOrder().identifier(new Identifier("email", BOB)).create();
            assertEquals(Status.READY, order.getStatus());
            assertEquals(
                    authorization.getLocation(),
                    order.getAuthorizations().getFirst().getLocation());
            order.execute(Csrs.of(BOB, Keys.generate()));
            assertEquals(Status.VALID, order.waitForCompletion(Duration.ofSeconds(10)));
        }
    }

    @Test
    void whatIsThereAlreadyIsShownAndNoOtherMailGoesOut() throws Exception {
        try (var ca = new TestCa(folder);
                var bob = ca.caller().registered()) {
            var first = authorize(bob, BOB);
            assertEquals(201, first.status());
            assertEquals("pending", first.text("status"));
            String code = ca.letters.last().code();
            var again = authorize(bob, "Bob@Example.NET");
            assertEquals(200, again.status());
            assertEquals(first.header("location"), again.header("location"));
            assertEquals(code, ca.letters.last().code());
            var challenge = (Map<?, ?>) first.list("challenges").getFirst();
            assertEquals("valid", bob.answer(challenge, code).text("status"));
            var proven = authorize(bob, BOB);
            assertEquals("200 valid", proven.status() + " " + proven.text("status"));
            // Another account sees nothing of it.
            try (var eve = ca.caller().registered()) {
                var other = authorize(eve, BOB);
                assertEquals(201, other.status());
                assertNotEquals(first.header("location"), other.header("location"));
                refused(403, "unauthorized", eve.post(first.header("location"), ""));
            }
            // When it is over there is a new one.
            ca.clock.pass(Duration.ofDays(91));
            assertEquals(201, authorize(bob, BOB).status());
        }
    }

    @Test
    void whatIsNoRequestForOneAddress() throws Exception {
        try (var ca = new TestCa(folder);
                var bob = ca.caller().registered()) {
            String url = ca.base + "/acme/new-authz";
            for (String each : new String[] {"{}", "{\"identifier\":\"x\"}", "{\"identifier\":[]}"})
                refused(400, "malformed", bob.post(url, each));
            for (String each : new String[] {
                "{\"identifier\":{\"type\":\"dns\",\"value\":\"*.example.net\"}}",
                "{\"identifier\":{\"type\":\"email\"}}",
                "{\"identifier\":{\"type\":\"email\",\"value\":7}}"
            }) refused(400, "unsupportedIdentifier", bob.post(url, each));
            refused(400, "rejectedIdentifier", authorize(bob, "*@example.net\r\n"));
            refused(400, "rejectedIdentifier", authorize(bob, "b\u043eb@example.net"));
            assertEquals(405, bob.get("GET", "/acme/new-authz").status());
            bob.kid = "";
            refused(400, "malformed", authorize(bob, BOB));
        }
    }

    @Test
    void theLimitsAreThoseOfOrders() throws Exception {
        try (var ca = TestCa.binding(folder, false, Limits.LOCAL.with("account", 2));
                var bob = ca.caller().registered()) {
            assertEquals(201, authorize(bob, "a@example.net").status());
            assertEquals(201, bob.order("b@example.net").status());
            var third = authorize(bob, "c@example.net");
            refused(429, "rateLimited", third);
            assertTrue(Integer.parseInt(third.header("retry-after")) > 0);
            refused(429, "rateLimited", bob.order("d@example.net"));
            // For what is there nothing is counted.
            assertEquals(200, authorize(bob, "a@example.net").status());
        }
    }
}
