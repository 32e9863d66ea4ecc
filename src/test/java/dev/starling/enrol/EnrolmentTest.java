package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestCa;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The user's side against the real CA: to the certificate, and to every way of not getting one.
class EnrolmentTest {
    @TempDir
    Path folder;

    private TestCa ca;
    private Address bob;
    private Path file;

    @BeforeEach
    void start() throws Exception {
        Path data = Files.createDirectory(folder.resolve("ca"));
        ca = new TestCa(data);
        bob = Address.parse("bob@example.net");
        file = folder.resolve("bob.p12");
    }

    @AfterEach
    void stop() throws IOException {
        ca.close();
    }

    private Enrolment enrolment() {
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false);
        return new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10));
    }

    private Path pending() {
        return Pending.file(new Beside(file, ca.directory(), bob.text()));
    }

    private Optional<String> mailed(Address to, String note) {
        assertEquals("", note);
        assertEquals(to.text(), ca.letters.last().to());
        return Optional.of(ca.letters.last().text());
    }

    private EnrolmentException fails(Reason reason, Enrolment.CodeSource codes) {
        var e = assertThrows(EnrolmentException.class, () -> enrolment().enrol(bob, file, codes));
        assertEquals(reason, e.reason(), e::detail);
        return e;
    }

    private List<String> files() throws IOException {
        try (var all = Files.list(folder)) {
            return all.map(f -> f.getFileName().toString())
                    .filter(n -> !n.equals("ca"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theWholeMailLeadsToAKeyAndACertificateInOwnerOnlyFiles() throws Exception {
        var held = enrolment().enrol(bob, file, this::mailed);
        assertEquals(2, held.chain().size());
        assertEquals(held.id(), Keys.load(file).id());
        assertEquals(List.of("bob.p12", "bob.p12.account", "bob.p12.password"), files());
        for (String name : files())
            assertEquals(
                    "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))));
        byte[] message = {1, 2, 3};
        assertTrue(
                Keys.verify(held.publicKey(), message, Keys.sign(Keys.load(file).key(), message)));
    }

    private CertificateVerifier logging(NoteKey log) {
        var policy = new LogPolicy(log, List.of(), 0);
        var anchor = Anchor.of(ca.issuer.root()).with(new AnchorLog(policy, ca.base + "/acme/log", true));
        return new CertificateVerifier(TrustAnchors.limited(List.of(anchor)), false);
    }

    @Test
    void theProofOfTheLogComesWithTheCertificateAndIsKeptBesideIt() throws Exception {
        var verifier = logging(ca.log.key());
        var held =
                new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10)).enrol(bob, file, this::mailed);
        byte[] kept = Files.readAllBytes(folder.resolve("bob.tlog-proof"));
        var policy = new LogPolicy(ca.log.key(), List.of(), 0);
        var _ = LogProof.parse(kept).verify(held.der().getFirst(), bob, policy);
        // What is not good any more is fetched again, what is good is not.
        Files.writeString(folder.resolve("bob.tlog-proof"), "damaged");
        assertArrayEquals(
                kept, new LogProofs(verifier, ca.clock).of(file, held.chain()).orElseThrow());
        ca.close();
        assertArrayEquals(
                kept, new LogProofs(verifier, ca.clock).of(file, held.chain()).orElseThrow());
    }

    @Test
    void aProofByAnotherLogIsNotKept() throws Exception {
        var other = NoteSigner.of(ca.log.key().name(), NoteKey.Kind.LOG, NoteSigner.newSeed());
        var held = new Enrolment(ca.directory(), logging(other.key()), ca.clock, Duration.ofMillis(10))
                .enrol(bob, file, this::mailed);
        assertFalse(Files.exists(folder.resolve("bob.tlog-proof")));
        assertEquals(Optional.empty(), new LogProofs(logging(other.key()), ca.clock).of(file, held.chain()));
    }

    @Test
    void theMailIsInTheLanguageOfTheComputer() throws Exception {
        var before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            var held = enrolment().enrol(bob, file, (to, note) -> {
                assertTrue(ca.letters.last().text().contains("Der Code gilt 24 Stunden"));
                return mailed(to, note);
            });
            assertEquals(2, held.chain().size());
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void whatIsUnderWayIsForTheOwnerToo() throws Exception {
        enrolment().enrol(bob, file, (to, note) -> {
            assertEquals(List.of(String.valueOf(pending().getFileName())), files());
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(pending())));
            return mailed(to, note);
        });
    }

    @Test
    void theCodeIsFoundInWhateverWasPasted() throws Exception {
        String code = "A1b2C3d4-E5f6_G7h8I9j0K1l2M3n4O5";
        for (String pasted : List.of(
                code,
                "  " + code + "\n",
                "Subject: ACME: " + code,
                "ACME:\n A1b2C3d4-E5f6_G7h8\n I9j0K1l2M3n4O5",
                "\"" + code + "\"",
                "> " + code.substring(0, 20) + "\r\n" + code.substring(20)))
            assertEquals(Optional.of(code), MailCode.in(pasted), pasted);
        for (String pasted : List.of("", "no code here", code + "x", code.substring(1), "x".repeat(200_000)))
            assertEquals(Optional.empty(), MailCode.in(pasted));
    }

    @Test
    void aWrongCodeIsAskedForAgainAndTheReasonIsShown() throws Exception {
        var notes = new ArrayList<String>();
        var answers = new ArrayList<>(List.of("no code", "A".repeat(32)));
        enrolment().enrol(bob, file, (_, note) -> {
            notes.add(note);
            return Optional.of(answers.isEmpty() ? ca.letters.last().code() : answers.removeFirst());
        });
        assertEquals(
                List.of(
                        "",
                        "There is no code in that; it has 32 letters and digits.",
                        "This is not the code from the mail."),
                notes);
        assertEquals(1, ca.letters.all.size());
    }

    @Test
    void tooManyWrongCodesEndItAndTheNextCallStartsAnew() throws Exception {
        var e = fails(Reason.REFUSED, (_, _) -> Optional.of("A".repeat(32)));
        assertEquals("Too many wrong codes. Ask for a new one.", e.detail());
        assertEquals(List.of(), files());
        enrolment().enrol(bob, file, this::mailed);
        assertEquals(2, ca.letters.all.size());
    }

    @Test
    void anInterruptedEnrolmentGoesOnWithTheSameOrderAndKey() throws Exception {
        var e = fails(Reason.INTERRUPTED, (_, _) -> Optional.empty());
        assertTrue(e.detail().contains("Run it again to go on"));
        byte[] pending = Files.readAllBytes(pending());
        fails(Reason.INTERRUPTED, (_, _) -> Optional.empty());
        assertArrayEquals(pending, Files.readAllBytes(pending()));
        enrolment().enrol(bob, file, this::mailed);
        assertEquals(1, ca.letters.all.size(), "one mail for all of it");
        assertEquals(List.of("bob.p12", "bob.p12.account", "bob.p12.password"), files());
    }

    @Test
    void aProcessThatDiesAfterTheCodeGoesOnWithoutAnotherOne() throws Exception {
        assertThrows(
                IOException.class,
                () -> enrolment().enrol(bob, file, (_, _) -> {
                    // The code was read; then the process dies.
                    throw new IOException("killed");
                }));
        long now = ca.clock.instant().getEpochSecond();
        String account = account();
        ca.store.change(session -> {
            var order = session.orders().of(account, now, 0, 1).getFirst();
            var challenge =
                    session.authorizations().challenges(order.authorization()).getFirst();
            session.authorizations().proven(challenge, now, order.expires());
        });
        enrolment().enrol(bob, file, (_, _) -> {
            throw new IllegalStateException("not needed");
        });
        assertEquals(1, ca.<Integer>stored(session -> session.certificates().count()));
    }

    /// The id of the account under way.
    private String account() throws IOException {
        return Pending.load(new Beside(file, ca.directory(), bob.text()))
                .orElseThrow()
                .kid()
                .replaceFirst(".*/", "");
    }

    @Test
    void anOrderThatExpiredIsReplacedByANewOne() throws Exception {
        fails(Reason.INTERRUPTED, (_, _) -> Optional.empty());
        ca.clock.pass(Duration.ofHours(25));
        enrolment().enrol(bob, file, this::mailed);
        assertEquals(2, ca.letters.all.size());
    }

    @Test
    void anOrderThatTheCaHasForgottenIsReplacedByANewOne() throws Exception {
        fails(Reason.INTERRUPTED, (_, _) -> Optional.empty());
        ca.clock.pass(Duration.ofDays(40));
        ca.store.sweep(ca.clock.instant().getEpochSecond());
        ca.store.sweep(ca.clock.instant().getEpochSecond());
        enrolment().enrol(bob, file, this::mailed);
        assertEquals(2, ca.letters.all.size());
    }

    @Test
    void aPendingFileThatIsDamagedOrForSomethingElseIsNotUsed() throws Exception {
        Files.writeString(pending(), "{\"directory\":\"x\"");
        enrolment().enrol(bob, file, this::mailed);
        Pending.begin(URI.create("https://other.example/directory"), bob.text(), Keys.generate())
                .save(file);
        // As if it had come into our place.
        Files.move(
                Pending.file(new Beside(file, URI.create("https://other.example/directory"), bob.text())), pending());
        var held = Keys.load(file);
        assertEquals(held.id(), enrolment().enrol(bob, file, this::mailed).id());
    }

    @Test
    void aRenewalKeepsTheKey() throws Exception {
        var first = enrolment().enrol(bob, file, this::mailed);
        var leaf = first.chain().getFirst();
        assertFalse(Enrolment.isDue(leaf, ca.clock.instant()));
        ca.clock.pass(Duration.ofDays(19));
        assertFalse(Enrolment.isDue(leaf, ca.clock.instant()));
        ca.clock.pass(Duration.ofDays(1));
        assertTrue(Enrolment.isDue(leaf, ca.clock.instant()));
        var second = enrolment().enrol(bob, file, this::mailed);
        assertEquals(first.id(), second.id());
        assertNotEquals(leaf, second.chain().getFirst());
        assertEquals(
                Duration.ofDays(20),
                Duration.between(
                        leaf.getNotAfter().toInstant(),
                        second.chain().getFirst().getNotAfter().toInstant()));
        assertEquals(second.chain(), Keys.load(file).chain());
    }

    @Test
    void aRenewalThatFailsLeavesTheOldCertificate() throws Exception {
        var first = enrolment().enrol(bob, file, this::mailed);
        Files.delete(folder.resolve("bob.p12.account"));
        fails(Reason.REFUSED, (_, _) -> Optional.of("A".repeat(32)));
        fails(Reason.INTERRUPTED, (_, _) -> Optional.empty());
        assertEquals(first.chain(), Keys.load(file).chain());
    }

    @Test
    void aMailThatCannotBeSentIsToldBeforeTheCodeIsAskedFor() throws Exception {
        ca.letters.trouble(() -> {
            throw new IOException("The mail server cannot be reached.");
        });
        fails(Reason.INTERRUPTED, (_, note) -> {
            assertTrue(note.startsWith("The mail server cannot be reached. The mail with the code is not on its way"));
            return Optional.empty();
        });
    }

    @Test
    void anAddressThatTheCaDoesNotWantIsRefusedWithItsReason() throws Exception {
        bob = Address.parse("postmaster@example.net");
        var e = fails(Reason.REFUSED, this::mailed);
        assertEquals("This address belongs to a role or a list, not to a person.", e.detail());
        assertEquals(List.of(), files());
    }

    @Test
    void aCaThatIsGoneIsUnreachableAndTheEnrolmentGoesOnLater() throws Exception {
        String base = ca.base;
        ca.close();
        var e = fails(Reason.UNREACHABLE, this::mailed);
        assertEquals(
                "The CA at " + base + "/acme/directory does not answer. Try again later; it goes on where it was.",
                e.detail());
        assertEquals(List.of(String.valueOf(pending().getFileName())), files());
        ca = new TestCa(folder.resolve("ca"));
    }

    @Test
    void aCertificateFromACaThatIsNotBelievedIsRefused() throws Exception {
        Path data = Files.createDirectory(folder.resolve("other"));
        try (var other = new TestCa(data)) {
            var verifier = new CertificateVerifier(TrustAnchors.of(other.issuer.root()), false);
            var e = assertThrows(
                    EnrolmentException.class,
                    () -> new Enrolment(ca.directory(), verifier, ca.clock).enrol(bob, file, this::mailed));
            assertEquals(Reason.NOT_GENUINE, e.reason());
            assertEquals(
                    "The CA's certificate is refused: it is not from a CA that you believe (unknown-anchor)."
                            + " Nothing was saved.",
                    e.detail());
            assertFalse(Files.exists(file));
        }
    }

    private Optional<String> nobody(Address to, String note) {
        throw new AssertionError("a code was asked for");
    }

    @Test
    void whileTheProofIsGoodARenewalNeedsNoMailAndNobody() throws Exception {
        var first = enrolment().enrol(bob, file, this::mailed);
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false);
        ca.clock.pass(Duration.ofDays(21));
        assertTrue(Enrolment.renewQuietly(bob, file, verifier, ca.clock));
        assertEquals(1, ca.letters.all.size());
        var second = Keys.load(file);
        assertEquals(first.id(), second.id());
        assertTrue(second.chain()
                .getFirst()
                .getNotAfter()
                .toInstant()
                .isAfter(first.chain().getFirst().getNotAfter().toInstant()));
        enrolment().enrol(bob, file, this::nobody);
        ca.clock.pass(Duration.ofDays(90));
        assertFalse(Enrolment.renewQuietly(bob, file, verifier, ca.clock), "the proof is over");
        assertFalse(Enrolment.renewQuietly(Address.parse("eve@example.net"), file, verifier, ca.clock));
        assertEquals(1, ca.letters.all.size(), "no mail goes out unasked");
    }

    @Test
    void theAccountIsForTheOwnerOnlyAndADamagedOneCostsOneMail() throws Exception {
        enrolment().enrol(bob, file, this::mailed);
        Path account = folder.resolve("bob.p12.account");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(account)));
        assertFalse(KeptAccount.load(file).orElseThrow().toString().contains("\"d\""));
        Files.writeString(account, "{\"account\":7}");
        assertEquals(Optional.empty(), KeptAccount.load(file));
        enrolment().enrol(bob, file, this::mailed);
        assertEquals(2, ca.letters.all.size());
        assertTrue(KeptAccount.load(file).isPresent());
    }

    @Test
    void whoProvedTheMailboxWithdrawsTheCertificateOfALostDevice() throws Exception {
        Path lost = folder.resolve("lost.p12");
        byte[] old =
                Keys.encoded(enrolment().enrol(bob, lost, this::mailed).chain().getFirst());
        var none = assertThrows(EnrolmentException.class, () -> revoke(file, old, 5));
        assertEquals(Reason.REFUSED, none.reason());
        enrolment().enrol(bob, file, this::mailed);
        revoke(file, old, 5);
        assertEquals(1, ca.revoked.get());
        revoke(file, old, 5);
        var eve = Address.parse("eve@example.net");
        byte[] hers = Keys.encoded(enrolment()
                .enrol(eve, folder.resolve("eve.p12"), this::mailed)
                .chain()
                .getFirst());
        assertThrows(EnrolmentException.class, () -> revoke(file, hers, 5));
    }

    @Test
    void theCaNamesWhatIsCertifiedBesides() throws Exception {
        var lost = enrolment()
                .enrol(bob, folder.resolve("lost.p12"), this::mailed)
                .chain()
                .getFirst();
        var own = enrolment().enrol(bob, file, this::mailed).chain().getFirst();
        try (var withdrawal = new Withdrawal(file)) {
            assertEquals(Set.of(lost, own), Set.copyOf(withdrawal.good(bob)));
            withdrawal.revoke(Keys.encoded(lost), 5);
            assertEquals(List.of(own), withdrawal.good(bob));
            var eve = Address.parse("eve@example.net");
            assertThrows(EnrolmentException.class, () -> withdrawal.good(eve));
        }
    }

    @Test
    void theCaSaysWhenToRenew() throws Exception {
        var leaf = enrolment().enrol(bob, file, this::mailed).chain().getFirst();
        var info = enrolment().renewalInfo(leaf).orElseThrow();
        var from = leaf.getNotBefore().toInstant();
        assertTrue(Duration.between(from.plus(Duration.ofDays(20)), info.start())
                        .abs()
                        .toMinutes()
                < 10);
        assertFalse(enrolment().isDue(leaf));
        revoke(file, Keys.encoded(leaf), 1);
        ca.clock.pass(Duration.ofSeconds(5));
        assertTrue(enrolment().isDue(leaf), "it is withdrawn, so another one is wanted now");
    }

    private static void revoke(Path file, byte[] certificate, int reason) throws Exception {
        try (var withdrawal = new Withdrawal(file)) {
            withdrawal.revoke(certificate, reason);
        }
    }
}
