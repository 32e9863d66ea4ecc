package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestCa;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Limits;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One key file, enrolled at two CAs by turns: what is under way at one is not lost by what is done at the other.
class TwoCasTest {
    @TempDir
    Path folder;

    private Address bob;
    private Path file;

    @BeforeEach
    void start() throws Exception {
        bob = Address.parse("bob@example.net");
        file = folder.resolve("bob.p12");
    }

    private TestCa ca(String name) throws IOException {
        return new TestCa(Files.createDirectory(folder.resolve(name)));
    }

    private TestCa binding(String name) throws IOException {
        return TestCa.binding(Files.createDirectory(folder.resolve(name)), true, Limits.LOCAL);
    }

    private static Enrolment at(TestCa ca) {
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false);
        return new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10));
    }

    private Keys.Held enrol(TestCa ca) throws Exception {
        return at(ca).enrol(bob, file, (_, _) -> Optional.of(ca.letters.last().text()));
    }

    private void interrupted(TestCa ca) {
        var e = assertThrows(EnrolmentException.class, () -> at(ca).enrol(bob, file, (_, _) -> Optional.empty()));
        assertEquals(Reason.INTERRUPTED, e.reason(), e::detail);
    }

    private List<String> underWay() throws IOException {
        try (var all = Files.list(folder)) {
            return all.map(each -> String.valueOf(each.getFileName()))
                    .filter(each -> each.endsWith(".pending") || each.endsWith(".bound") || each.endsWith(".answered"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void anEnrolmentGoesOnAfterOneAtAnotherCa() throws Exception {
        try (var one = ca("one");
                var other = ca("other")) {
            interrupted(one);
            interrupted(other);
            assertEquals(2, underWay().size());
            var there = enrol(other);
            assertEquals(1, underWay().size());
            var here = enrol(one);
            assertEquals(List.of(), underWay());
            assertEquals(there.id(), here.id(), "one file, one key");
            assertEquals(1, one.letters.all.size());
            assertEquals(1, other.letters.all.size());
        }
    }

    @Test
    void whatFailsAtOneCaEndsNothingAtTheOther() throws Exception {
        try (var one = ca("one");
                var other = ca("other")) {
            interrupted(one);
            var e = assertThrows(
                    EnrolmentException.class, () -> at(other).enrol(bob, file, (_, _) -> Optional.of("A".repeat(32))));
            assertEquals(Reason.REFUSED, e.reason());
            enrol(one);
            assertEquals(1, one.letters.all.size());
            assertEquals(List.of(), underWay());
        }
    }

    @Test
    void theAccountsOfTwoOperatorsKeysAreKept() throws Exception {
        try (var one = binding("one");
                var other = binding("other")) {
            for (TestCa each : List.of(one, other)) {
                Path data = folder.resolve(each == one ? "one" : "other");
                var given = ExternalAccounts.open(data, each.store, Clock.systemUTC())
                        .give("Bob");
                var by = at(each).by(ExternalKey.parse(given.id() + "\n" + given.mac()));
                // An order that fails.
                assertThrows(
                        EnrolmentException.class, () -> by.enrol(bob, file, (_, _) -> Optional.of("A".repeat(32))));
            }
            enrol(one);
            enrol(other);
            assertEquals(List.of(), underWay());
        }
    }

    @Test
    void whatWasAnsweredToOneCaStaysAnswered() throws Exception {
        try (var other = ca("other")) {
            var here = new Beside(file, URI.create("https://one.example/directory"), bob.text());
            assertTrue(Answered.load(here).begin("code"));
            var there = new Beside(file, other.directory(), bob.text());
            assertTrue(Answered.load(there).begin("another"));
            enrol(other);
            assertFalse(Answered.load(here).begin("code"));
            assertTrue(Answered.load(there).begin("another"), "that one is over");
            // Of a version that had one place for all.
            Files.move(Answered.file(here), folder.resolve("bob.p12.answered"));
            assertFalse(Answered.load(here).begin("code"));
        }
    }

    /// Of a version that had one place for all.
    @Test
    void whatIsKeptInTheOldPlaceGoesOn() throws Exception {
        try (var one = ca("one");
                var other = ca("other")) {
            interrupted(one);
            Path kept = folder.resolve(underWay().getFirst()), old = folder.resolve("bob.p12.pending");
            Files.move(kept, old);
            interrupted(other);
            assertEquals(2, underWay().size());
            enrol(one);
            assertEquals(1, one.letters.all.size());
            enrol(other);
            assertEquals(List.of(), underWay());
        }
    }

    @Test
    void theBoundAccountInTheOldPlaceIsUsed() throws Exception {
        try (var one = binding("one")) {
            var given = ExternalAccounts.open(folder.resolve("one"), one.store, Clock.systemUTC())
                    .give("Bob");
            var by = at(one).by(ExternalKey.parse(given.id() + "\n" + given.mac()));
            assertThrows(EnrolmentException.class, () -> by.enrol(bob, file, (_, _) -> Optional.of("A".repeat(32))));
            Path kept = folder.resolve(underWay().getFirst()), old = folder.resolve("bob.p12.bound");
            assertNotEquals(old, kept);
            Files.move(kept, old);
            enrol(one);
            assertEquals(List.of(), underWay());
        }
    }
}
