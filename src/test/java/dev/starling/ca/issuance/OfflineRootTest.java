package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.CrlStore;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A root that is kept elsewhere, what it lets an issuing CA do, and what openssl and our verifier say of it.
class OfflineRootTest {
    private static final String BOB = "bob@example.net";
    private static final Logger LOG = Logger.getLogger("starling.ca");

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));

    private String verdict(Ceremony all, X509Certificate issuing, X509Certificate leaf) {
        try {
            var _ = new CertificateVerifier(TrustAnchors.of(all.root.certificate()), false)
                    .verify(List.of(Keys.encoded(leaf), Keys.encoded(issuing)), clock.instant());
            return "ok";
        } catch (IdentityException e) {
            return e.reason();
        }
    }

    private Ceremony.Said openssl(Ceremony all, X509Certificate issuing, X509Certificate leaf) throws Exception {
        return Ceremony.run(
                "openssl",
                "verify",
                "-x509_strict",
                "-purpose",
                "smimesign",
                "-CAfile",
                all.offline.resolve("root.pem").toString(),
                "-untrusted",
                Ceremony.pem(folder.resolve("issuing"), issuing).toString(),
                Ceremony.pem(folder.resolve("leaf"), leaf).toString());
    }

    @ParameterizedTest
    @EnumSource
    void theOnlineCaIssuesWithoutTheRootsKeyAndOthersBelieveIt(OfflineRoot.Curve curve) throws Exception {
        var all = new Ceremony(folder, curve, clock);
        X509Certificate issuing = all.install(Optional.empty(), "email");
        assertFalse(Files.exists(all.online.resolve("root.p12")));
        assertFalse(Files.exists(all.online.resolve("issuing-next.p12")));
        assertEquals(0, issuing.getBasicConstraints());
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var issuer = Ready.issuer(all.online, false, store, clock);
            assertEquals(all.root.certificate(), issuer.root());
            String order =
                    Ready.order(store, BOB, "email-code-00", clock.instant().getEpochSecond());
            issuer.issue(order, Csrs.of(BOB));
            String chain = Ready.chain(store, order);
            var leaf = Keys.certificate(java.util.Base64.getMimeDecoder()
                    .decode(chain.substring(chain.indexOf('\n'), chain.indexOf("-----END"))));
            assertEquals("ok", verdict(all, issuing, leaf));
            var said = openssl(all, issuing, leaf);
            assertEquals(0, said.exit(), said::text);
            issuer.lists().refresh();
            assertTrue(
                    issuer.lists().newestOf(CertificateProfile.keyId(issuing)).isPresent());
        }
    }

    @Test
    void aThiefOfTheIssuingKeyStaysWithinWhatTheRootSaid() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        X509Certificate issuing = all.install(Optional.empty(), "email", "example.net", ".example.org");
        var key = all.authority(Optional.empty()).issuing();
        for (String name : List.of(BOB, "bob@sub.example.org")) {
            var leaf = all.leaf(key, name);
            assertEquals("ok", verdict(all, issuing, leaf), name);
            var said = openssl(all, issuing, leaf);
            assertEquals(0, said.exit(), said::text);
        }
        for (String name : List.of("bob@example.com", "bob@sub.example.net", "bob@example.org")) {
            var leaf = all.leaf(key, name);
            assertEquals("name-constraints", verdict(all, issuing, leaf), name);
            var said = openssl(all, issuing, leaf);
            assertTrue(said.exit() != 0 && said.text().contains("permitted subtree violation"), said::text);
        }
        var phone = all.leaf(key, "+4930123456");
        assertEquals("name-constraints", verdict(all, issuing, phone));
        assertTrue(openssl(all, issuing, phone).exit() != 0);
    }

    @Test
    void theOneForPhonesCertifiesNoMailbox() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        X509Certificate issuing = all.install(Optional.empty(), "tel");
        var key = all.authority(Optional.empty()).issuing();
        var phone = all.leaf(key, "+4930123456");
        assertEquals("ok", verdict(all, issuing, phone));
        var said = openssl(all, issuing, phone);
        assertEquals(0, said.exit(), said::text);
        var mail = all.leaf(key, BOB);
        assertEquals("name-constraints", verdict(all, issuing, mail));
        assertTrue(openssl(all, issuing, mail).text().contains("permitted subtree violation"));
    }

    @Test
    void anAddressOutsideIsRefusedBeforeAnythingIsPromised() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        all.install(Optional.empty(), "email", "example.net");
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var issuer = Ready.issuer(all.online, false, store, clock);
            issuer.checkMayCertify(Address.parse("Bob@Example.NET"));
            String other = "bob@example.com";
            var e = assertThrows(Problem.class, () -> issuer.checkMayCertify(Address.parse(other)));
            assertEquals("rejectedIdentifier", e.type());
            String order =
                    Ready.order(store, other, "email-code-00", clock.instant().getEpochSecond());
            assertThrows(Problem.class, () -> issuer.issue(order, Csrs.of(other)));
            assertEquals(0, store.<Integer>in(session -> session.certificates().count()));
        }
    }

    @Test
    void aWithdrawnIssuingCaIsBelievedNoMore() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P384, clock);
        X509Certificate issuing = all.install(Optional.empty(), "email");
        var leaf = all.leaf(all.authority(Optional.empty()).issuing(), BOB);
        String serial = issuing.getSerialNumber().toString(16);
        byte[] empty = all.root.list(Duration.ofDays(90));
        assertThrows(IOException.class, () -> all.root.revoke("123", 1, Duration.ofDays(90)));
        clock.pass(Duration.ofSeconds(1));
        byte[] list = all.root.revoke(serial, 1, Duration.ofDays(90));
        // It is carried on from list to list, and stands there once.
        clock.pass(Duration.ofSeconds(1));
        all.root.revoke(serial, 5, Duration.ofDays(90));
        byte[] next = OfflineRoot.open(all.offline, Ceremony.PASSPHRASE, clock).list(Duration.ofDays(90));
        var crl = (java.security.cert.X509CRL) java.security.cert.CertificateFactory.getInstance("X.509")
                .generateCRL(new java.io.ByteArrayInputStream(next));
        assertEquals(1, crl.getRevokedCertificates().size());
        for (var each : List.of(List.of(empty, "ok"), List.of(list, "revoked"), List.of(next, "revoked"))) {
            var asked = new ArrayList<String>();
            var lists = new CrlStore(
                    url -> {
                        asked.add(url);
                        return (byte[]) each.getFirst();
                    },
                    Runnable::run,
                    clock);
            var verifier = new CertificateVerifier(TrustAnchors.of(all.root.certificate()), false, lists);
            var chain = List.of(Keys.encoded(leaf), Keys.encoded(issuing));
            String verdict;
            try {
                var _ = verifier.verify(chain, clock.instant());
                verdict = "ok";
            } catch (IdentityException e) {
                verdict = e.reason();
            }
            assertEquals(each.getLast(), verdict);
            assertEquals(List.of(Ceremony.CRL), asked);
        }
        Path file = folder.resolve("list");
        Files.write(file, next);
        var said = Ceremony.run(
                "openssl",
                "crl",
                "-inform",
                "DER",
                "-in",
                file.toString(),
                "-noout",
                "-text",
                "-CAfile",
                all.offline.resolve("root.pem").toString());
        assertTrue(said.text().contains("verify OK") && said.text().contains("Key Compromise"), said::text);
        var keys = new IssuingKeys(all.online, Optional.empty(), clock);
        keys.installList(next);
        assertThrows(IOException.class, () -> keys.installList(list), "an older one");
        assertThrows(IOException.class, () -> keys.installList(new byte[] {1}));
        assertEquals(next.length, Files.size(all.online.resolve("root.crl")));
    }

    @Test
    void whatIsWrongWithAChainChangesNothing() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        var keys = new IssuingKeys(all.online, Optional.empty(), clock);
        byte[] request = keys.request("Example issuing").getBytes(StandardCharsets.US_ASCII);
        assertEquals(new String(request, StandardCharsets.US_ASCII), keys.request("other"), "a key is made once");
        String good = all.root.sign(request, "email", List.of(), Ceremony.CRL, 2);
        var other = new Ceremony(folder.resolve("other"), OfflineRoot.Curve.P256, clock);
        String others = other.root.sign(request, "email", List.of(), Ceremony.CRL, 2);
        String root = Issuer.pem(all.root.certificate());
        String mixed = others.substring(0, others.indexOf("-----END") + 26) + root;
        for (String bad : List.of("", root, root + root, mixed, good + root))
            assertThrows(IOException.class, () -> keys.install(bad.getBytes(StandardCharsets.US_ASCII)), bad);
        assertFalse(Files.exists(all.online.resolve("root.pem")));
        keys.install(good.getBytes(StandardCharsets.US_ASCII));
        keys.request("Example issuing");
        var e = assertThrows(IOException.class, () -> keys.install(others.getBytes(StandardCharsets.US_ASCII)));
        assertTrue(String.valueOf(e.getMessage()).contains("another root"), e::getMessage);
        e = assertThrows(IOException.class, () -> keys.install(good.getBytes(StandardCharsets.US_ASCII)));
        assertTrue(String.valueOf(e.getMessage()).contains("another key"), e::getMessage);
    }

    @Test
    void whatIsWrongWithARequestIsNotSigned() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        var key = Keys.generate();
        String good = IssuingRequest.make(IssuingRequest.named("Example"), key.getPublic(), key.getPrivate());
        String named = IssuingRequest.make(IssuingRequest.named("Example root"), key.getPublic(), key.getPrivate());
        String forged = IssuingRequest.make(
                IssuingRequest.named("Example"),
                key.getPublic(),
                Keys.generate().getPrivate());
        for (String bad : List.of("", "x".repeat(9000), good + good, named, forged, good.replace("CERTIFICATE ", "")))
            refused(all, bad, "email", List.of(), Ceremony.CRL);
        refused(all, good, "sip", List.of(), Ceremony.CRL);
        refused(all, good, "tel", List.of("example.net"), Ceremony.CRL);
        refused(all, good, "email", List.of("Example.net"), Ceremony.CRL);
        refused(all, good, "email", List.of("bob@example.net"), Ceremony.CRL);
        refused(all, good, "email", List.of(), "https://ca.example.net/root.crl");
        assertFalse(Files.exists(all.offline.resolve("issued")));
    }

    private static void refused(Ceremony all, String request, String kind, List<String> domains, String crl) {
        byte[] bytes = request.getBytes(StandardCharsets.US_ASCII);
        assertThrows(
                IOException.class, () -> all.root.sign(bytes, kind, domains, crl, 2), request + kind + domains + crl);
    }

    @Test
    void theKeyOpensWithItsPassphraseAloneAndAnotherProgramReadsIt() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P384, clock);
        var e = assertThrows(
                IOException.class, () -> OfflineRoot.open(all.offline, "correct horse batter".toCharArray(), clock));
        assertFalse(String.valueOf(e.getMessage()).contains("horse"));
        assertThrows(
                IOException.class,
                () -> OfflineRoot.make(
                        all.offline, new OfflineRoot.Plan("x", OfflineRoot.Curve.P256, 1), Ceremony.PASSPHRASE, clock));
        Path pass = Files.writeString(folder.resolve("pass"), new String(Ceremony.PASSPHRASE));
        var said = Ceremony.run(
                "openssl",
                "pkcs12",
                "-in",
                all.offline.resolve("root.p12").toString(),
                "-info",
                "-nodes",
                "-passin",
                "file:" + pass);
        assertTrue(said.exit() == 0 && said.text().contains("PRIVATE KEY"), said::text);
        assertTrue(said.text().contains("MAC: sha256, Iteration 600000"), said::text);
        assertTrue(said.text().contains("AES-256-CBC, Iteration 600000"), said::text);
    }

    @Test
    void anIssuingKeyThatEndsIsAnnouncedAndNotReplaced() throws Exception {
        var all = new Ceremony(folder, OfflineRoot.Curve.P256, clock);
        var first = all.install(Optional.empty(), "email");
        var authority = all.authority(Optional.empty());
        var said = new ArrayList<String>();
        var handler = new Handler() {
            @Override
            public void publish(LogRecord event) {
                said.add(java.text.MessageFormat.format(event.getMessage(), event.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        LOG.addHandler(handler);
        LOG.setUseParentHandlers(false);
        try {
            clock.pass(Duration.ofDays(730 - 61));
            assertEquals(first, authority.issuing().chain().getFirst());
            assertEquals(List.of(), said);
            clock.pass(Duration.ofDays(2));
            for (int i = 0; i < 3; i++)
                assertEquals(first, authority.issuing().chain().getFirst());
            assertEquals(1, said.size(), said::toString);
            assertTrue(said.getFirst().contains("issuing-request"), said::toString);
        } finally {
            LOG.removeHandler(handler);
            LOG.setUseParentHandlers(true);
        }
        // The next one is installed while the last one's lists go on.
        var second = all.install(Optional.empty(), "email");
        assertEquals(
                List.of(second, first),
                all.authority(Optional.empty()).issuers().stream()
                        .map(each -> each.chain().getFirst())
                        .toList());
        clock.pass(Duration.ofDays(60));
        var e = assertThrows(IOException.class, authority::issuing);
        assertTrue(String.valueOf(e.getMessage()).contains("issuing certificate has expired"), e::getMessage);
    }

    @Test
    void theRootOfACaThatRanWithItMovesOut() throws Exception {
        Path ca = folder.resolve("ca"), away = Files.createDirectories(folder.resolve("away"));
        X509Certificate root = Authority.open(ca, false, false, clock).root();
        for (String each : List.of("root.p12", "root.p12.password")) Files.move(ca.resolve(each), away.resolve(each));
        Ceremony.pem(ca.resolve("root.pem"), root);
        assertEquals(root, Authority.open(ca, false, true, clock).root());
        char[] password =
                Files.readString(away.resolve("root.p12.password")).strip().toCharArray();
        var moved = OfflineRoot.open(away, password, clock);
        var keys = new IssuingKeys(ca, Optional.empty(), clock);
        byte[] request = keys.request("Starling e-mail 2").getBytes(StandardCharsets.US_ASCII);
        keys.install(moved.sign(request, "email", List.of(), Ceremony.CRL, 2).getBytes(StandardCharsets.US_ASCII));
        assertEquals(2, Authority.open(ca, false, true, clock).issuers().size());
    }
}
