package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.identity.CertificateFields;
import dev.starling.identity.Keys;
import dev.starling.identity.log.LogPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A process that dies between proof and release: no certificate is lost, none comes twice.
class CrashTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-24T12:00:00Z"));
    private CaStore store;
    private Issuer issuer;
    private String order;

    @BeforeEach
    void start() throws IOException {
        open();
        order = Ready.order(store, BOB, "email-code-00", clock.instant().getEpochSecond());
    }

    private void open() throws IOException {
        store = CaStore.inFile(folder.resolve("ca.db"));
        issuer = Ready.issuer(folder, false, store, clock);
    }

    /// All that was in memory is gone.
    private void dies() throws IOException {
        store.close();
        open();
    }

    @AfterEach
    void end() throws IOException {
        store.close();
    }

    private Order order() throws IOException {
        return store.in(session -> session.orders().byId(order).orElseThrow());
    }

    private void hasOneCertificate(String serial) throws IOException {
        assertEquals(Order.Status.VALID, order().status());
        assertEquals(serial, order().serial());
        assertTrue(Ready.chain(store, order).contains("BEGIN CERTIFICATE"));
        assertEquals(1, store.<Integer>in(session -> session.certificates().count()));
        long issued = store.<Long>in(session -> session.audit().of(BOB, 99).stream()
                .filter(entry -> entry.event().equals("issued"))
                .count());
        assertEquals(1, issued);
        assertEquals(1, size(), "one entry in the log");
    }

    @Test
    void beforeAnythingIsPromisedTheOrderStaysReady() throws Exception {
        dies();
        issuer.resume();
        assertEquals(Order.Status.READY, order().status());
        issuer.issue(order, Csrs.of(BOB));
        hasOneCertificate(order().serial());
    }

    @Test
    void afterThePromiseTheCertificateIsSignedByTheNextProcess() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        assertEquals("", Ready.chain(store, order));
        dies();
        assertEquals(Order.Status.PROCESSING, order().status());
        issuer.resume();
        hasOneCertificate(serial);
        issuer.resume();
        hasOneCertificate(serial);
    }

    @Test
    void afterTheSignatureTheSameCertificateIsReleased() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        issuer.sign(serial);
        String chain = Ready.chain(store, order);
        dies();
        assertEquals(Order.Status.PROCESSING, order().status());
        issuer.resume();
        assertEquals(chain, Ready.chain(store, order));
        hasOneCertificate(serial);
    }

    @Test
    void afterTheLogTheSameEntryCounts() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        issuer.sign(serial);
        issuer.enter(serial);
        // The entry is there, and that it is was not noted any more.
        dies();
        assertEquals(Order.Status.PROCESSING, order().status());
        issuer.resume();
        hasOneCertificate(serial);
        assertEquals(1, size());
    }

    /// The reply had come, and then the person typed the code.
    @Test
    void theEntryOfACodeNamesNoMail() throws Exception {
        var reply = new dev.starling.ca.store.EvidenceTable.Evidence(
                new byte[] {1}, "d", "s", "k", "p", false, clock.instant().getEpochSecond());
        assertTrue(store.<Boolean>in(session -> session.evidence().add(order, reply)));
        issuer.issue(order, Csrs.of(BOB));
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                new byte[32], log("").proof(0).entry().evidence());
    }

    @Test
    void whatWasPromisedForAKeyThatWasStolenSinceIsNotSigned() throws Exception {
        var device = Keys.generate();
        issuer.issue(order, Csrs.of(BOB, device));
        String first = order().serial(),
                next = Ready.order(store, BOB, "email-code-00", clock.instant().getEpochSecond());
        issuer.promise(next, Csrs.of(BOB, device));
        dies();
        store.change(
                session -> session.certificates().revoke(first, clock.instant().getEpochSecond(), 1));
        issuer.resume();
        Order ended = store.in(session -> session.orders().byId(next).orElseThrow());
        assertEquals(Order.Status.INVALID, ended.status());
        assertTrue(ended.error().detail().contains("stolen"));
    }

    // RFC 8555, section 7.5.2.
    @Test
    void whatWasPromisedIsNotSignedWhenItsProofWasGivenUpSince() throws Exception {
        issuer.promise(order, Csrs.of(BOB));
        dies();
        String proof = order().authorization();
        store.change(session -> session.authorizations().end(proof, Authorization.Status.DEACTIVATED, Fault.NONE));
        issuer.resume();
        assertEquals(Order.Status.INVALID, order().status());
        assertTrue(order().error().detail().contains("given up"));
        assertEquals(
                Authorization.Status.DEACTIVATED,
                store.in(session -> session.authorizations().byId(proof).orElseThrow())
                        .status());
        assertEquals(0, size());
    }

    @Test
    void noCertificateIsReleasedThatIsNotInTheLog() throws Exception {
        issuer.issue(order, Csrs.of(BOB));
        String serial = order().serial();
        assertEquals(
                0,
                store.<Long>in(session ->
                        session.certificates().bySerial(serial).orElseThrow().logIndex()));
        assertEquals(1, size());
        var proof = log("another name, which does not count").proof(0);
        String chain = Ready.chain(store, order);
        byte[] leaf = java.util.Base64.getMimeDecoder()
                .decode(chain.substring(chain.indexOf('\n'), chain.indexOf("-----END")));
        var log = log("");
        proof.verify(leaf, new dev.starling.identity.Address(BOB), new LogPolicy(log.key(), java.util.List.of(), 0));
        assertEquals("ca.example/log", log.key().name());
    }

    private CertificateLog log(String name) throws IOException {
        return new CertificateLog(store, LogKey.open(folder, store, name));
    }

    private long size() throws IOException {
        return store.<Long>in(session -> session.log().head().orElseThrow().size());
    }

    @Test
    void whatSomebodyWroteIntoTheStoreIsNotSigned() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        String other = issuer.promise(
                Ready.order(
                        store,
                        "carol@example.net",
                        "email-code-00",
                        clock.instant().getEpochSecond()),
                Csrs.of("carol@example.net"));
        byte[] foreign = store.in(
                session -> session.certificates().bySerial(other).orElseThrow().toBeSigned());
        try (var db = java.sql.DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var s = db.prepareStatement("update certificate set to_be_signed = ? where serial = ?")) {
            s.setBytes(1, foreign);
            s.setString(2, serial);
            assertEquals(1, s.executeUpdate());
        }
        var e = org.junit.jupiter.api.Assertions.assertThrows(IOException.class, () -> issuer.sign(serial));
        assertTrue(String.valueOf(e.getMessage()).contains("is not what was asked for"));
        issuer.resume();
        assertEquals("", Ready.chain(store, order));
        assertEquals(1, size(), "the other one is not held up");
    }

    /// The place of lists that is promised, and that of the process which signs; "" for none.
    @ParameterizedTest
    @CsvSource({"'',http://ca.example", "http://ca.example,''", "http://evil.example,http://ca.example"})
    void whatWasPromisedWithAnotherPlaceOfListsIsSignedWithTheOneOfNow(String then, String now) throws Exception {
        String serial = Ready.issuer(folder, new ListPlace(then), store, clock).promise(order, Csrs.of(BOB));
        store.close();
        store = CaStore.inFile(folder.resolve("ca.db"));
        issuer = Ready.issuer(folder, new ListPlace(now), store, clock);
        issuer.resume();
        hasOneCertificate(serial);
        String chain = Ready.chain(store, order);
        byte[] leaf = java.util.Base64.getMimeDecoder()
                .decode(chain.substring(chain.indexOf('\n'), chain.indexOf("-----END")));
        var named = CertificateFields.parse(leaf).extensions().crls();
        assertEquals(now.isEmpty() ? 0 : 1, named.size());
        for (String each : named) assertTrue(each.startsWith(now + "/acme/crl/"), each);
        byte[] stored = store.in(
                session -> session.certificates().bySerial(serial).orElseThrow().toBeSigned());
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                Keys.certificate(leaf).getTBSCertificate(), stored);
    }

    @Test
    void whatIsBeingMadeNowIsLeftToWhoMakesIt() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        issuer.resumeLeft();
        assertEquals(Order.Status.PROCESSING, order().status());
        issuer.resumeLeft();
        hasOneCertificate(serial);
    }

    @Test
    void oneThatWeCannotDealWithHoldsUpNoneThatCameAfterIt() throws Exception {
        var failing = issuer.asking(each -> {
            if (each.id().equals(order)) throw new IllegalStateException("as a fault of ours would");
        });
        var _ = issuer.promise(order, Csrs.of(BOB));
        failing.resumeLeft();
        String next = Ready.order(
                store, "carol@example.net", "email-code-00", clock.instant().getEpochSecond());
        var _ = issuer.promise(next, Csrs.of("carol@example.net"));
        for (int look = 0; look < 2; look++) assertThrows(IOException.class, failing::resumeLeft);
        assertTrue(Ready.chain(store, next).contains("BEGIN CERTIFICATE"));
        assertEquals(Order.Status.PROCESSING, order().status());
    }

    @Test
    void anOrderWhoseKeyIsGoneHoldsUpNoOtherAndFailsInTheEnd() throws Exception {
        String hopeless = issuer.promise(order, Csrs.of(BOB));
        clock.pass(java.time.Duration.ofSeconds(1));
        String next = Ready.order(
                store, "carol@example.net", "email-code-00", clock.instant().getEpochSecond());
        issuer.promise(next, Csrs.of("carol@example.net"));
        try (var db = java.sql.DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var s = db.prepareStatement("update certificate set issuer = 'gone' where serial = ?")) {
            s.setString(1, hopeless);
            assertEquals(1, s.executeUpdate());
        }
        issuer.resume();
        assertTrue(Ready.chain(store, next).contains("BEGIN CERTIFICATE"));
        assertEquals(Order.Status.PROCESSING, order().status(), "the key may come back");
        clock.pass(java.time.Duration.ofDays(2));
        issuer.resume();
        assertEquals(Order.Status.INVALID, order().status());
        assertTrue(order().error().detail().contains("Order another one"));
        issuer.resume();
        assertEquals(
                0, store.<Integer>in(session -> session.orders().unfinished(9).size()));
    }

    @Test
    void whoeverResumesWhileAnotherOneIssuesMakesNoSecondOne() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Boolean> resuming = () -> {
                issuer.resume();
                return true;
            };
            for (var each : all.invokeAll(Collections.nCopies(8, resuming))) assertTrue(each.get());
        }
        hasOneCertificate(serial);
    }

    @Test
    void whatWasPromisedIsSignedByTheKeyOfThenEvenWhenTheNextOneIsThere() throws Exception {
        String serial = issuer.promise(order, Csrs.of(BOB));
        String before = store.in(
                session -> session.certificates().bySerial(serial).orElseThrow().issuer());
        clock.pass(java.time.Duration.ofDays(680));
        dies();
        issuer.resume();
        hasOneCertificate(serial);
        String next = Ready.order(
                store, "carol@example.net", "email-code-00", clock.instant().getEpochSecond());
        issuer.issue(next, Csrs.of("carol@example.net"));
        String after = store.in(session -> session.certificates()
                .bySerial(session.orders().byId(next).orElseThrow().serial())
                .orElseThrow()
                .issuer());
        assertFalse(before.equals(after));
    }
}
