package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The files of vectors/pkcs12.json, made by OpenSSL: their keys certify a device, whatever kind they are.
@org.jspecify.annotations.NullUnmarked
class SmimeIdentityTest {
    @TempDir
    Path folder;

    private Map<String, Object> vectors;
    private char[] passphrase;
    private Clock clock;
    private Address bob;

    @BeforeEach
    void open() throws Exception {
        vectors = Vectors.read("pkcs12");
        passphrase = Vectors.text(vectors, "passphrase").toCharArray();
        clock = Vectors.clock(vectors);
        bob = Address.parse("bob@example.net");
    }

    private Path file(byte[] bytes) throws Exception {
        return Files.write(folder.resolve("person.p12"), bytes);
    }

    /// Believes the root in the file, for `domain`.
    private SmimeIdentity identity(byte[] file, String domain, Clock at) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        store.load(new ByteArrayInputStream(file), passphrase);
        var chain = store.getCertificateChain(store.aliases().nextElement());
        var root = (X509Certificate) chain[chain.length - 1];
        var anchor = new Anchor("", root, Set.of("smime"), List.of(domain), Set.of("smime"), List.of());
        return new SmimeIdentity(new CertificateVerifier(TrustAnchors.limited(List.of(anchor)), false), at);
    }

    @Test
    void everyKindOfKeyCertifiesADevice() throws Exception {
        for (Map<String, Object> c : Vectors.cases(vectors, "good")) {
            String what = Vectors.text(c, "what");
            if (what.startsWith("AES-192")) continue;
            byte[] bytes = Vectors.base64(c.get("file"));
            Path out = folder.resolve(what.replaceAll("[^a-zA-Z0-9]", "-") + ".device.p12");
            var held = identity(bytes, "example.net", clock).certify(file(bytes), passphrase, Optional.of(bob), out);
            assertEquals(2, held.chain().size(), what);
            assertEquals(held.id(), Keys.load(out).id(), what);
            assertTrue(Keys.encoded(held.chain().get(1)).length > 0);
            assertEquals(
                    Vectors.text(c, "certificate"),
                    java.util.Base64.getEncoder()
                            .encodeToString(Keys.encoded(held.chain().get(1))),
                    what);
        }
    }

    // Today's answer of the JDK: no AES-192, no 3DES in PBES2, and old ciphers with an ASCII passphrase only.
    @Test
    void whatTheJdkDoesNotReadIsRefused() throws Exception {
        var identity = identity(Vectors.base64(Vectors.cases(vectors, "good")[0].get("file")), "*", clock);
        Path out = folder.resolve("device.p12");
        int refused = 0;
        for (String kind : List.of("good", "bad"))
            for (Map<String, Object> c : Vectors.cases(vectors, kind)) {
                boolean old = "p12.old".equals(c.get("reason"));
                if (!old && !Vectors.text(c, "what").startsWith("AES-192")) continue;
                Path in = file(Vectors.base64(c.get("file")));
                assertThrows(EnrolmentException.class, () -> identity.certify(in, passphrase, Optional.of(bob), out));
                refused++;
            }
        assertEquals(4, refused);
    }

    @Test
    void againItRenewsForTheSameKey() throws Exception {
        byte[] bytes = Vectors.base64(Vectors.cases(vectors, "good")[0].get("file"));
        Path out = folder.resolve("device.p12");
        var first = identity(bytes, "*", clock).certify(file(bytes), passphrase, Optional.of(bob), out);
        var later = Clock.fixed(clock.instant().plus(Duration.ofDays(21)), ZoneOffset.UTC);
        var second = identity(bytes, "*", later).certify(file(bytes), passphrase, Optional.of(bob), out);
        assertEquals(first.id(), second.id());
        assertTrue(end(second).isAfter(end(first)));
    }

    private static Instant end(Keys.Held held) {
        return held.chain().getFirst().getNotAfter().toInstant();
    }

    @Test
    void whatCannotBeIsRefusedAndNothingIsWritten() throws Exception {
        byte[] bytes = Vectors.base64(Vectors.cases(vectors, "good")[0].get("file"));
        Path out = folder.resolve("device.p12"), in = file(bytes);
        var identity = identity(bytes, "*", clock);
        var eve = Optional.of(Address.parse("eve@example.net"));
        refused("is for bob@example.net, robert@example.net", () -> identity.certify(in, passphrase, eve, out));
        refused("several addresses", () -> identity.certify(in, passphrase, Optional.empty(), out));
        refused("passphrase is wrong", () -> identity.certify(in, "x".toCharArray(), Optional.of(bob), out));
        var late = identity(bytes, "*", Clock.fixed(clock.instant().plus(Duration.ofDays(366)), ZoneOffset.UTC));
        refused("not valid today", () -> late.certify(in, passphrase, Optional.of(bob), out));
        var limited = identity(bytes, "example.org", clock);
        refused("constrained-anchor", () -> limited.certify(in, passphrase, Optional.of(bob), out));
        var strange = new SmimeIdentity(new CertificateVerifier(TrustAnchors.of(), false), clock);
        refused("which you do not believe", () -> strange.certify(in, passphrase, Optional.of(bob), out));
        Files.write(in, new byte[] {1, 2, 3});
        refused("not a PKCS#12 file", () -> identity.certify(in, passphrase, Optional.of(bob), out));
        assertFalse(Files.exists(out));
    }

    private static void refused(String why, org.junit.jupiter.api.function.Executable task) {
        var e = assertThrows(EnrolmentException.class, task);
        assertTrue(e.detail().contains(why), e.detail());
    }
}
