package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.TestClock;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The keys of the CA over its life: made once, kept, never replaced in silence.
class AuthorityTest {
    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-24T12:00:00Z"));

    private Authority open() throws IOException {
        return Authority.open(folder, false, false, clock);
    }

    private Map<String, String> content() throws IOException {
        var all = new TreeMap<String, String>();
        try (var files = Files.list(folder)) {
            for (Path each : files.toList())
                all.put(each.getFileName().toString(), java.util.HexFormat.of().formatHex(Files.readAllBytes(each)));
        }
        return all;
    }

    private void refused(String why) throws IOException {
        var before = content();
        var e = assertThrows(IOException.class, this::open);
        assertTrue(String.valueOf(e.getMessage()).contains(why), e::getMessage);
        assertEquals(before, content(), "nothing was changed");
    }

    @Test
    void theFirstStartMakesTheKeysAndLaterOnesUseThem() throws Exception {
        X509Certificate root = open().root();
        var files = content();
        assertEquals(
                List.of("issuing.p12", "issuing.p12.password", "root.p12", "root.p12.password"),
                List.copyOf(files.keySet()));
        for (int i = 0; i < 3; i++) {
            var again = open();
            assertEquals(root, again.root());
            assertEquals(files, content());
            again.issuing().chain().getFirst().verify(root.getPublicKey());
        }
    }

    @Test
    void onlyTheOwnerReadsTheFilesAndTheFolder() throws Exception {
        Path data = folder.resolve("ca");
        new CertificateAuthority(data, CertificateAuthority.Settings.LOCAL, clock).close();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(data)));
        var names = new ArrayList<String>();
        try (var files = Files.list(data)) {
            for (Path each : files.toList()) {
                names.add(each.getFileName().toString());
                assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(each)),
                        each::toString);
            }
        }
        assertTrue(names.contains("root.p12") && names.contains("ca.db"), names::toString);
    }

    @Test
    void damagedFilesStopTheStartWithPlainWords() throws Exception {
        open();
        for (String name : List.of("root.p12", "issuing.p12", "root.p12.password", "issuing.p12.password"))
            for (String damage : List.of("", "garbage", "half")) {
                Path file = folder.resolve(name);
                byte[] good = Files.readAllBytes(file);
                Files.write(
                        file,
                        damage.equals("half")
                                ? java.util.Arrays.copyOf(good, good.length / 2)
                                : damage.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                refused("cannot be read with the password");
                Files.write(file, good);
            }
        open();
    }

    @Test
    void aKeyThatWasMadeWhileTheClockWasAheadSignsNothingBefore() throws Exception {
        X509Certificate first = open().issuing().chain().getFirst();
        clock.pass(Duration.ofDays(700));
        X509Certificate second = open().issuing().chain().getFirst();
        assertFalse(first.equals(second));
        clock.pass(Duration.ofDays(-700));
        Authority after = open();
        assertEquals(first, after.issuing().chain().getFirst());
        assertEquals(2, after.issuers().size(), "what the other one signed can be withdrawn");
        Files.delete(folder.resolve("issuing-previous.p12"));
        var e = assertThrows(IOException.class, () -> open().issuing());
        assertTrue(String.valueOf(e.getMessage()).contains("Is the clock of this computer right?"), e::getMessage);
    }

    @Test
    void aLostRootStopsTheStart() throws Exception {
        open();
        for (String name : List.of("root.p12", "root.p12.password")) {
            byte[] good = Files.readAllBytes(folder.resolve(name));
            Files.delete(folder.resolve(name));
            refused("from a backup");
            Files.write(folder.resolve(name), good);
        }
        open();
    }

    @Test
    void aCaThatHasSignedBeforeNeverStartsWithANewRoot() throws IOException {
        var e = assertThrows(IOException.class, () -> Authority.open(folder, false, true, clock));
        assertTrue(String.valueOf(e.getMessage()).contains("nobody would believe another root"), e::getMessage);
        assertEquals(0, content().size());
    }

    @Test
    void aFirstStartThatWasKilledHalfWayGoesOn() throws Exception {
        // Killed between the password and the key file: nobody has seen that root yet.
        Keys.writeOwnerOnly(
                folder.resolve("root.p12.password"),
                "x".repeat(32).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        X509Certificate root = open().root();
        // Killed between the root and the issuing key.
        Files.delete(folder.resolve("issuing.p12"));
        assertEquals(root, open().root());
    }

    @Test
    void aRootAndAnIssuingKeyOfDifferentOriginDoNotGoTogether() throws Exception {
        open();
        byte[] issuing = Files.readAllBytes(folder.resolve("issuing.p12"));
        byte[] password = Files.readAllBytes(folder.resolve("issuing.p12.password"));
        for (String name : content().keySet()) Files.delete(folder.resolve(name));
        open();
        Files.write(folder.resolve("issuing.p12"), issuing);
        Files.write(folder.resolve("issuing.p12.password"), password);
        refused("from the same backup");
    }

    @Test
    void aKeyThatIsNotTheOneOfItsCertificateIsRefused() throws Exception {
        open();
        Path file = folder.resolve("root.p12");
        Keys.save(
                file,
                new Keys.Held(Keys.generate().getPrivate(), Keys.load(file).chain()));
        refused("is not the one of its certificate");
    }

    @Test
    void aTestRootIsNeverUsedForRealAndNoRealOneForTests() throws Exception {
        Authority.open(folder, true, false, clock);
        refused("was made for local mode");
        for (String name : content().keySet()) Files.delete(folder.resolve(name));
        open();
        var e = assertThrows(IOException.class, () -> Authority.open(folder, true, false, clock));
        assertTrue(String.valueOf(e.getMessage()).contains("was made for real use"));
    }

    @Test
    void theIssuingKeyIsReplacedBeforeItsTimeIsOverAndTheRootStays() throws Exception {
        var authority = open();
        var first = authority.issuing().chain().getFirst();
        clock.pass(Duration.ofDays(730 - 61));
        assertEquals(first, authority.issuing().chain().getFirst());
        clock.pass(Duration.ofDays(2));
        var second = authority.issuing().chain().getFirst();
        assertNotEquals(first, second);
        second.verify(authority.root().getPublicKey());
        assertEquals(second, open().issuing().chain().getFirst());
    }

    @Test
    void nothingOutlivesTheRoot() throws Exception {
        var authority = open();
        clock.pass(Duration.ofDays(3650 - 400));
        assertEquals(
                authority.root().getNotAfter(),
                authority.issuing().chain().getFirst().getNotAfter());
        clock.pass(Duration.ofDays(401));
        var e = assertThrows(IOException.class, authority::issuing);
        assertTrue(String.valueOf(e.getMessage()).contains("expired"));
    }

    @Test
    void keysThatSeveralProcessesUseAreNotReplacedByOneOfThem() throws Exception {
        open();
        var place = new Authority.Place(folder, true, java.util.Optional.empty());
        var one = Authority.open(place, false, true, clock);
        var other = Authority.open(place, false, true, clock);
        var first = one.issuing().chain().getFirst();
        clock.pass(Duration.ofDays(730 - 59));
        var files = content();
        assertEquals(first, one.issuing().chain().getFirst());
        assertEquals(first, other.issuing().chain().getFirst());
        assertEquals(files, content());
        // By hand; whoever starts after that has both.
        Issuer.replaceKey(folder, clock);
        assertEquals(first, other.issuing().chain().getFirst());
        var again = Authority.open(place, false, true, clock).issuers();
        assertEquals(2, again.size());
        assertEquals(first, again.getLast().chain().getFirst());
    }
}
