package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// RFC 8555, section 6.6: how much is too much, and when it is no longer.
class LimitsTest {
    @TempDir
    Path folder;

    private static int retryAfter(AcmeCaller.Reply reply) throws Exception {
        assertEquals(429, reply.status(), reply::toString);
        assertEquals("rateLimited", reply.problem());
        return Integer.parseInt(reply.header("retry-after"));
    }

    @Test
    void anAddressGetsThreeMailsADayFromWhateverAccounts() throws Exception {
        try (var ca = new TestCa(folder, Limits.USUAL, 1000)) {
            for (int i = 0; i < 3; i++) {
                try (var each = ca.caller().registered()) {
                    assertEquals(201, each.order("bob@example.net").status());
                }
                ca.clock.pass(Duration.ofHours(1));
            }
            try (var fourth = ca.caller().registered()) {
                int wait = retryAfter(fourth.order("BOB@example.net"));
                assertEquals(Duration.ofHours(21).toSeconds(), wait);
                assertEquals(3, ca.letters.all.size());
                ca.clock.pass(Duration.ofSeconds(wait));
                assertEquals(201, fourth.order("bob@example.net").status());
            }
        }
    }

    @Test
    void aDomainAnAccountANetworkAndAllTogetherHaveTheirOwnBounds() throws Exception {
        record Case(Limits limits, String other, Duration until) {}
        for (var each : new Case[] {
            new Case(new Limits(9, 2, 9, 9, 9, 99, 99), "x@example.net", Duration.ofDays(1)),
            new Case(new Limits(9, 9, 9, 2, 9, 99, 99), "x@example.com", Duration.ofHours(1)),
            new Case(new Limits(9, 9, 9, 9, 2, 99, 99), "x@example.com", Duration.ofDays(1)),
            new Case(new Limits(9, 9, 2, 9, 9, 99, 99), "x@example.com", Duration.ofDays(1))
        }) {
            Path own = java.nio.file.Files.createTempDirectory(folder, "ca");
            try (var ca = new TestCa(own, each.limits, 1000);
                    var caller = ca.caller().registered()) {
                for (int i = 0; i < 2; i++)
                    assertEquals(201, caller.order("a" + i + "@example.net").status());
                assertEquals(each.until.toSeconds(), retryAfter(caller.order(each.other)));
                ca.clock.pass(each.until);
                assertEquals(201, caller.order(each.other).status());
            }
        }
    }

    @Test
    void ofManyOrdersAtOnceNoMoreThanTheLimitGetThrough() throws Exception {
        try (var ca = new TestCa(folder, Limits.USUAL, 1000);
                var caller = ca.caller().registered();
                var all = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            java.util.concurrent.Callable<Integer> asking =
                    () -> caller.order("bob@example.net").status();
            int made = 0;
            for (var each : all.invokeAll(java.util.Collections.nCopies(12, asking))) if (each.get() == 201) made++;
            assertEquals(3, made);
            // An order that another one took the place of before its mail had left needs no mail any more.
            int letters = ca.letters.all.size();
            assertTrue(letters >= 1 && letters <= 3, letters + " mails");
        }
    }

    @Test
    void aProofIsNotGoodForAnyNumberOfCertificates() throws Exception {
        try (var ca = new TestCa(folder, new Limits(9, 9, 9, 9, 9, 3, 99), 1000);
                var caller = ca.caller().registered()) {
            for (int i = 0; i < 3; i++) {
                var order = caller.order("bob@example.net");
                if (i == 0)
                    caller.answer(caller.challenge(order), ca.letters.last().code());
                assertEquals(
                        "valid",
                        caller.finish(order, Csrs.of("bob@example.net")).text("status"));
            }
            retryAfter(caller.order("bob@example.net"));
            assertEquals(201, caller.order("carol@example.net").status());
            ca.clock.pass(Duration.ofDays(7));
            assertEquals(201, caller.order("bob@example.net").status());
        }
    }

    @Test
    void norByOrdersThatWereMadeBefore() throws Exception {
        try (var ca = new TestCa(folder, new Limits(9, 9, 9, 9, 9, 3, 99), 1000);
                var caller = ca.caller().registered()) {
            var orders = new java.util.ArrayList<AcmeCaller.Reply>();
            orders.add(caller.order("bob@example.net"));
            caller.answer(caller.challenge(orders.getFirst()), ca.letters.last().code());
            for (int i = 0; i < 4; i++) orders.add(caller.order("bob@example.net"));
            for (var each : orders.subList(0, 3))
                assertEquals(
                        "valid", caller.finish(each, Csrs.of("bob@example.net")).text("status"));
            for (var each : orders.subList(3, 5)) {
                retryAfter(caller.finish(each, Csrs.of("bob@example.net")));
                assertEquals("ready", caller.post(each.header("location"), "").text("status"));
            }
            assertEquals(3, ca.<Integer>stored(session -> session.certificates().count()));
        }
    }

    @Test
    void anAccountHasNotAnyNumberOfOpenOrders() throws Exception {
        try (var ca = new TestCa(folder, new Limits(9, 9, 9, 9, 9, 99, 3), 1000);
                var caller = ca.caller().registered();
                var other = ca.caller().registered()) {
            for (int i = 0; i < 3; i++)
                assertEquals(201, caller.order("user" + i + "@example.net").status());
            retryAfter(caller.order("bob@example.net"));
            assertEquals(201, other.order("bob@example.net").status());
            ca.clock.pass(Duration.ofDays(1).plusSeconds(1));
            assertEquals(201, caller.order("bob@example.net").status());
        }
    }

    @Test
    void aRefusedAddressCostsNothing() throws Exception {
        try (var ca = new TestCa(folder, new Limits(1, 1, 1, 1, 1, 99, 99), 1000);
                var caller = ca.caller().registered()) {
            for (String wrong : new String[] {"postmaster@example.net", "list-request@example.net", "nonsense"})
                assertEquals(400, caller.order(wrong).status());
            assertEquals(201, caller.order("bob@example.net").status());
        }
    }

    @Test
    void aNetworkThatAsksTooOftenIsTold() throws Exception {
        try (var ca = new TestCa(folder, Limits.LOCAL, 5);
                var caller = ca.caller().registered()) {
            for (int i = 0; i < 4; i++)
                assertEquals(200, caller.post(caller.kid, "").status());
            assertTrue(retryAfter(caller.post(caller.kid, "")) > 0);
            ca.clock.pass(Duration.ofMinutes(1));
            assertEquals(200, caller.post(caller.kid, "").status());
        }
    }

    @Test
    void behindAProxyTheLastForwardedAddressCounts() throws Exception {
        try (var ca = new TestCa(folder, Limits.LOCAL, 1, new Origin(true));
                var caller = ca.caller()) {
            String url = ca.base + "/acme/new-account";
            var statuses = new HashMap<String, Integer>();
            for (String forwarded : new String[] {"192.0.2.1", "1.1.1.1, 198.51.100.7", "2.2.2.2, 198.51.100.8"}) {
                byte[] body = dev.starling.acme.Jws.sign(
                        caller.key, caller.header(url), "{}".getBytes(StandardCharsets.US_ASCII));
                var headers = Map.of("Content-Type", "application/jose+json", "X-Forwarded-For", forwarded);
                statuses.put(forwarded, caller.send("POST", url, headers, body).status());
            }
            // The last two come from one network, whatever they say of their own.
            assertEquals(
                    Map.of("192.0.2.1", 201, "1.1.1.1, 198.51.100.7", 200, "2.2.2.2, 198.51.100.8", 429), statuses);
        }
    }

    @Test
    void withoutAProxyWhatIsForwardedDoesNotCount() throws Exception {
        try (var ca = new TestCa(folder, Limits.LOCAL, 1);
                var caller = ca.caller()) {
            String url = ca.base + "/acme/new-account";
            int last = 0;
            for (String forwarded : new String[] {"192.0.2.1", "198.51.100.7"}) {
                byte[] body = dev.starling.acme.Jws.sign(
                        caller.key, caller.header(url), "{}".getBytes(StandardCharsets.US_ASCII));
                last = caller.send(
                                "POST",
                                url,
                                Map.of("Content-Type", "application/jose+json", "X-Forwarded-For", forwarded),
                                body)
                        .status();
            }
            assertEquals(429, last);
        }
    }
}
