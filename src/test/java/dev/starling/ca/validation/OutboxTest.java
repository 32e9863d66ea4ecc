package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.AcmeCaller;
import dev.starling.ca.Csrs;
import dev.starling.ca.TestCa;
import dev.starling.ca.registration.Ids;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.MailTable;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mails while the mail server is in trouble: none is lost, none is tried for ever, and the order says what is wrong.
class OutboxTest {
    private static final String BOB = "bob@example.net", GONE = "The mail server cannot be reached.";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller bob;

    @BeforeEach
    void start() throws IOException {
        ca = new TestCa(folder);
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws IOException {
        bob.close();
        ca.close();
    }

    private void gone() {
        ca.letters.trouble(() -> {
            throw new IOException(GONE);
        });
    }

    private static String detail(Map<?, ?> challenge) {
        return challenge.get("error") instanceof Map<?, ?> error ? String.valueOf(error.get("detail")) : "";
    }

    @Test
    void anOrderWhoseMailWaitsSaysSoAndIsCompletedLater() throws Exception {
        gone();
        var order = bob.order(BOB);
        assertEquals(201, order.status());
        assertEquals("pending", order.text("status"));
        assertEquals(
                GONE + " The mail with the code is not on its way yet; the next attempt is in 20 seconds.",
                detail(bob.challenge(order)));
        ca.outbox.again();
        assertEquals(1, ca.letters.attempts(), "not before its time");
        ca.clock.pass(Duration.ofSeconds(20));
        ca.outbox.again();
        assertEquals(2, ca.letters.attempts());
        assertTrue(detail(bob.challenge(order)).endsWith("in a minute."));
        ca.letters.trouble(() -> {});
        ca.clock.pass(Duration.ofMinutes(1));
        ca.outbox.again();
        assertEquals("", detail(bob.challenge(order)));
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
        assertEquals(
                "valid",
                bob.answer(bob.challenge(order), ca.letters.last().code()).text("status"));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
    }

    @Test
    void afterSixAttemptsTheOrderFailsInPlainWords() throws Exception {
        gone();
        var order = bob.order(BOB);
        for (int day = 0; day < 24 * 60; day++) {
            ca.clock.pass(Duration.ofMinutes(1));
            ca.outbox.again();
        }
        assertEquals(1 + Outbox.INTERVALS.size(), ca.letters.attempts());
        var failed = bob.post(order.header("location"), "");
        assertEquals("invalid", failed.text("status"));
        assertEquals(
                Map.of(
                        "type",
                        "urn:ietf:params:acme:error:connection",
                        "detail",
                        GONE + " The mail with the code could not be sent. Ask again later."),
                failed.json().get("error"));
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
    }

    @Test
    void aRefusedMailIsNotTriedAgain() throws Exception {
        ca.letters.trouble(() -> {
            throw new Mailer.Refused("The mail server does not take mail for this address.", new IOException());
        });
        var order = bob.order(BOB);
        assertEquals("invalid", order.text("status"));
        assertTrue(order.json().toString().contains("does not take mail for this address. Check the address"));
        ca.clock.pass(Duration.ofHours(2));
        ca.outbox.again();
        assertEquals(1, ca.letters.attempts());
    }

    @Test
    void aMailWhoseOrderIsOverIsNotSent() throws Exception {
        gone();
        bob.order(BOB);
        ca.letters.trouble(() -> {});
        var newer = bob.order(BOB);
        assertEquals(2, ca.letters.attempts());
        ca.clock.pass(Duration.ofHours(1));
        ca.outbox.again();
        assertEquals(2, ca.letters.attempts(), "the older order was ended by the newer one");
        assertEquals("pending", bob.post(newer.header("location"), "").text("status"));
        gone();
        bob.order("carol@example.net");
        ca.letters.trouble(() -> {});
        ca.clock.pass(Duration.ofHours(25));
        ca.outbox.again();
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
        assertEquals(3, ca.letters.attempts());
    }

    private String stored(String address, long created) throws IOException {
        String id = Ids.random();
        var made = new Authorization(
                id,
                "account",
                "email",
                address,
                Authorization.Status.PENDING,
                created,
                created + 86_400,
                0,
                "",
                Fault.NONE);
        ca.store.change(session -> {
            session.authorizations().add(made);
            session.mails().add(made, "network", "");
        });
        return id;
    }

    @Test
    void aMailOfAFrontWhoseClockIsAheadWaits() throws Exception {
        long ahead = ca.clock.instant().plus(Duration.ofMinutes(15)).getEpochSecond();
        String id = stored(BOB, ahead);
        ca.outbox.woken(id);
        ca.outbox.again();
        assertEquals(0, ca.letters.attempts());
        assertEquals(1, ca.<Integer>stored(session -> session.mails().waiting()));
        ca.clock.pass(Duration.ofMinutes(6));
        ca.outbox.again();
        assertEquals(BOB, ca.letters.last().to());
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
    }

    /// Whoever else writes into the store has no mail sent to whom it pleases.
    @Test
    void whatIsNoMailboxGetsNoMail() throws Exception {
        for (String each : List.of(
                "victim@example.org <mallory@evil.example>",
                "a@evil.example,b@example.org",
                "a@evil.example\r\nBcc: b@example.org",
                "a@evil.example\u0000")) {
            long now = ca.clock.instant().getEpochSecond();
            ca.outbox.woken(stored(each, now));
            String certified = stored(each, now);
            ca.store.change(session -> {
                session.orders().add(issued(certified, each, now));
                session.certificates().add(certificate(certified, each, now));
                session.mails().certificate(certified, "", now);
            });
        }
        ca.outbox.again();
        assertEquals(0, ca.letters.attempts());
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
        // So it is not the test's own way that keeps mails back.
        long now = ca.clock.instant().getEpochSecond();
        stored(BOB, now);
        String certified = stored("carol@example.net", now);
        ca.store.change(session -> {
            session.orders().add(issued(certified, "carol@example.net", now));
            session.certificates().add(certificate(certified, "carol@example.net", now));
            session.mails().certificate(certified, "", now);
        });
        ca.outbox.again();
        assertEquals(2, ca.letters.attempts());
    }

    private static Order issued(String id, String address, long now) {
        return new Order(
                id,
                "account",
                id,
                "email",
                address,
                Order.Status.VALID,
                now,
                now + 86_400,
                new byte[0],
                id,
                "",
                Fault.NONE);
    }

    private static Certificate certificate(String serial, String address, long now) {
        return new Certificate(
                serial,
                serial,
                "account",
                "email",
                address,
                serial,
                "issuer",
                new byte[1],
                "a chain",
                now,
                now + 86_400,
                0,
                0,
                0);
    }

    @Test
    void aProcessThatDiesInAnAttemptLeavesTheMailForTheNextOne() throws Exception {
        ca.letters.trouble(() -> {
            // As if the process had died here: nothing after the claim is stored.
            throw new IllegalStateException("killed");
        });
        assertEquals(500, bob.order(BOB).status());
        assertEquals(1, ca.<Integer>stored(session -> session.mails().waiting()));
        ca.letters.trouble(() -> {});
        try (var next = new Outbox(ca.store, ca.letters, Outbox.plain(ca.key), ca.clock)) {
            ca.store.change(session -> session.mails().wake(ca.clock.instant().getEpochSecond()));
            next.again();
        }
        assertEquals(BOB, ca.letters.last().to());
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
    }

    @Test
    void aMailServerThatTakesItsTimeDoesNotUndoWhatHappenedMeanwhile() throws Exception {
        var newer = new java.util.ArrayList<AcmeCaller.Reply>();
        ca.letters.trouble(() -> {
            ca.letters.trouble(() -> {});
            // The account asks again while the first mail hangs.
            newer.add(bob.order(BOB));
            throw new IOException(GONE);
        });
        var first = bob.order(BOB);
        assertEquals("invalid", bob.post(first.header("location"), "").text("status"));
        assertEquals(
                "pending", bob.post(newer.getFirst().header("location"), "").text("status"));
    }

    @Test
    void manyMailsAtOnceAreHandedOverByAFewConnections() throws Exception {
        var now = new java.util.concurrent.atomic.AtomicInteger();
        var most = new java.util.concurrent.atomic.AtomicInteger();
        var go = new java.util.concurrent.CountDownLatch(1);
        ca.letters.trouble(() -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            try {
                go.await(1, java.util.concurrent.TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            now.decrementAndGet();
        });
        try (var all = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            var orders = new java.util.ArrayList<java.util.concurrent.Callable<AcmeCaller.Reply>>();
            for (int i = 0; i < 60; i++) {
                String address = "user" + i + "@example.net";
                orders.add(() -> bob.order(address));
            }
            for (var each : all.invokeAll(orders)) assertEquals(201, each.get().status());
        }
        assertTrue(most.get() <= 16, most::toString);
        go.countDown();
        ca.outbox.again();
        assertEquals(60, ca.letters.all.size());
    }

    private String authorization(AcmeCaller.Reply order) throws Exception {
        return order.first("authorizations").replaceFirst(".*/", "");
    }

    /// As when the code comes back while the mail server takes its time with another mail of it.
    @Test
    void aCertificateThatIsToBeMailedSinceWaitsWhateverBecomesOfTheCode() throws Exception {
        for (boolean refuses : new boolean[] {false, true}) {
            String to = "bob" + refuses + "@example.net";
            gone();
            String id = authorization(bob.order(to));
            ca.clock.pass(Duration.ofMinutes(1));
            ca.letters.trouble(() -> {
                ca.store.change(session ->
                        session.mails().certificate(id, "", ca.clock.instant().getEpochSecond()));
                if (refuses) throw new Mailer.Refused("no", new IOException());
            });
            ca.outbox.again();
            assertEquals(
                    MailTable.Kind.CERTIFICATE,
                    ca.stored(session -> session.mails().waiting(id))
                            .orElseThrow()
                            .kind());
        }
    }
}
