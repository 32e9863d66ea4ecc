package dev.starling.ca.issuance;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The root and the issuing key: PKCS#12 files that only their owner can read, made on the first start and
/// used ever after. A root that is lost or damaged is never replaced in silence, because everybody who
/// believes this CA believes that root. The issuing key is replaced in time by itself.
final class Authority {
    private static final Duration ROOT = Duration.ofDays(3650), ISSUING = Duration.ofDays(730);
    /// An issuing certificate outlives what it signs; with less than this left, the next one is made.
    private static final Duration SPARE = Duration.ofDays(60);

    private static final Duration BACKDATED = Duration.ofMinutes(5);

    private final Path issuingFile, previousFile;
    private final Keys.Held root;
    private final boolean test;
    private final Clock clock;
    private Keys.Held issuing;

    private Authority(Path folder, Keys.Held root, boolean test, Clock clock) throws IOException {
        this.issuingFile = folder.resolve("issuing.p12");
        this.previousFile = folder.resolve("issuing-previous.p12");
        this.root = root;
        this.test = test;
        this.clock = clock;
        issuing = Files.exists(issuingFile) ? load(issuingFile) : makeIssuing();
        if (!signedBy(issuing.chain().getFirst(), root.chain().getFirst()))
            throw new IOException("The issuing key in " + issuingFile + " was not certified by the root beside it."
                    + " Restore the two files from the same backup.");
    }

    /// Reads the keys in `folder`, or makes them when this is the first start.
    ///
    /// @param used whether the CA has signed anything before; then there must be keys
    static Authority open(Path folder, boolean test, boolean used, Clock clock) throws IOException {
        Path file = folder.resolve("root.p12");
        if (!Files.exists(file)) {
            if (used || Files.exists(folder.resolve("issuing.p12")))
                throw new IOException("The CA's root key " + file + " is missing, but it was used before. Restore it,"
                        + " and " + file + ".password, from a backup: nobody would believe another root.");
            makeRoot(file, test, clock);
        }
        Keys.Held root = load(file);
        if (!root.chain().getFirst().getSubjectX500Principal().getName().equals(rootName(test)))
            throw new IOException("The CA in " + folder + " was made for "
                    + (test ? "real use, not for local mode" : "local mode, not for real use")
                    + ". Name another folder with --data.");
        return new Authority(folder, root, test, clock);
    }

    /// The one that is there, whatever it was made for.
    static Authority existing(Path folder, Clock clock) throws IOException {
        Path file = folder.resolve("root.p12");
        if (!Files.exists(file)) throw new IOException("There is no CA in " + folder + ".");
        Keys.Held root = load(file);
        boolean test =
                root.chain().getFirst().getSubjectX500Principal().getName().equals(rootName(true));
        return new Authority(folder, root, test, clock);
    }

    boolean isTest() {
        return test;
    }

    X509Certificate root() {
        return root.chain().getFirst();
    }

    /// The key to sign with now, with its certificate.
    synchronized Keys.Held issuing() throws IOException {
        if (left(issuing).compareTo(SPARE) < 0 && left(root).compareTo(SPARE) > 0) {
            // What it signed is good for a while: its lists of withdrawn certificates go on.
            Keys.save(previousFile, issuing);
            issuing = makeIssuing();
        }
        if (left(issuing).isNegative())
            throw new IOException("The CA's root has expired: users need a new one, from a new CA.");
        return issuing;
    }

    /// The keys of which certificates are still good, the one to sign with first.
    synchronized List<Keys.Held> issuers() throws IOException {
        Keys.Held now = issuing();
        if (!Files.exists(previousFile)) return List.of(now);
        Keys.Held previous = load(previousFile);
        return left(previous).isNegative() ? List.of(now) : List.of(now, previous);
    }

    private Duration left(Keys.Held held) {
        return Duration.between(
                clock.instant(), held.chain().getFirst().getNotAfter().toInstant());
    }

    private static String rootName(boolean test) {
        return "CN=Starling " + (test ? "test " : "") + "root";
    }

    private static void makeRoot(Path file, boolean test, Clock clock) throws IOException {
        KeyPair key = Keys.generate();
        var name = new X500Name(rootName(test));
        Instant end = clock.instant().plus(ROOT);
        Keys.save(file, new Keys.Held(key.getPrivate(), List.of(certificate(name, key, name, key, 1, end, clock))));
    }

    private Keys.Held makeIssuing() throws IOException {
        KeyPair key = Keys.generate();
        Instant end = clock.instant().plus(ISSUING),
                rootEnd = root().getNotAfter().toInstant();
        var made = new Keys.Held(
                key.getPrivate(),
                List.of(certificate(
                        new X500Name("CN=Starling " + (test ? "test " : "") + "e-mail"),
                        key,
                        X500Name.getInstance(root().getSubjectX500Principal().getEncoded()),
                        new KeyPair(root.publicKey(), root.key()),
                        0,
                        end.isBefore(rootEnd) ? end : rootEnd,
                        clock)));
        Keys.save(issuingFile, made);
        return made;
    }

    private static X509Certificate certificate(
            X500Name subject, KeyPair key, X500Name issuer, KeyPair issuerKey, int below, Instant end, Clock clock)
            throws IOException {
        try {
            var utils = new JcaX509ExtensionUtils();
            var builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    serial(),
                    Date.from(clock.instant().minus(BACKDATED)),
                    Date.from(end),
                    subject,
                    key.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(below));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key.getPublic()));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuerKey.getPublic()));
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(
                            new JcaContentSignerBuilder("SHA256withECDSA").build(issuerKey.getPrivate())));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    /// 127 random bits: 16 bytes, positive (RFC 5280, section 4.1.2.2).
    static BigInteger serial() {
        return new BigInteger(127, new SecureRandom()).setBit(126);
    }

    private static Keys.Held load(Path file) throws IOException {
        Keys.Held held;
        try {
            held = Keys.load(file);
        } catch (IOException e) {
            throw new IOException(
                    "The CA's key file " + file + " cannot be read with the password in " + file + ".password."
                            + " Restore both from a backup; nothing was changed.",
                    e);
        }
        byte[] probe = {1};
        if (!Keys.verify(held.publicKey(), probe, Keys.sign(held.key(), probe)))
            throw new IOException("The key in " + file + " is not the one of its certificate."
                    + " Restore the file from a backup; nothing was changed.");
        return held;
    }

    private static boolean signedBy(X509Certificate certificate, X509Certificate issuer) {
        try {
            certificate.verify(issuer.getPublicKey());
            return certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal());
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
