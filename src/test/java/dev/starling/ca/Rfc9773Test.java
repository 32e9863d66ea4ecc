package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.starling.acme.Json;
import dev.starling.ca.registration.RenewalId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// RFC 9773: when to renew, and which certificate takes the place of which.
class Rfc9773Test {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller bob;

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(folder);
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws Exception {
        bob.close();
        ca.close();
    }

    private String issued(String address) throws Exception {
        var order = bob.order(address);
        if (order.text("status").equals("pending"))
            bob.answer(bob.challenge(order), ca.letters.last().code());
        bob.finish(order, Csrs.of(address));
        String serial = ca.order(order.header("location")).serial();
        return ca.<String>stored(
                session -> RenewalId.of(session.certificates().bySerial(serial).orElseThrow())
                        .text());
    }

    private AcmeCaller.Reply replacing(String address, Object replaces) throws Exception {
        return bob.post(
                ca.base + "/acme/new-order",
                Json.write(Map.of(
                        "identifiers", List.of(Map.of("type", "email", "value", address)), "replaces", replaces)));
    }

    private Instant[] window(String id) throws Exception {
        var said = bob.get("GET", "/acme/renewal-info/" + id);
        assertEquals(200, said.status(), said::toString);
        var window = said.json().get("suggestedWindow") instanceof Map<?, ?> map ? map : Map.of();
        return new Instant[] {
            Instant.parse(String.valueOf(window.get("start"))), Instant.parse(String.valueOf(window.get("end")))
        };
    }

    // Section 4.1

    @Test
    void theNameIsTheKeyIdentifierAndTheSerialWithADotBetween() throws Exception {
        // The example of the standard.
        var id = RenewalId.parse("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
        assertEquals("69885b6b87464041e1b37b847ba0ae2cde01c8d4", id.issuer());
        assertEquals("87654321", id.serial());
        assertEquals("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", id.text());
    }

    @Test
    void whatIsNoNameOrNamesNothingIsRefused() throws Exception {
        String right = issued(BOB);
        for (String wrong : List.of(
                "",
                "x",
                ".",
                "a.b.c",
                "aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE",
                "A".repeat(200) + ".AA",
                // Another spelling of a number: zeros in front.
                "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AACHZUMh",
                "aYhba4dGQEHhs3uEe6CuLN4ByNQ.")) {
            var said = bob.get("GET", "/acme/renewal-info/" + wrong);
            assertEquals("400 malformed", said.status() + " " + said.problem(), wrong);
        }
        String otherIssuer = "aYhba4dGQEHhs3uEe6CuLN4ByNQ" + right.substring(right.indexOf('.'));
        assertEquals(404, bob.get("GET", "/acme/renewal-info/" + otherIssuer).status());
        assertEquals(
                404,
                bob.get("GET", "/acme/renewal-info/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")
                        .status());
    }

    // Section 4.2

    @Test
    void theWindowBeginsAtTwoThirdsOfItsLife() throws Exception {
        String id = issued(BOB);
        var said = bob.get("GET", "/acme/renewal-info/" + id);
        assertEquals("21600", said.header("retry-after"));
        Instant[] window = window(id);
        // Thirty days from five minutes ago.
        Instant from = ca.clock.instant().minus(Duration.ofMinutes(5));
        assertEquals(from.plus(Duration.ofDays(20)), window[0]);
        assertEquals(from.plus(Duration.ofDays(23)), window[1]);
    }

    @Test
    void ofOneThatIsWithdrawnTheWindowIsOverSoThatItIsRenewedAtOnce() throws Exception {
        String id = issued(BOB);
        ca.store.change(session -> session.certificates()
                .revoke(RenewalIdOf.serial(id), ca.clock.instant().getEpochSecond(), 1));
        ca.clock.pass(Duration.ofSeconds(2));
        assertFalse(window(id)[1].isAfter(ca.clock.instant()));
    }

    // Section 5

    @Test
    void anOrderSaysWhichCertificateItReplaces() throws Exception {
        String id = issued(BOB);
        var order = replacing(BOB, id);
        assertEquals(201, order.status(), order::toString);
        assertEquals(id, order.text("replaces"));
        var second = replacing(BOB, id);
        assertEquals("409 alreadyReplaced", second.status() + " " + second.problem());
        ca.clock.pass(Duration.ofHours(25));
        assertEquals(201, replacing(BOB, id).status(), "the first one came to nothing");
    }

    @Test
    void onlyItsOwnCertificateForTheSameAddressIsReplaced() throws Exception {
        String id = issued(BOB);
        var address = replacing("carol@example.net", id);
        assertEquals("400 malformed", address.status() + " " + address.problem());
        for (Object wrong : new Object[] {"x", 7, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"}) {
            var said = replacing(BOB, wrong);
            assertEquals("400 malformed", said.status() + " " + said.problem());
        }
        bob.close();
        bob = ca.caller().registered();
        var other = replacing(BOB, id);
        assertEquals("403 unauthorized", other.status() + " " + other.problem());
        assertEquals(1, ca.letters.all.size());
    }

    private static final class RenewalIdOf {
        static String serial(String id) {
            try {
                return RenewalId.parse(id).serial();
            } catch (dev.starling.acme.Problem e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
