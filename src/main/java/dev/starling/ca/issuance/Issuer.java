package dev.starling.ca.issuance;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Makes the certificates of docs/protocols/formats.md, section 3.
public final class Issuer {
    private static final Duration LIFE = Duration.ofDays(30);
    private static final Duration BACKDATED = Duration.ofMinutes(5);

    private final Authority authority;
    private final String policy;
    private final CaStore store;
    private final Clock clock;

    private Issuer(Authority authority, boolean test, CaStore store, Clock clock) {
        this.authority = authority;
        policy = CertificateVerifier.POLICY_ARC + (test ? ".9" : ".1");
        this.store = store;
        this.clock = clock;
    }

    /// Reads the keys in `folder`, or makes them on the first start. `test` CAs say so in every certificate.
    public static Issuer open(Path folder, boolean test, CaStore store, Clock clock) throws IOException {
        var authority = Authority.open(folder, test, store.certificates() > 0, clock);
        return new Issuer(authority, test, store, clock);
    }

    public X509Certificate root() {
        return authority.root();
    }

    /// Issues for the key in `csr` (DER), which must ask for just the order's address; the order is stored as
    /// valid with its certificate.
    public Order issue(byte[] csr, Order order) throws Problem, IOException {
        Address address = new Address(order.address());
        ECPublicKey key = CertificateRequest.parse(csr, address).key();
        if (store.accountByThumbprint(Jws.thumbprint(new ECKey.Builder(Curve.P_256, key).build()))
                .isPresent())
            throw new Problem("badCSR", 400, "The certificate request is refused: its key is that of an account.");
        Keys.Held issuing = authority.issuing();
        BigInteger serial = Authority.serial();
        Instant from = clock.instant().minus(BACKDATED), end = from.plus(LIFE);
        Instant latest = issuing.chain().getFirst().getNotAfter().toInstant();
        Instant notAfter = end.isBefore(latest) ? end : latest;
        var builder = build(key, address, serial, from, notAfter, issuing);
        X509Certificate leaf = sign(
                builder,
                issuing.key(),
                toBeSigned -> store.aboutToSign(serial.toString(16), order, toBeSigned, notAfter.getEpochSecond()));
        var done = order.issued(pem(leaf) + pem(issuing.chain().getFirst()));
        store.issued(serial.toString(16), Keys.encoded(leaf), done);
        return done;
    }

    private JcaX509v3CertificateBuilder build(
            ECPublicKey key, Address address, BigInteger serial, Instant from, Instant notAfter, Keys.Held issuing)
            throws IOException {
        X509Certificate issuer = issuing.chain().getFirst();
        var builder = new JcaX509v3CertificateBuilder(
                X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
                serial,
                Date.from(from),
                Date.from(notAfter),
                new X500Name(new RDN[0]),
                key);
        try {
            var utils = new JcaX509ExtensionUtils();
            // RFC 5280, section 4.2.1.6: critical, because the subject is empty.
            builder.addExtension(
                    Extension.subjectAlternativeName, true, new GeneralNames(CertificateRequest.name(address)));
            builder.addExtension(Extension.keyUsage, true, CertificateRequest.usage());
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_emailProtection));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuing.publicKey()));
            builder.addExtension(Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key));
            builder.addExtension(
                    Extension.certificatePolicies,
                    false,
                    new CertificatePolicies(new PolicyInformation(new ASN1ObjectIdentifier(policy))));
            return builder;
        } catch (GeneralSecurityException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey key, Note note)
            throws IOException {
        try {
            var signer = new Recording(new JcaContentSignerBuilder("SHA256withECDSA").build(key), note);
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    public static String pem(X509Certificate certificate) {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(Keys.encoded(certificate))
                + "\n-----END CERTIFICATE-----\n";
    }

    private interface Note {
        void write(byte[] toBeSigned) throws IOException;
    }

    /// Stores what will be signed before it is signed: a certificate of which no record is left cannot exist.
    private static final class Recording implements ContentSigner {
        private final ContentSigner signer;
        private final Note note;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Recording(ContentSigner signer, Note note) {
            this.signer = signer;
            this.note = note;
        }

        @Override
        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return signer.getAlgorithmIdentifier();
        }

        @Override
        public OutputStream getOutputStream() {
            return bytes;
        }

        @Override
        public byte[] getSignature() {
            try (OutputStream out = signer.getOutputStream()) {
                note.write(bytes.toByteArray());
                bytes.writeTo(out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return signer.getSignature();
        }
    }
}
