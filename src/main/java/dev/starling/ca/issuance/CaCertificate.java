package dev.starling.ca.issuance;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
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

/// The certificate of an authority: a root, or an issuing CA below one (RFC 5280, section 4.2.1.9).
///
/// @param below how many authorities may stand below it
/// @param more extensions beside those that all of them have
record CaCertificate(X500Name name, PublicKey key, int below, Instant from, Instant to, List<Extension> more) {
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    private static final int P256_BITS = 256;

    CaCertificate {
        more = List.copyOf(more);
    }

    /// One without restrictions, from now.
    static CaCertificate plain(X500Name name, PublicKey key, int below, Instant now, Instant to) {
        return new CaCertificate(name, key, below, now.minus(BACKDATED), to, List.of());
    }

    CaCertificate with(List<Extension> extensions) {
        return new CaCertificate(name, key, below, from, to, extensions);
    }

    /// Signed by its own key.
    X509Certificate selfSigned(PrivateKey own) throws IOException {
        return signed(name, key, own);
    }

    X509Certificate signedBy(X509Certificate issuer, PrivateKey issuerKey) throws IOException {
        return signed(
                X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()), issuer.getPublicKey(), issuerKey);
    }

    private X509Certificate signed(X500Name issuer, PublicKey issuerPublic, PrivateKey issuerKey) throws IOException {
        try {
            var utils = new JcaX509ExtensionUtils();
            var builder = new JcaX509v3CertificateBuilder(issuer, serial(), Date.from(from), Date.from(to), name, key);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(below));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(key));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuerPublic));
            for (Extension each : more) builder.addExtension(each);
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder(algorithm(issuerPublic)).build(issuerKey)));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    /// ECDSA with the hash as long as the key.
    static String algorithm(PublicKey key) {
        boolean isLong =
                key instanceof ECPublicKey ec && ec.getParams().getOrder().bitLength() > P256_BITS;
        return isLong ? "SHA384withECDSA" : "SHA256withECDSA";
    }

    /// 127 random bits: 16 bytes, positive (RFC 5280, section 4.1.2.2).
    static BigInteger serial() {
        return new BigInteger(127, new SecureRandom()).setBit(126);
    }
}
