package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nothing is signed that the owner of the domain does not allow, also not what an earlier process promised.
class PermissionTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
    private final AtomicBoolean allowed = new AtomicBoolean();

    private void ask(Order order) throws Problem {
        assertEquals(BOB, order.value());
        if (!allowed.get()) throw new Problem("caa", 403, "The owner does not allow it.");
    }

    private interface Steps {
        void take(CaStore store, Issuer issuer, String order) throws Exception;
    }

    /// With an issuer that asks, and an order of bob's that is ready.
    private void staged(Steps steps) throws Exception {
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var issuer = Ready.issuer(folder, false, store, clock).asking(this::ask);
            long now = clock.instant().getEpochSecond();
            steps.take(store, issuer, Ready.order(store, BOB, "email-code-00", now));
        }
    }

    private static Order.Status status(CaStore store, String order) throws IOException {
        return store.in(session -> session.orders().byId(order).orElseThrow().status());
    }

    @Test
    void withoutItNothingIsPromised() throws Exception {
        staged((store, issuer, order) -> {
            var refusal = assertThrows(Problem.class, () -> issuer.issue(order, Csrs.of(BOB)));
            assertEquals("caa", refusal.type());
            assertEquals(Order.Status.READY, status(store, order));
            allowed.set(true);
            issuer.issue(order, Csrs.of(BOB));
            assertTrue(Ready.chain(store, order).contains("BEGIN CERTIFICATE"));
        });
    }

    @Test
    void whatAnEarlierProcessPromisedWaitsForItAndFailsInTheEnd() throws Exception {
        staged((store, issuer, order) -> {
            var _ = issuer.promise(order, Csrs.of(BOB));
            issuer.resume();
            assertEquals(Order.Status.PROCESSING, status(store, order));
            assertEquals("", Ready.chain(store, order));
            clock.pass(Duration.ofDays(2));
            issuer.resume();
            assertEquals(Order.Status.INVALID, status(store, order));
            assertEquals("", Ready.chain(store, order));
        });
    }

    @Test
    void whatAnEarlierProcessPromisedIsMadeOnceItIsAllowed() throws Exception {
        staged((store, issuer, order) -> {
            var _ = issuer.promise(order, Csrs.of(BOB));
            issuer.resume();
            allowed.set(true);
            issuer.resume();
            assertEquals(Order.Status.VALID, status(store, order));
        });
    }

    @Test
    void anOrderWhoseDomainTheDnsNeverSpeaksOfFailsWhenItsTimeIsOver() throws Exception {
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var issuer = Ready.issuer(folder, false, store, clock).asking(_ -> {
                throw Problem.later("dns", 503, "The DNS does not say.", Duration.ofMinutes(1));
            });
            String order =
                    Ready.order(store, BOB, "email-code-00", clock.instant().getEpochSecond());
            // As a front leaves it that has no key.
            byte[] csr = Csrs.of(BOB);
            store.change(session -> session.orders().processing(order, csr, ""));
            issuer.resume();
            assertEquals(Order.Status.PROCESSING, status(store, order));
            clock.pass(Duration.ofDays(2));
            issuer.resume();
            assertEquals(Order.Status.INVALID, status(store, order));
            assertEquals(
                    "dns",
                    store.in(session ->
                            session.orders().byId(order).orElseThrow().error().type()));
        }
    }
}
