package dev.starling.ca.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the CA's store promises, whatever the database is.
abstract class CaStoreContract {
    static final long NOW = 1_790_000_000, DAY = 86_400;
    private static final String BOB = "bob@example.net";

    private CaStore store;

    /// The same database each time within a test.
    abstract CaStore open() throws IOException;

    @BeforeEach
    void begin() throws IOException {
        store = open();
    }

    @AfterEach
    void end() throws IOException {
        store.close();
    }

    static Authorization authorization(String id, String account, long created) {
        return new Authorization(
                id, account, "email", BOB, Authorization.Status.PENDING, created, created + DAY, 0, "", Fault.NONE);
    }

    static Challenge challenge(String authorization) {
        return new Challenge(
                "c" + authorization, authorization, "email-code-00", "t", Challenge.Status.PENDING, 0, 0, Fault.NONE);
    }

    static Order order(String id, String authorization, long created) {
        return new Order(
                id,
                "a",
                authorization,
                "email",
                BOB,
                Order.Status.PENDING,
                created,
                created + DAY,
                new byte[0],
                "",
                "",
                Fault.NONE);
    }

    static Certificate certificate(String serial, String device) {
        return new Certificate(
                serial, "o", "a", "email", BOB, device, "ca", new byte[] {1, 2}, "", NOW, NOW + 30 * DAY, 0, 0, -1);
    }

    static Account account(String id) {
        return new Account(id, "t" + id, "{}", Account.Status.VALID, List.of("mailto:" + id + "@example.net"), NOW);
    }

    private <T> T in(Function<Session, T> work) throws IOException {
        return store.in(work);
    }

    private void does(Consumer<Session> work) throws IOException {
        store.change(work);
    }

    private void again() throws IOException {
        store.close();
        store = open();
    }

    @Test
    void aKeyForAnAccountBindsOneUntilThatIsForgottenOrItIsTakenBack() throws Exception {
        does(s -> s.externals().add("k", "Bob", NOW));
        again();
        assertEquals(
                List.of(new ExternalTable.External("k", "Bob", NOW, 0, "")),
                in(s -> s.externals().all()));
        assertEquals(true, in(s -> s.externals().bind("k", "a", "said")));
        // Of an account that is not there it is free.
        assertTrue(in(s -> s.externals().find("k")).orElseThrow().isFree());
        does(s -> s.accounts().add(account("a")));
        assertEquals(false, in(s -> s.externals().bind("k", "b", "said")));
        assertEquals("said", in(s -> s.externals().bindingOf("a")));
        assertEquals("", in(s -> s.externals().bindingOf("b")));
        assertEquals("a", in(s -> s.externals().find("k")).orElseThrow().account());
        assertEquals(true, in(s -> s.externals().end("k", NOW + 1)));
        assertEquals(
                new ExternalTable.External("k", "Bob", NOW, NOW + 1, "a"),
                in(s -> s.externals().find("k")).orElseThrow());
        assertEquals(
                Account.Status.REVOKED,
                in(s -> s.accounts().byId("a")).orElseThrow().status());
        assertEquals(false, in(s -> s.externals().end("x", NOW)));
        assertEquals(false, in(s -> s.externals().bind("x", "a", "said")));
    }

    @Test
    void changesOfKeysComeInTheirOrderAndTheNewestAreKept() throws Exception {
        for (byte i = 1; i <= 25; i++) {
            byte[] request = {i};
            does(s -> s.keyChanges().add("a", request));
        }
        again();
        var kept = in(s -> s.keyChanges().of("a"));
        assertEquals(20, kept.size());
        assertEquals(6, kept.getFirst()[0]);
        assertEquals(25, kept.getLast()[0]);
        assertEquals(List.of(), in(s -> s.keyChanges().of("b")));
    }

    @Test
    void whatWasWrittenIsThereAfterwards() throws Exception {
        does(s -> {
            s.accounts().add(account("a"));
            s.authorizations().add(authorization("z", "a", NOW));
            s.authorizations().add(challenge("z"));
            s.orders().add(order("o", "z", NOW));
            s.certificates().add(certificate("5", "d"));
            s.audit().add(new AuditTable.Entry(NOW, "issued", BOB, "5"));
        });
        again();
        assertEquals(account("a"), in(s -> s.accounts().byId("a")).orElseThrow());
        assertEquals(account("a"), in(s -> s.accounts().byKey("ta")).orElseThrow());
        assertEquals(
                authorization("z", "a", NOW),
                in(s -> s.authorizations().byId("z")).orElseThrow());
        assertEquals(List.of(challenge("z")), in(s -> s.authorizations().challenges("z")));
        assertEquals(
                Order.Status.PENDING,
                in(s -> s.orders().byId("o")).orElseThrow().status());
        var kept = in(s -> s.certificates().bySerial("5")).orElseThrow();
        assertArrayEquals(new byte[] {1, 2}, kept.toBeSigned());
        assertFalse(kept.isSigned());
        assertEquals(
                List.of(new AuditTable.Entry(NOW, "issued", BOB, "5")),
                in(s -> s.audit().of(BOB, 9)));
    }

    @Test
    void aTroubledTransactionLeavesNothing() throws Exception {
        assertThrows(
                Problem.class,
                () -> store.whole(s -> {
                    s.authorizations().add(authorization("z", "a", NOW));
                    s.mails().add(authorization("z", "a", NOW), "net", "");
                    throw Problem.malformed("no");
                }));
        does(s -> s.authorizations().add(authorization("y", "a", NOW)));
        // The same again: a failure of the database.
        assertThrows(
                IOException.class,
                () -> does(s -> {
                    s.mails().add(authorization("y", "a", NOW), "net", "");
                    s.authorizations().add(authorization("y", "b", NOW));
                }));
        assertTrue(in(s -> s.authorizations().byId("z")).isEmpty());
        assertEquals("a", in(s -> s.authorizations().byId("y")).orElseThrow().account());
        assertEquals(0, in(s -> s.mails().count(MailTable.By.ADDRESS, BOB, 0)).mails());
        assertEquals(0, this.<Integer>in(s -> s.mails().waiting()));
    }

    @Test
    void aProofMakesItsOrdersReadyAndAnEndEndsThem() throws Exception {
        does(s -> {
            for (String each : List.of("y", "z")) {
                s.authorizations().add(authorization(each, "a", NOW));
                s.authorizations().add(challenge(each));
                s.orders().add(order("o" + each, each, NOW));
            }
            s.authorizations().proven(challenge("y"), NOW + 5, NOW + 90 * DAY);
            s.authorizations().end("z", Authorization.Status.INVALID, new Fault("connection", "no way"));
        });
        var proven = in(s -> s.authorizations().byId("y")).orElseThrow();
        assertTrue(proven.isGood(NOW + 90 * DAY));
        assertFalse(proven.isGood(NOW + 90 * DAY + 1));
        assertEquals("email-code-00", proven.proof());
        assertEquals(NOW + 5, proven.validated());
        assertEquals(
                Order.Status.READY, in(s -> s.orders().byId("oy")).orElseThrow().status());
        var ended = in(s -> s.orders().byId("oz")).orElseThrow();
        assertEquals(Order.Status.INVALID, ended.status());
        assertEquals(new Fault("connection", "no way"), ended.error());
        assertEquals(
                Challenge.Status.INVALID,
                in(s -> s.authorizations().challenge("cz")).orElseThrow().status());
    }

    @Test
    void ofTwoKeysForAnAccountOneIsTaken() throws Exception {
        does(s -> {
            s.accounts().add(account("a"));
            s.accounts().add(account("b"));
        });
        Account before = in(s -> s.accounts().byId("a")).orElseThrow();
        assertFalse(this.<Boolean>in(s -> s.accounts().key(before, "tb", "{}")), "another account's");
        assertTrue(this.<Boolean>in(s -> s.accounts().key(before, "new", "{\"new\":1}")));
        assertFalse(this.<Boolean>in(s -> s.accounts().key(before, "newer", "{}")), "it has changed meanwhile");
        assertEquals(
                "{\"new\":1}", in(s -> s.accounts().byId("a")).orElseThrow().jwk());
    }

    @Test
    void onlyTheFirstSignatureAndTheFirstRevocationCount() throws Exception {
        does(s -> {
            s.certificates().add(certificate("5", "d"));
            s.certificates().signed("5", new byte[] {5}, "first");
            s.certificates().signed("5", new byte[] {6}, "second");
            s.certificates().logged("5", 7);
            s.certificates().logged("5", 8);
        });
        assertEquals(
                "first", in(s -> s.certificates().bySerial("5")).orElseThrow().chain());
        assertEquals(7, in(s -> s.certificates().bySerial("5")).orElseThrow().logIndex());
        assertTrue(this.<Boolean>in(s -> s.certificates().revoke("5", NOW, 1)));
        assertFalse(this.<Boolean>in(s -> s.certificates().revoke("5", NOW + 9, 4)));
        assertEquals(
                List.of(new CertificateTable.Revoked("5", NOW, 1)),
                in(s -> s.certificates().revoked("ca", NOW)));
        assertEquals(List.of(), in(s -> s.certificates().revoked("ca", NOW + 31 * DAY)));
    }

    @Test
    void ofManyWhoUseANonceOneMay() throws Exception {
        int used = 0;
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Boolean> using = () -> in(s -> s.nonces().use("n", NOW + 60));
            for (var each : all.invokeAll(Collections.nCopies(12, using))) if (each.get()) used++;
        }
        assertEquals(1, used);
        store.sweep(NOW + 61);
        assertTrue(this.<Boolean>in(s -> s.nonces().use("n", NOW + 99)));
    }

    @Test
    void aSecretIsMadeOnce() throws Exception {
        byte[] first = in(s -> s.nonces().secret("x", new byte[] {1}));
        again();
        assertArrayEquals(first, in(s -> s.nonces().secret("x", new byte[] {2})));
    }

    @Test
    void ofTwoWhoClaimAMailOneGetsIt() throws Exception {
        does(s -> s.mails().add(authorization("z", "a", NOW), "net", "de"));
        var due = in(s -> s.mails().due(NOW, 9));
        assertEquals(List.of(new MailTable.Waiting("z", "de", 0, MailTable.Kind.CODE)), due);
        assertTrue(this.<Boolean>in(s -> s.mails().claim(due.getFirst(), NOW + 20)));
        assertFalse(this.<Boolean>in(s -> s.mails().claim(due.getFirst(), NOW + 20)));
        assertEquals(List.of(), in(s -> s.mails().due(NOW + 19, 9)));
        assertEquals(1, in(s -> s.mails().due(NOW + 20, 9)).getFirst().attempts());
        does(s -> s.mails().wake(NOW));
        assertEquals(1, in(s -> s.mails().due(NOW, 9)).size());
    }

    @Test
    void whoCountsAloneSeesWhatTheOtherOnesAdded() throws Exception {
        // As a limit does: count, and add if it is below. Of twenty at once three get through.
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var adding = new java.util.ArrayList<Callable<Boolean>>();
            for (int i = 0; i < 20; i++) {
                String id = "z" + i;
                adding.add(() -> in(s -> {
                    s.mails().alone();
                    if (s.mails().count(MailTable.By.ADDRESS, BOB, NOW - DAY).mails() >= 3) return false;
                    s.mails().add(authorization(id, "a", NOW), "net", "");
                    return true;
                }));
            }
            int through = 0;
            for (var each : all.invokeAll(adding)) if (each.get()) through++;
            assertEquals(3, through);
        }
    }

    @Test
    void sweepingForgetsWhatIsOverAndNothingElse() throws Exception {
        does(s -> {
            for (String each : List.of("idle", "busy", "gone", "proven"))
                s.accounts().add(account(each));
            s.accounts().end("gone", Account.Status.DEACTIVATED);
            s.authorizations().add(authorization("y", "busy", NOW));
            s.authorizations().add(challenge("y"));
            s.orders()
                    .add(new Order(
                            "done",
                            "busy",
                            "y",
                            "email",
                            BOB,
                            Order.Status.VALID,
                            NOW,
                            NOW,
                            new byte[0],
                            "5",
                            "",
                            Fault.NONE));
            s.certificates().add(certificate("5", "d"));
            s.authorizations().add(authorization("z", "busy", NOW));
            s.authorizations().add(challenge("z"));
            s.orders().add(order("open", "z", NOW));
            s.mails().add(authorization("z", "busy", NOW), "net", "");
            // Before there is an order (RFC 8555, section 7.4.1).
            s.authorizations().add(authorization("w", "proven", NOW));
            s.authorizations().add(challenge("w"));
            s.authorizations().proven(challenge("w"), NOW, NOW + 90 * DAY);
        });
        store.sweep(NOW + DAY);
        assertTrue(in(s -> s.orders().byId("open")).isPresent());
        store.sweep(NOW + 31 * DAY);
        assertTrue(in(s -> s.orders().byId("open")).isEmpty());
        assertTrue(in(s -> s.authorizations().byId("z")).isEmpty());
        assertTrue(in(s -> s.authorizations().challenge("cz")).isEmpty());
        assertEquals(0, this.<Integer>in(s -> s.mails().waiting()));
        assertEquals(0, in(s -> s.mails().count(MailTable.By.ALL, "", 0)).mails());
        assertTrue(in(s -> s.orders().byId("done")).isPresent());
        assertTrue(in(s -> s.authorizations().byId("y")).isPresent());
        assertEquals(1, this.<Integer>in(s -> s.certificates().count()));
        assertTrue(in(s -> s.accounts().byId("idle")).isEmpty());
        assertTrue(in(s -> s.accounts().byId("busy")).isPresent());
        assertTrue(in(s -> s.accounts().byId("proven")).isPresent());
        store.sweep(NOW + 92 * DAY);
        assertTrue(in(s -> s.accounts().byId("proven")).isEmpty());
        // Otherwise its key would get a new account.
        assertFalse(in(s -> s.accounts().byId("gone")).orElseThrow().isActive());
    }

    @Test
    void anAccountWhoseFirstOrderIsBeingMadeStays() throws Exception {
        long late = NOW + 31 * DAY;
        does(s -> s.accounts().add(account("a")));
        var made = new CountDownLatch(1);
        var end = new CountDownLatch(1);
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var ordering = all.submit(() -> {
                does(s -> {
                    s.mails().alone();
                    assertTrue(s.accounts().byId("a").isPresent());
                    s.orders().add(order("o", "z", late));
                    made.countDown();
                    await(end);
                });
                return true;
            });
            await(made);
            var sweeping = all.submit(() -> {
                store.sweep(late);
                return true;
            });
            // Time enough for a sweep that does not wait.
            for (int i = 0; i < 50 && !sweeping.isDone(); i++) Thread.sleep(20);
            end.countDown();
            assertTrue(ordering.get());
            assertTrue(sweeping.get());
        }
        assertTrue(in(s -> s.orders().byId("o")).isPresent());
        assertTrue(in(s -> s.accounts().byId("a")).isPresent());
    }

    static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(60, TimeUnit.SECONDS), "in vain");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void ordersComeInPages() throws Exception {
        does(s -> {
            for (int i = 0; i < 5; i++) s.orders().add(order("o" + i, "z", NOW + i));
        });
        assertEquals(
                List.of("o4", "o3"),
                in(s -> s.orders().of("a", NOW, 0, 2)).stream().map(Order::id).toList());
        assertEquals(
                List.of("o0"),
                in(s -> s.orders().of("a", NOW, 4, 2)).stream().map(Order::id).toList());
    }
}
