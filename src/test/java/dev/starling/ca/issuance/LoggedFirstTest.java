package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.AcmeCaller;
import dev.starling.ca.Csrs;
import dev.starling.ca.TestClock;
import dev.starling.ca.log.PublishedLog;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.EvidenceTable.Evidence;
import dev.starling.ca.store.Order;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever somebody else writes into the store, and whenever the issuer dies: no signature leaves it whose entry is
/// not
/// in the log, the entry is its owner's, and the same promise comes to the same certificate.
class LoggedFirstTest {
    private static final String BOB = "bob@example.net", MALLORY = "mallory@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
    private Unbelieving ca;

    @BeforeEach
    void start() throws Exception {
        ca = new Unbelieving(folder, clock);
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    /// It has its certificate, which stands in the log as bob's, once.
    private Certificate isIssued(String order) throws Exception {
        assertEquals(Order.Status.VALID, ca.of(order).status(), ca.of(order).error()::detail);
        Certificate issued = ca.certificate(order);
        var log = PublishedLog.of(ca.store);
        var proof = log.proof(issued.logIndex());
        proof.verify(issued.leaf(), new Address(BOB), new LogPolicy(log.key(), List.of(), 0));
        assertEquals(1, ca.entries());
        return issued;
    }

    @Test
    void whatTheStoreCallsLoggedIsEntered() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        ca.elsewhere("create trigger logged after insert on certificate begin"
                + " update certificate set log_index = 0 where serial = new.serial; end");
        issuer.work(order);
        isIssued(order);
    }

    @Test
    void noSignatureIsInTheStoreBeforeItsEntryIs() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        ca.elsewhere("create trigger killed before insert on log_leaf begin select raise(abort, 'killed'); end");
        assertThrows(IOException.class, () -> issuer.work(order));
        assertEquals(Order.Status.PROCESSING, ca.of(order).status());
        String serial = ca.of(order).serial();
        assertEquals("", ca.certificate(order).chain());
        // What is needed to go on lies where only the issuer writes.
        assertEquals(List.of(serial + ".signed"), ca.signed());
        Path kept = ca.keys().resolve("signed").resolve(serial + ".signed");
        assertEquals(
                "rw-------",
                java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)));
        String chain = Files.readString(kept).split("\n", 3)[2];
        ca.elsewhere("drop trigger killed");
        // Meanwhile the front has written what it likes; the proof is no longer good, and the order no longer there.
        ca.elsewhere("update authz set status = 'revoked'");
        ca.elsewhere("update certificate set value = '" + MALLORY + "', not_before = 0, to_be_signed = x''");
        var next = ca.issuer();
        assertEquals(List.of(serial), next.unlogged());
        next.work(order);
        assertEquals(chain, isIssued(order).chain());
        assertEquals(List.of(), next.unlogged());
    }

    @Test
    void whatIsSignedComesIntoTheLogAlsoWhenItsOrderIsGone() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        ca.elsewhere("create trigger killed before insert on log_leaf begin select raise(abort, 'killed'); end");
        assertThrows(IOException.class, () -> issuer.work(order));
        ca.elsewhere("drop trigger killed");
        ca.elsewhere("delete from cert_order");
        ca.elsewhere("delete from certificate");
        var next = ca.issuer();
        for (String each : next.unlogged()) next.enterLeft(each);
        assertEquals(1, ca.entries());
        assertEquals(List.of(), next.unlogged());
    }

    @Test
    void anotherIssuerWithTheSameKeysMakesTheSameCertificateOfAPromise() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        ca.elsewhere("create trigger killed before insert on log_leaf begin select raise(abort, 'killed'); end");
        assertThrows(IOException.class, () -> issuer.work(order));
        ca.elsewhere("drop trigger killed");
        Path kept = ca.keys().resolve("signed").resolve(ca.of(order).serial() + ".signed");
        String chain = Files.readString(kept).split("\n", 3)[2];
        // On another machine, whose folder knows nothing of it.
        Path other = Files.createDirectory(folder.resolve("other"));
        for (String each : List.of("issuing.p12", "root.p12", "issuing.p12.password", "root.p12.password", "log.key"))
            Files.copy(ca.keys().resolve(each), other.resolve(each));
        ca.issuer(other).work(order);
        assertEquals(chain, isIssued(order).chain());
        // And the first one comes back.
        var again = ca.issuer();
        for (String each : again.unlogged()) again.enterLeft(each);
        isIssued(order);
    }

    @Test
    void theEntryIsThatOfWhoProvedTheMailbox() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        // Between the signature and the entry.
        ca.elsewhere("create trigger moved after update of chain on certificate begin"
                + " update certificate set value = '" + MALLORY + "' where serial = new.serial; end");
        issuer.work(order);
        var entry = PublishedLog.of(ca.store).proof(0).entry();
        assertArrayEquals(LogEntry.ownerTag(new Address(BOB), "ca.example/log"), entry.ownerTag());
    }

    @Test
    void aHeadThatTheIssuerDidNotSignIsNone() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        var mallory = NoteSigner.of("ca.example/log", NoteKey.Kind.LOG, NoteSigner.newSeed());
        byte[] forged = Checkpoint.signed(mallory, new TreeHead(1_000_000, new byte[32]))
                .bytes();
        ca.store.change(session -> session.log().release(0, forged, TreeHead.EMPTY.root()));
        issuer.work(order);
        String remembered = Files.readString(ca.keys().resolve("log.head"), StandardCharsets.US_ASCII);
        assertTrue(remembered.startsWith("1 "), remembered);
        isIssued(order);
    }

    /// What the issuer would make of an order, with other numbers; as whoever writes into the store can.
    private void promised(String order, byte[] csr, String serial, long from, long to) throws Exception {
        var issuer = ca.store.in(session -> session.shown()
                .find(dev.starling.ca.store.ShownTable.Shown.ISSUING)
                .orElseThrow());
        var by = Keys.certificate(issuer);
        ECPublicKey key = CertificateRequest.parse(csr, new Address(BOB)).key();
        byte[] toBeSigned = CertificateProfile.toBeSigned(
                new CertificateProfile.Subject(
                        key, new Address(BOB), dev.starling.identity.CertificateVerifier.POLICY_ARC + ".1"),
                new BigInteger(serial, 16),
                new CertificateProfile.Validity(Instant.ofEpochSecond(from), Instant.ofEpochSecond(to)),
                new CertificateProfile.By(by, Optional.empty()));
        ca.store.change(session -> {
            session.orders().processing(order, csr, serial);
            session.certificates()
                    .add(new Certificate(
                            serial,
                            order,
                            "account",
                            "email",
                            BOB,
                            Finalizing.device(key),
                            CertificateProfile.keyId(by),
                            toBeSigned,
                            "",
                            from,
                            to,
                            0,
                            0,
                            -1));
        });
    }

    @Test
    void aPromiseThatTheIssuerDidNotMakeIsNone() throws Exception {
        var issuer = ca.issuer();
        long now = ca.now(), day = 86_400;
        byte[] csr = Csrs.of(BOB);
        String other = ca.order(BOB, csr), old = ca.order(BOB, csr), changed = ca.order(BOB, csr);
        promised(other, csr, "abc1", now - 300, now + 29 * day);
        promised(old, csr, "abc2", now - 20 * day, now + 10 * day);
        // One of its own, with another beginning.
        String own = ca.order(BOB, csr, Order.Status.READY, now, "");
        String serial = issuer.promise(own, csr);
        ca.elsewhere("delete from certificate where serial = '" + serial + "'");
        promised(own, csr, serial, now - 5 * day, now + 25 * day - 300);
        // And one that is not there at all.
        ca.elsewhere("update cert_order set serial = 'abc3' where id = '" + changed + "'");
        for (String each : List.of(other, old, own, changed)) {
            issuer.work(each);
            assertEquals(Order.Status.INVALID, ca.of(each).status());
            assertTrue(
                    ca.of(each).error().detail().contains("not made here"),
                    ca.of(each).error()::detail);
        }
        assertEquals(0, ca.entries());
        assertEquals(List.of(), ca.signed());
    }

    @Test
    void whatItPromisedItselfIsKept() throws Exception {
        byte[] csr = Csrs.of(BOB);
        String order = ca.order(BOB, csr, Order.Status.READY, ca.now(), "");
        String serial = ca.issuer().promise(order, csr);
        clock.pass(Duration.ofHours(1));
        ca.issuer().work(order);
        assertEquals(serial, isIssued(order).serial());
    }

    @Test
    void aPromiseForAKeyThatWasStolenSinceIsNotKept() throws Exception {
        var issuer = ca.issuer();
        KeyPair device = Keys.generate();
        byte[] csr = Csrs.of(BOB, device);
        String first = ca.order(BOB, csr);
        issuer.work(first);
        String second = ca.order(BOB, csr, Order.Status.READY, ca.now(), "");
        issuer.promise(second, csr);
        String serial = isIssued(first).serial();
        ca.store.change(session -> session.certificates().revoke(serial, ca.now(), 1));
        ca.issuer().work(second);
        assertEquals(Order.Status.INVALID, ca.of(second).status());
        assertTrue(
                ca.of(second).error().detail().contains("stolen"), ca.of(second).error()::detail);
        assertEquals(1, ca.entries());
    }

    @Test
    void whatTheDnsDoesNotAnswerForEndsWithTheOrder() throws Exception {
        var issuer = ca.issuer().asking(_ -> {
            throw Problem.later("dns", 503, "The DNS does not answer.", Duration.ofMinutes(1));
        });
        String order = ca.order(BOB, Csrs.of(BOB));
        issuer.work(order);
        assertEquals(Order.Status.PROCESSING, ca.of(order).status());
        assertEquals(1, ca.open(), "it is one of those that its account may have");
        clock.pass(Duration.ofDays(2));
        issuer.work(order);
        assertEquals(Order.Status.INVALID, ca.of(order).status());
        assertEquals("dns", ca.of(order).error().type());
        assertEquals(0, ca.open());
        // Its proof is as good as before.
        assertTrue(ca.store.<Boolean>in(
                session -> session.authorizations().byId(order).orElseThrow().isGood(ca.now())));
    }

    @Test
    void whatIsNoAddressIsNotCertified() throws Exception {
        var issuer = ca.issuer();
        for (String each :
                List.of("victim@example.org <mallory@evil.example>", "Bob@Example.net", "+4930123456", "bob")) {
            String order = ca.order(each, Csrs.of(BOB));
            try {
                issuer.work(order);
            } catch (RuntimeException e) {
                assertFalse(each.contains("@"), each);
                continue;
            }
            assertEquals(Order.Status.INVALID, ca.of(order).status(), each);
        }
        // By itself, whatever a request may look like.
        var e = assertThrows(Problem.class, () -> ca.way("victim@example.org <mallory@evil.example>"));
        assertTrue(e.detail().startsWith("This is no mailbox"), e::detail);
        assertEquals("email-code-00", ca.way(BOB));
        assertEquals(0, ca.entries());
    }

    @Test
    void theEntryHasTheEvidenceOfTheProof() throws Exception {
        var issuer = ca.issuer();
        byte[] mail = new byte[32];
        mail[0] = 7;
        String order = ca.order(
                BOB,
                Csrs.of(BOB),
                Order.Status.PROCESSING,
                ca.now(),
                HexFormat.of().formatHex(mail));
        var other = new Evidence(new byte[] {1}, "d", "s", "k", "p", false, ca.now());
        assertTrue(ca.store.<Boolean>in(session -> session.evidence().add(order, other)));
        issuer.work(order);
        isIssued(order);
        assertArrayEquals(mail, PublishedLog.of(ca.store).proof(0).entry().evidence());
    }

    @Test
    void aProofOfAClockThatIsAheadWaitsAndIsNotLost() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB), Order.Status.PROCESSING, ca.now() + 900, "");
        issuer.work(order);
        assertEquals(
                Order.Status.PROCESSING, ca.of(order).status(), ca.of(order).error()::detail);
        clock.pass(Duration.ofMinutes(6));
        issuer.work(order);
        isIssued(order);
    }

    @Test
    void nothingMoreIsSignedWhenTooMuchDoesNotComeIntoTheLog() throws Exception {
        var issuer = ca.issuer();
        Path kept = Files.createDirectory(ca.keys().resolve("signed"));
        // A process was killed while it wrote.
        Files.createFile(kept.resolve(".new123"));
        for (int i = 0; i < 1000; i++) Files.createFile(kept.resolve(Integer.toHexString(i) + ".signed"));
        String order = ca.order(BOB, Csrs.of(BOB));
        assertThrows(IOException.class, () -> issuer.work(order));
        assertEquals(1000, ca.signed().size());
        assertEquals("", ca.certificate(order).chain());
        assertEquals(0, ca.entries());
        Files.delete(kept.resolve("0.signed"));
        issuer.work(order);
        isIssued(order);
    }

    @Test
    void whatWasStoredAndNotForgottenIsEnteredNoSecondTime() throws Exception {
        var issuer = ca.issuer();
        String order = ca.order(BOB, Csrs.of(BOB));
        issuer.work(order);
        Certificate issued = isIssued(order);
        // It died before the file was gone.
        Path kept = ca.keys().resolve("signed").resolve(issued.serial() + ".signed");
        Files.writeString(kept, BOB + "\n" + "0".repeat(64) + "\n" + issued.chain());
        var next = ca.issuer();
        for (String each : next.unlogged()) next.enterLeft(each);
        assertEquals(issued.chain(), isIssued(order).chain());
        assertEquals(List.of(), ca.signed());
    }

    @Test
    void whoWaitsForTheDnsTakesNoPlace() throws Exception {
        String carol = "carol@slow.example";
        var asked = new CountDownLatch(1);
        var answered = new CountDownLatch(1);
        var issuer = ca.issuer().asking(order -> {
            if (!order.value().equals(carol)) return;
            asked.countDown();
            try {
                answered.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        var place = new Semaphore(1);
        String slow = ca.order(carol, Csrs.of(carol)), fast = ca.order(BOB, Csrs.of(BOB));
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var waiting = all.submit(() -> {
                issuer.work(slow, place);
                return true;
            });
            asked.await();
            issuer.work(fast, place);
            isIssued(fast);
            answered.countDown();
            assertTrue(waiting.get());
        }
        assertEquals(Order.Status.VALID, ca.of(slow).status());
    }

    @Test
    void whatProvedAnAddressIsForgottenWhenNoCertificateByItCanBeGood() throws Exception {
        String order = ca.order(BOB, Csrs.of(BOB));
        ca.issuer().work(order);
        for (int days : List.of(0, 91)) {
            clock.pass(Duration.ofDays(days));
            ca.store.sweep(ca.now());
            assertTrue(ca.store.in(session -> session.receipts().request(order)).isPresent());
            assertTrue(ca.store.in(session -> session.receipts().of(order)).isPresent());
        }
        clock.pass(Duration.ofDays(31));
        ca.store.sweep(ca.now());
        assertTrue(ca.store.in(session -> session.receipts().request(order)).isEmpty());
        assertTrue(ca.store.in(session -> session.receipts().of(order)).isEmpty());
        assertTrue(ca.certificate(order).isSigned());
    }

    /// As by a key to which no change leads: the next order asks the mailbox anew.
    @Test
    void aProofThatTheKeyOfTheRequestDoesNotFitEnds() throws Exception {
        byte[] csr = Csrs.of(BOB);
        String order = ca.order(BOB, csr);
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(csr);
        byte[] request = Jws.sign(
                AcmeCaller.newKey(),
                Optional.of("https://ca.example/acme/account/x"),
                "bm9uY2U",
                "https://ca.example/acme/finalize/" + order,
                Json.write(Map.of("csr", text)));
        ca.store.change(session -> session.receipts().request(order, request));
        ca.issuer().work(order);
        assertEquals(Order.Status.INVALID, ca.of(order).status());
        assertEquals("unauthorized", ca.of(order).error().type());
        assertFalse(ca.store.<Boolean>in(
                session -> session.authorizations().byId(order).orElseThrow().isGood(ca.now())));
    }

    /// The store is damaged, or others wrote into it.
    @Test
    void aProofWhoseRequestCannotBeReadEnds() throws Exception {
        byte[] csr = Csrs.of(BOB);
        for (String stored : List.of(
                "",
                "no JSON",
                "{}",
                "{\"protected\":\"*\",\"payload\":\"\",\"signature\":\"\"}",
                new String(
                        Jws.sign(
                                AcmeCaller.newKey(),
                                Optional.of("https://ca.example/acme/account/x"),
                                "bm9uY2U",
                                "https://ca.example/acme/finalize/x",
                                "[]"),
                        StandardCharsets.US_ASCII))) {
            String order = ca.order(BOB, csr);
            ca.store.change(session -> session.receipts().request(order, stored.getBytes(StandardCharsets.US_ASCII)));
            ca.issuer().work(order);
            assertEquals(Order.Status.INVALID, ca.of(order).status(), stored);
            assertEquals("unauthorized", ca.of(order).error().type(), stored);
            assertTrue(ca.of(order).error().detail().endsWith("Order again; a mail will come."), stored);
            assertFalse(
                    ca.store.<Boolean>in(session ->
                            session.authorizations().byId(order).orElseThrow().isGood(ca.now())),
                    stored);
        }
        // By the account's own key, too.
        String order = ca.order(BOB, csr);
        ca.requested(order, "{\"csr\":7}");
        ca.issuer().work(order);
        assertEquals("unauthorized", ca.of(order).error().type());
    }
}
