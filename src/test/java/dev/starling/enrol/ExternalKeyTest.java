package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.ExternalBinding;
import dev.starling.ca.TestCa;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Limits;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// RFC 8555, section 7.3.4, from the client's side, at our CA that makes accounts for nobody else.
class ExternalKeyTest {
    private static final byte[] BYTES = new byte[32];
    private static final String MAC = Base64.getUrlEncoder().withoutPadding().encodeToString(BYTES);

    @TempDir
    Path folder;

    private TestCa ca;
    private ExternalAccounts operator;
    private Address bob;

    @BeforeEach
    void start() throws Exception {
        Path data = Files.createDirectory(folder.resolve("ca"));
        ca = TestCa.binding(data, true, Limits.LOCAL);
        operator = ExternalAccounts.open(data, ca.store, Clock.systemUTC());
        bob = Address.parse("bob@example.net");
    }

    @AfterEach
    void stop() throws IOException {
        ca.close();
    }

    private ExternalKey given() throws IOException {
        var given = operator.give("Bob");
        return ExternalKey.parse(given.id() + "\n" + given.mac() + "\n");
    }

    private Enrolment enrolment() {
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false);
        return new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10));
    }

    private Keys.Held enrol(Enrolment by, String name) throws Exception {
        return by.enrol(
                bob,
                folder.resolve(name),
                (_, _) -> Optional.of(ca.letters.last().text()));
    }

    private EnrolmentException fails(Reason reason, Enrolment by, String name) {
        var e = assertThrows(EnrolmentException.class, () -> enrol(by, name));
        assertEquals(reason, e.reason(), e::detail);
        return e;
    }

    @Test
    void whatTheOperatorGaveMakesAnAccountAndIsNotNeededAgain() throws Exception {
        var held = enrol(enrolment().by(given()), "bob.p12");
        // A renewal, at once and when the proof is over: the account is kept.
        assertEquals(held.id(), enrol(enrolment(), "bob.p12").id());
        ca.clock.pass(Duration.ofDays(100));
        assertEquals(held.id(), enrol(enrolment(), "bob.p12").id());
    }

    @Test
    void withoutOneThereIsNoAccountAndTheWordsSayWhatIsMissing() throws Exception {
        var e = fails(Reason.NEEDS_KEY, enrolment(), "bob.p12");
        assertTrue(e.detail().endsWith("makes accounts only for those who got a key from its operator."), e::detail);
        assertEquals(List.of(), ca.letters.all);
        assertEquals(List.of(), Beside.all(folder.resolve("bob.p12"), "pending"));
    }

    @Test
    void aKeyMakesOneAccountAndAWrongOneNone() throws Exception {
        var key = given();
        var wrong = new ExternalKey(key.id(), BYTES);
        var e = fails(Reason.REFUSED, enrolment().by(wrong), "bob.p12");
        assertTrue(e.detail().contains("wrong, was used, or was taken back"), e::detail);
        enrol(enrolment().by(key), "bob.p12");
        fails(Reason.REFUSED, enrolment().by(key), "other.p12");
        // The account of a key that is taken back is over, for renewals, too.
        operator.end(key.id());
        fails(Reason.NEEDS_KEY, enrolment(), "bob.p12");
    }

    @Test
    void anAccountThatTheOperatorHasEndedIsReplacedByThatOfANewKey() throws Exception {
        var key = given();
        var held = enrol(enrolment().by(key), "bob.p12");
        operator.end(key.id());
        fails(Reason.REFUSED, enrolment().by(key), "bob.p12");
        assertEquals(held.id(), enrol(enrolment().by(given()), "bob.p12").id());
        assertEquals(held.id(), enrol(enrolment(), "bob.p12").id(), "the new one is kept");
    }

    @Test
    void whoTriesAnotherCaByAKeyKeepsTheAccountOfTheFirstOne() throws Exception {
        Path file = folder.resolve("bob.p12"), data = Files.createDirectory(folder.resolve("other"));
        var held = enrol(enrolment().by(given()), "bob.p12");
        try (var other = TestCa.binding(data, true, Limits.LOCAL)) {
            var key =
                    ExternalAccounts.open(data, other.store, Clock.systemUTC()).give("Bob");
            var verifier = new CertificateVerifier(TrustAnchors.of(other.issuer.root()), false);
            var there = new Enrolment(other.directory(), verifier, other.clock, Duration.ofMillis(10));
            var by = there.by(ExternalKey.parse(key.id() + "\n" + key.mac()));
            assertThrows(EnrolmentException.class, () -> by.enrol(bob, file, (_, _) -> Optional.of("A".repeat(32))));
            assertEquals(ca.directory(), KeptAccount.load(file).orElseThrow().directory());
            assertEquals(held.id(), enrol(enrolment(), "bob.p12").id(), "a renewal without another key");
            // Nor is the other CA's key lost.
            Enrolment.CodeSource codes =
                    (_, _) -> Optional.of(other.letters.last().text());
            assertEquals(held.id(), there.enrol(bob, file, codes).id());
            assertEquals(other.directory(), KeptAccount.load(file).orElseThrow().directory());
            assertEquals(List.of(), Beside.all(file, "bound"));
        }
    }

    @Test
    void anOrderThatFailsDoesNotUseItUp() throws Exception {
        var by = enrolment().by(given());
        var e = assertThrows(
                EnrolmentException.class,
                () -> by.enrol(bob, folder.resolve("bob.p12"), (_, _) -> Optional.of("A".repeat(32))));
        assertEquals(Reason.REFUSED, e.reason());
        assertEquals(List.of(), Beside.all(folder.resolve("bob.p12"), "pending"));
        enrol(enrolment(), "bob.p12");
    }

    @Test
    void aCaThatWantsNoneTakesTheRequestAllTheSame() throws Exception {
        try (var free = new TestCa(Files.createDirectory(folder.resolve("free")))) {
            var verifier = new CertificateVerifier(TrustAnchors.of(free.issuer.root()), false);
            var held = new Enrolment(free.directory(), verifier, free.clock, Duration.ofMillis(10))
                    .by(new ExternalKey("any", BYTES))
                    .enrol(
                            bob,
                            folder.resolve("free.p12"),
                            (_, _) -> Optional.of(free.letters.last().text()));
            assertEquals(2, held.chain().size());
        }
    }

    @Test
    void whatItSendsIsABindingOfThisAccountForThisRequest() throws Exception {
        var account = Pending.newAccount();
        String url = "https://ca.example/new-account";
        var binding = ExternalBinding.parse(new ExternalKey("id", BYTES).binding(account, url));
        assertEquals("id", binding.kid());
        assertTrue(binding.isBy(BYTES));
        assertTrue(binding.isFor(account, url));
        assertFalse(binding.isFor(Pending.newAccount(), url));
        assertFalse(binding.isFor(account, url + "/"));
        assertFalse(binding.key().isPrivate());
    }

    @Test
    void itIsReadAsTheCommandPrintsItAndAsOtherCasShowIt() throws Exception {
        for (String each : List.of(
                "key id   abc\nHMAC key " + MAC + "\nFor one account. It is not shown again.\n",
                "HMAC key " + MAC + "\r\nkey id abc",
                "abc " + MAC,
                " abc\n\n" + MAC + "=\n")) {
            var key = ExternalKey.parse(each);
            assertEquals("abc", key.id(), each);
            assertArrayEquals(BYTES, key.mac(), each);
        }
        var key = ExternalKey.parse("abc " + MAC);
        assertEquals(key, new ExternalKey("abc", BYTES));
        assertNotEquals(key, new ExternalKey("abc", new byte[33]));
    }

    @Test
    void whatIsNoneIsRefusedAndNotRepeated() {
        for (String each : List.of(
                "",
                MAC,
                "key id abc",
                "abc " + MAC + " more",
                "abc " + MAC.substring(2),
                "abc " + MAC.replace('A', '+'),
                "x".repeat(101) + " " + MAC,
                "schlüssel " + MAC)) {
            var e = assertThrows(IOException.class, () -> ExternalKey.parse(each), each);
            assertTrue(String.valueOf(e.getMessage()).startsWith("That is no key for an account"), e::toString);
            assertFalse(e.toString().contains("AAAA"), e::toString);
            assertEquals(null, e.getCause());
        }
        assertEquals("ExternalKey[abc]", new ExternalKey("abc", BYTES).toString());
    }
}
