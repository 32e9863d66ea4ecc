package dev.starling.ca.issuance;

import dev.starling.identity.Crl;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The online side of a root that is elsewhere: asks for a certificate of an issuing key, and takes what comes back.
///
/// In the folder: `root.pem`; `issuing.p12`, or `issuing.pem` where the key is in a token; what came before it as
/// `issuing-previous`; `issuing-next.p12`, or `issuing-next.csr`, between the request and its answer; `root.crl`.
public final class IssuingKeys {
    static final String ROOT = "root.pem", CRL = "root.crl";
    private static final String NEXT = "issuing-next.p12", ASKED = "issuing-next.csr", ISSUING = "issuing";
    private static final long MAX_BYTES = 64 * 1024;
    private static final Duration PLACEHOLDER = Duration.ofDays(3650);
    private static final int CERT_SIGN = 5, CRL_SIGN = 6;

    private final Path folder;
    private final Optional<Token> token;
    private final Clock clock;

    public IssuingKeys(Path folder, Optional<Token> token, Clock clock) {
        this.folder = folder;
        this.token = token;
        this.clock = clock;
    }

    /// The request, PEM. While one waits for its answer, it is that one: a key is made once.
    public String request(String name) throws IOException {
        Path asked = folder.resolve(ASKED);
        if (Files.exists(asked)) return Files.readString(asked, StandardCharsets.US_ASCII);
        var subject = IssuingRequest.named(name);
        KeyPair key = token.isPresent() ? token.get().generate(clock) : Keys.generate();
        if (token.isEmpty()) {
            // PKCS#12 wants a certificate beside the key.
            X509Certificate own = CaCertificate.plain(
                            subject,
                            key.getPublic(),
                            0,
                            clock.instant(),
                            clock.instant().plus(PLACEHOLDER))
                    .selfSigned(key.getPrivate());
            Keys.save(folder.resolve(NEXT), new Keys.Held(key.getPrivate(), List.of(own)));
        }
        String request = IssuingRequest.make(subject, key.getPublic(), key.getPrivate());
        Keys.writeOwnerOnly(asked, request.getBytes(StandardCharsets.US_ASCII));
        return request;
    }

    /// Takes the chain (PEM: issuing CA, root) that the root made of the request. What is wrong with it changes
    /// nothing.
    public void install(byte[] pem) throws IOException {
        List<X509Certificate> chain = certificates(pem);
        if (chain.size() != 2)
            throw new IOException("The chain has two certificates: the issuing CA's and its root's.");
        X509Certificate issuing = chain.getFirst(), root = chain.getLast();
        checkRoot(root);
        checkIssuing(issuing, root);
        if (token.isPresent()) {
            var _ = token.get().held(issuing);
            keep(".pem");
            Keys.writeOwnerOnly(
                    folder.resolve(ISSUING + ".pem"), Issuer.pem(issuing).getBytes(StandardCharsets.US_ASCII));
        } else {
            if (!Files.exists(folder.resolve(NEXT)))
                throw new IOException("No request waits for this. Make one: starling ca issuing-request.");
            Keys.Held next = Keys.load(folder.resolve(NEXT));
            if (!Arrays.equals(
                    next.publicKey().getEncoded(), issuing.getPublicKey().getEncoded()))
                throw new IOException("This certifies another key than the one of the request that waits.");
            keep(".p12");
            Keys.save(folder.resolve(ISSUING + ".p12"), new Keys.Held(next.key(), List.of(issuing)));
        }
        Keys.writeOwnerOnly(folder.resolve(ROOT), Issuer.pem(root).getBytes(StandardCharsets.US_ASCII));
        for (String each : List.of(NEXT, NEXT + ".password", ASKED)) Files.deleteIfExists(folder.resolve(each));
    }

    private void checkRoot(X509Certificate root) throws IOException {
        if (!signed(root, root)) throw new IOException("The second certificate is no root.");
        Optional<X509Certificate> known = known();
        if (known.isPresent() && !known.get().equals(root))
            throw new IOException("This CA has another root, which its users believe. Nothing was changed.");
    }

    private Optional<X509Certificate> known() throws IOException {
        Path key = folder.resolve("root.p12"), pem = folder.resolve(ROOT);
        if (Files.exists(pem)) return Optional.of(certificate(pem));
        return Files.exists(key) ? Optional.of(Keys.load(key).chain().getFirst()) : Optional.empty();
    }

    private void checkIssuing(X509Certificate issuing, X509Certificate root) throws IOException {
        if (!signed(issuing, root)) throw new IOException("The root did not sign the first certificate.");
        boolean[] usage = issuing.getKeyUsage();
        if (issuing.getBasicConstraints() < 0 || usage == null || !usage[CERT_SIGN] || !usage[CRL_SIGN])
            throw new IOException("The first certificate is none of an issuing CA.");
        var now = clock.instant();
        if (issuing.getNotAfter().toInstant().isBefore(now)
                || issuing.getNotBefore().toInstant().isAfter(now))
            throw new IOException("The issuing CA's certificate is not valid now. Are both clocks right?");
    }

    // The lists of what the old key signed go on until its certificate ends.
    private void keep(String suffix) throws IOException {
        Path now = folder.resolve(ISSUING + suffix), previous = folder.resolve(ISSUING + "-previous" + suffix);
        if (!Files.exists(now)) return;
        if (suffix.equals(".p12")) Keys.save(previous, Keys.load(now));
        else Files.copy(now, previous, StandardCopyOption.REPLACE_EXISTING);
    }

    /// Takes the root's list of withdrawn CAs (DER), which is then served as `/acme/crl/root.crl`.
    public void installList(byte[] der) throws IOException {
        X509Certificate root = known().orElseThrow(() -> new IOException("There is no root in " + folder + "."));
        if (der.length > Crl.MAX_BYTES) throw new IOException("This is too long for a list.");
        try {
            var crl = (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
            crl.verify(root.getPublicKey());
            var read = Crl.parse(der);
            if (read.nextUpdate().isBefore(clock.instant())) throw new IOException("This list is of yesterday.");
            Path file = folder.resolve(CRL);
            if (Files.exists(file)
                    && Crl.parse(Files.readAllBytes(file)).thisUpdate().isAfter(read.thisUpdate()))
                throw new IOException("A newer list is here already.");
            Keys.writeOwnerOnly(file, der);
        } catch (GeneralSecurityException | IdentityException e) {
            throw new IOException("This is no list of withdrawn CAs by this CA's root.", e);
        }
    }

    static X509Certificate certificate(Path pem) throws IOException {
        if (Files.size(pem) > MAX_BYTES) throw new IOException(pem + " is too long.");
        List<X509Certificate> all = certificates(Files.readAllBytes(pem));
        if (all.size() != 1) throw new IOException(pem + " must hold one certificate.");
        return all.getFirst();
    }

    private static List<X509Certificate> certificates(byte[] pem) throws IOException {
        if (pem.length > MAX_BYTES) throw new IOException("This is too long for a chain.");
        try {
            var all = new ArrayList<X509Certificate>();
            for (var each : CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)))
                all.add((X509Certificate) each);
            return all;
        } catch (GeneralSecurityException e) {
            throw new IOException("These are no certificates in PEM.", e);
        }
    }

    static boolean signed(X509Certificate certificate, X509Certificate issuer) {
        try {
            certificate.verify(issuer.getPublicKey());
            return certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal());
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
