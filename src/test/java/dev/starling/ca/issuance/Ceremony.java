package dev.starling.ca.issuance;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A root in a folder and an online CA in another one, with what is carried between them.
final class Ceremony {
    static final char[] PASSPHRASE = "correct horse battery".toCharArray();
    static final String CRL = "http://ca.example.net/acme/crl/root.crl";

    final Path offline, online;
    final OfflineRoot root;
    private final Clock clock;

    Ceremony(Path folder, OfflineRoot.Curve curve, Clock clock) throws IOException {
        this.clock = clock;
        offline = Files.createDirectories(folder.resolve("offline"));
        online = Files.createDirectories(folder.resolve("online"));
        root = OfflineRoot.make(offline, new OfflineRoot.Plan("Example root", curve, 20), PASSPHRASE, clock);
    }

    /// A whole round; the certificate of the issuing CA.
    X509Certificate install(Optional<Token> token, String kind, String... domains) throws IOException {
        var keys = new IssuingKeys(online, token, clock);
        byte[] request = keys.request("Example issuing").getBytes(StandardCharsets.US_ASCII);
        keys.install(root.sign(request, kind, List.of(domains), CRL, 2).getBytes(StandardCharsets.US_ASCII));
        return authority(token).issuing().chain().getFirst();
    }

    Authority authority(Optional<Token> token) throws IOException {
        return Authority.open(new Authority.Place(online, false, token), false, true, clock);
    }

    /// A certificate that an issuing key signs whatever it may: what a thief of it could make.
    X509Certificate leaf(Keys.Held issuing, String name) throws IOException, IdentityException {
        var subject = new CertificateProfile.Subject(
                (ECPublicKey) Keys.generate().getPublic(), Address.parse(name), CertificateVerifier.POLICY_ARC + ".1");
        var from = clock.instant().minus(Duration.ofMinutes(5));
        var validity = new CertificateProfile.Validity(from, from.plus(Duration.ofDays(30)));
        byte[] tbs = CertificateProfile.toBeSigned(
                subject,
                CaCertificate.serial(),
                validity,
                new CertificateProfile.By(issuing.chain().getFirst(), Optional.empty()));
        return Keys.certificate(CertificateProfile.signed(tbs, issuing.key()));
    }

    static Path pem(Path file, X509Certificate certificate) throws IOException {
        return Files.writeString(file, Issuer.pem(certificate));
    }

    record Said(int exit, String text) {}

    static Said run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), text);
    }
}
