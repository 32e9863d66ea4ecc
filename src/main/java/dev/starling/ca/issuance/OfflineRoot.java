package dev.starling.ca.issuance;

import dev.starling.identity.Crl;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509CRLHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The root on a machine of its own, which has no network: `root.p12` under a passphrase, `root.pem`, and `root.crl`,
/// the
/// list of the issuing CAs that it withdrew. The list is also the memory of what it withdrew and how it was numbered.
public final class OfflineRoot {
    /// The root's key.
    public enum Curve {
        P256("secp256r1"),
        P384("secp384r1");

        private final String name;

        Curve(String name) {
            this.name = name;
        }
    }

    public static final int MIN_PASSPHRASE = 12;
    private static final int MAX_YEARS = 30;
    private static final Duration YEAR = Duration.ofDays(365), MAX_LIST = Duration.ofDays(400);
    private static final int UNSPECIFIED = 0, KEY_COMPROMISE = 1, CESSATION = 5;

    private final Path folder;
    private final Keys.Held root;
    private final Clock clock;

    private OfflineRoot(Path folder, Keys.Held root, Clock clock) {
        this.folder = folder;
        this.root = root;
        this.clock = clock;
    }

    /// What is made first.
    ///
    /// @param name for people: the common name
    public record Plan(String name, Curve curve, int years) {}

    /// Makes the root; never where one is.
    public static OfflineRoot make(Path folder, Plan plan, char[] passphrase, Clock clock) throws IOException {
        if (plan.years() < 1 || plan.years() > MAX_YEARS)
            throw new IOException("A root lives for 1 to " + MAX_YEARS + " years.");
        if (passphrase.length < MIN_PASSPHRASE)
            throw new IOException("The passphrase needs " + MIN_PASSPHRASE + " letters at least.");
        Path file = folder.resolve("root.p12");
        if (Files.exists(file)) throw new IOException("There is a root in " + file + "; it was left alone.");
        var name = IssuingRequest.named(plan.name());
        KeyPair key = generate(plan.curve());
        Instant now = clock.instant();
        X509Certificate certificate = CaCertificate.plain(
                        name, key.getPublic(), 1, now, now.plus(YEAR.multipliedBy(plan.years())))
                .selfSigned(key.getPrivate());
        PassphraseFile.write(file, new Keys.Held(key.getPrivate(), List.of(certificate)), passphrase);
        Files.writeString(folder.resolve("root.pem"), Issuer.pem(certificate));
        return open(folder, passphrase, clock);
    }

    private static KeyPair generate(Curve curve) throws IOException {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(curve.name));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IOException("This Java makes no such keys.", e);
        }
    }

    /// Also a root that an online CA made, with the text of its `root.p12.password`.
    public static OfflineRoot open(Path folder, char[] passphrase, Clock clock) throws IOException {
        Keys.Held root = PassphraseFile.load(folder.resolve("root.p12"), passphrase);
        return new OfflineRoot(folder, root, clock);
    }

    public X509Certificate certificate() {
        return root.chain().getFirst();
    }

    /// The SHA-256 of the key in a request (PEM), and the name that it asks for.
    public record Asked(String key, String name) {}

    public static Asked asked(byte[] request) throws IOException {
        var read = IssuingRequest.parse(request);
        return new Asked(
                DeviceId.ofKey(read.key().getEncoded()).hex(), read.name().toString());
    }

    /// Certifies the key in `request` (PEM) as an issuing CA; the chain, PEM: its certificate, then the root's.
    ///
    /// @param kind `email` or `tel`
    /// @param domains to which it is limited; see [Grant]
    public String sign(byte[] request, String kind, List<String> domains, String crlUrl, int years) throws IOException {
        var asked = IssuingRequest.parse(request);
        Grant grant = Grant.of(
                switch (kind) {
                    case "email" -> Grant.Kind.EMAIL;
                    case "tel" -> Grant.Kind.TEL;
                    default -> throw new IOException("An issuing CA is for email or for tel.");
                },
                domains,
                crlUrl);
        if (years < 1 || years > MAX_YEARS) throw new IOException("An issuing CA lives for 1 to 30 years.");
        var rootName = org.bouncycastle.asn1.x500.X500Name.getInstance(
                certificate().getSubjectX500Principal().getEncoded());
        // Who is named like its issuer counts as self-issued (RFC 5280, section 6.1): no constraint would hold for it.
        if (asked.name().equals(rootName)) throw new IOException("An issuing CA must not be named like its root.");
        Instant now = clock.instant(),
                end = now.plus(YEAR.multipliedBy(years)),
                rootEnd = certificate().getNotAfter().toInstant();
        if (rootEnd.isBefore(now)) throw new IOException("The root has expired.");
        X509Certificate made = CaCertificate.plain(
                        asked.name(), asked.key(), 0, now, end.isBefore(rootEnd) ? end : rootEnd)
                .with(grant.extensions())
                .signedBy(certificate(), root.key());
        Path issued = folder.resolve("issued").resolve(made.getSerialNumber().toString(16) + ".pem");
        // A copy stays here, so that it can be withdrawn by its number.
        Files.createDirectories(folder.resolve("issued"));
        String chain = Issuer.pem(made) + Issuer.pem(certificate());
        Files.writeString(issued, chain);
        return chain;
    }

    /// Withdraws an issuing CA that this root certified, and makes the list anew.
    ///
    /// @param serial hexadecimal, the name of its file in `issued`
    /// @param reason CRLReason: 0 none, 1 stolen key, 5 no longer used
    public byte[] revoke(String serial, int reason, Duration good) throws IOException {
        if (reason != UNSPECIFIED && reason != KEY_COMPROMISE && reason != CESSATION)
            throw new IOException("The reason is 0, 1 (stolen key) or 5 (no longer used).");
        if (!serial.matches("[0-9a-f]{1,40}")
                || !Files.exists(folder.resolve("issued").resolve(serial + ".pem")))
            throw new IOException("This root certified no CA with the number " + serial + ".");
        return list(Optional.of(new Withdrawn(new BigInteger(serial, 16), reason)), good);
    }

    /// Makes the list anew, because the last one is soon of yesterday.
    ///
    /// @param good for how long; then the next one must be there
    public byte[] list(Duration good) throws IOException {
        return list(Optional.empty(), good);
    }

    private record Withdrawn(BigInteger serial, int reason) {}

    private byte[] list(Optional<Withdrawn> more, Duration good) throws IOException {
        if (good.toDays() < 1 || good.compareTo(MAX_LIST) > 0)
            throw new IOException("A list is good for 1 to 400 days.");
        Path file = folder.resolve("root.crl");
        try {
            Instant now = clock.instant();
            var list = new JcaX509v2CRLBuilder(certificate(), Date.from(now));
            list.setNextUpdate(Date.from(now.plus(good)));
            BigInteger number = BigInteger.ONE;
            boolean isKnown = false;
            if (Files.exists(file)) {
                X509CRL last = last(file);
                var held = new JcaX509CRLHolder(last);
                list.addCRL(held);
                number = ASN1Integer.getInstance(
                                held.getExtension(Extension.cRLNumber).getParsedValue())
                        .getValue()
                        .add(BigInteger.ONE);
                isKnown = more.isPresent()
                        && last.getRevokedCertificate(more.get().serial()) != null;
            }
            if (more.isPresent() && !isKnown)
                list.addCRLEntry(more.get().serial(), Date.from(now), more.get().reason());
            list.addExtension(Extension.cRLNumber, false, new CRLNumber(number));
            list.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(root.publicKey()));
            byte[] der = list.build(
                            new JcaContentSignerBuilder(CaCertificate.algorithm(root.publicKey())).build(root.key()))
                    .getEncoded();
            Keys.writeOwnerOnly(file, der);
            return der;
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("The list could not be signed.", e);
        }
    }

    // Signed by this root, or a list that somebody put there would be carried on.
    private X509CRL last(Path file) throws IOException, GeneralSecurityException {
        if (Files.size(file) > Crl.MAX_BYTES) throw new IOException(file + " is too long.");
        var last = (X509CRL)
                CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(Files.readAllBytes(file)));
        last.verify(root.publicKey());
        return last;
    }
}
