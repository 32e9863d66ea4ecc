package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/// The root and the issuing key, made on the first start, and the certificates made with them
/// (docs/protocols/formats.md, section 3).
public final class Issuer {
    private static final Duration LEAF = Duration.ofDays(30),
            ISSUING = Duration.ofDays(730),
            ROOT = Duration.ofDays(3650);
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    private static final int MAX_CSR = 4096;

    private final Keys.Held issuing;
    private final X509Certificate root;
    private final String policy;
    private final CaStore store;
    private final Clock clock;

    private Issuer(Keys.Held issuing, X509Certificate root, boolean test, CaStore store, Clock clock) {
        this.issuing = issuing;
        this.root = root;
        policy = CertificateVerifier.POLICY_ARC + (test ? ".9" : ".1");
        this.store = store;
        this.clock = clock;
    }

    /// Reads the keys in `folder`, or makes them. `test` CAs say so in every certificate.
    public static Issuer open(Path folder, boolean test, CaStore store, Clock clock) throws IOException {
        Path rootFile = folder.resolve("root.p12"), issuingFile = folder.resolve("issuing.p12");
        if (!Files.exists(rootFile)) {
            KeyPair key = Keys.generate();
            var name = new X500Name("CN=Starling " + (test ? "test " : "") + "root");
            var certificate = authority(name, key.getPublic(), name, key.getPrivate(), key.getPublic(), 1, ROOT, clock);
            Keys.save(rootFile, new Keys.Held(key.getPrivate(), List.of(certificate)));
        }
        Keys.Held rootKey = Keys.load(rootFile);
        if (!Files.exists(issuingFile)) {
            KeyPair key = Keys.generate();
            var issuer = X500Name.getInstance(
                    rootKey.chain().getFirst().getSubjectX500Principal().getEncoded());
            var certificate = authority(
                    new X500Name("CN=Starling " + (test ? "test " : "") + "e-mail"),
                    key.getPublic(),
                    issuer,
                    rootKey.key(),
                    rootKey.publicKey(),
                    0,
                    ISSUING,
                    clock);
            Keys.save(issuingFile, new Keys.Held(key.getPrivate(), List.of(certificate)));
        }
        return new Issuer(Keys.load(issuingFile), rootKey.chain().getFirst(), test, store, clock);
    }

    public X509Certificate root() {
        return root;
    }

    /// Issues for the key in `csr`, leaf first. The request must ask for just this address.
    public List<X509Certificate> issue(byte[] csr, Address address, String order) throws Problem, IOException {
        ECPublicKey key = check(csr, address);
        Instant now = clock.instant();
        Instant end = now.plus(LEAF);
        Instant latest = issuing.chain().getFirst().getNotAfter().toInstant();
        Instant notAfter = end.isBefore(latest) ? end : latest;
        BigInteger serial = new BigInteger(127, new SecureRandom()).setBit(126);
        try {
            var issuerName = X500Name.getInstance(
                    issuing.chain().getFirst().getSubjectX500Principal().getEncoded());
            var builder = new JcaX509v3CertificateBuilder(
                    issuerName,
                    serial,
                    Date.from(now.minus(BACKDATED)),
                    Date.from(notAfter),
                    new X500Name(new RDN[0]),
                    key);
            var utils = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(name(address)));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_emailProtection));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuing.publicKey()));
            builder.addExtension(Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key));
            builder.addExtension(
                    Extension.certificatePolicies,
                    false,
                    new CertificatePolicies(new PolicyInformation(new ASN1ObjectIdentifier(policy))));
            store.aboutToSign(serial.toString(16), order, address.text(), key.getEncoded(), notAfter.getEpochSecond());
            X509Certificate leaf = sign(builder, issuing.key());
            store.signed(serial.toString(16), Keys.encoded(leaf));
            return List.of(leaf, issuing.chain().getFirst());
        } catch (GeneralSecurityException e) {
            throw new IOException("signing failed", e);
        }
    }

    private static GeneralName name(Address address) {
        return address.isPhone()
                ? new GeneralName(GeneralName.uniformResourceIdentifier, "tel:" + address)
                : new GeneralName(GeneralName.rfc822Name, address.text());
    }

    // RFC 8555, section 7.4, and our profile: one name, ours; nothing else asked for.
    private static ECPublicKey check(byte[] der, Address address) throws Problem {
        if (der.length > MAX_CSR) throw badCsr("too long");
        try {
            var csr = new JcaPKCS10CertificationRequest(der);
            if (!csr.isSignatureValid(new JcaContentVerifierProviderBuilder().build(csr.getSubjectPublicKeyInfo())))
                throw badCsr("its signature does not fit");
            if (csr.getSubject().getRDNs().length > 0) throw badCsr("the subject must be empty");
            checkNames(csr, address);
            return Keys.p256(csr.getSubjectPublicKeyInfo().getEncoded());
        } catch (IOException
                | PKCSException
                | OperatorCreationException
                | IllegalArgumentException
                | ClassCastException
                | IllegalStateException e) {
            throw badCsr("cannot be read");
        } catch (IdentityException e) {
            throw badCsr("the key must be P-256");
        }
    }

    private static void checkNames(PKCS10CertificationRequest csr, Address address) throws Problem {
        if (csr.getAttributes(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest).length != 1)
            throw badCsr("one extension request is needed");
        var names = GeneralNames.fromExtensions(csr.getRequestedExtensions(), Extension.subjectAlternativeName);
        if (names == null || names.getNames().length != 1) throw badCsr("exactly one name is needed");
        GeneralName asked = names.getNames()[0];
        if (!asked.equals(name(address))) throw badCsr("the name is not the one of the order");
    }

    private static Problem badCsr(String why) {
        return new Problem("badCSR", 400, "The certificate request is refused: " + why + ".");
    }

    private static X509Certificate authority(
            X500Name subject,
            PublicKey key,
            X500Name issuer,
            PrivateKey issuerKey,
            PublicKey issuerPublic,
            int below,
            Duration life,
            Clock clock)
            throws IOException {
        Instant now = clock.instant();
        try {
            var utils = new JcaX509ExtensionUtils();
            var builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    new BigInteger(127, new SecureRandom()).setBit(126),
                    Date.from(now.minus(BACKDATED)),
                    Date.from(now.plus(life)),
                    subject,
                    key);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(below));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuerPublic));
            return sign(builder, issuerKey);
        } catch (GeneralSecurityException e) {
            throw new IOException("signing failed", e);
        }
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key) throws IOException {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("signing failed", e);
        }
    }
}
