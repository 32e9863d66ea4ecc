package dev.starling.ca.issuance;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x9.ECNamedCurveTable;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;
import org.bouncycastle.operator.ContentSigner;

/// What our certificates say (docs/protocols/formats.md, section 3), in two steps, so that what is signed can be stored
/// before.
final class CertificateProfile {
    private static final AlgorithmIdentifier ECDSA = new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256);

    /// @param policy OID of how the address was proven
    record Subject(ECPublicKey key, Address address, String policy) {}

    /// Within which it is good.
    record Validity(Instant from, Instant to) {}

    /// Who signs it.
    ///
    /// @param list URL of the list of its withdrawn certificates; empty: none is named
    record By(X509Certificate issuer, Optional<String> list) {}

    private CertificateProfile() {}

    /// TBSCertificate (RFC 5280, section 4.1.2), DER.
    static byte[] toBeSigned(Subject subject, BigInteger serial, Validity validity, By by) {
        X509Certificate issuer = by.issuer();
        var builder = new JcaX509v3CertificateBuilder(
                X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded()),
                serial,
                Date.from(validity.from()),
                Date.from(validity.to()),
                new X500Name(new RDN[0]),
                subject.key());
        try {
            var utils = new JcaX509ExtensionUtils();
            // RFC 5280, section 4.2.1.6: critical, because the subject is empty.
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    true,
                    new GeneralNames(CertificateRequest.name(subject.address())));
            builder.addExtension(Extension.keyUsage, true, CertificateRequest.usage());
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_emailProtection));
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuer.getPublicKey()));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(subject.key()));
            builder.addExtension(
                    Extension.certificatePolicies,
                    false,
                    new CertificatePolicies(new PolicyInformation(new ASN1ObjectIdentifier(subject.policy()))));
            if (by.list().isPresent())
                builder.addExtension(
                        Extension.cRLDistributionPoints, false, at(by.list().get()));
            return builder.build(new Unsigned())
                    .toASN1Structure()
                    .getTBSCertificate()
                    .getEncoded(ASN1Encoding.DER);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("what was checked cannot be encoded", e);
        }
    }

    // RFC 5280, section 4.2.1.13: one list for all reasons, of the CA itself.
    private static CRLDistPoint at(String url) {
        var names = new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, url));
        return new CRLDistPoint(
                new DistributionPoint[] {new DistributionPoint(new DistributionPointName(names), null, null)});
    }

    /// The list that a TBSCertificate of ours (DER) names; empty: none.
    static Optional<String> listOf(byte[] toBeSigned) throws IOException {
        try {
            Extension points = TBSCertificate.getInstance(toBeSigned)
                    .getExtensions()
                    .getExtension(Extension.cRLDistributionPoints);
            if (points == null) return Optional.empty();
            GeneralName name = GeneralNames.getInstance(CRLDistPoint.getInstance(points.getParsedValue())
                            .getDistributionPoints()[0]
                            .getDistributionPoint()
                            .getName())
                    .getNames()[0];
            return Optional.of(ASN1IA5String.getInstance(name.getName()).getString());
        } catch (RuntimeException e) {
            throw new IOException("not one of ours", e);
        }
    }

    /// The certificate, DER.
    static byte[] signed(byte[] toBeSigned, PrivateKey key) throws IOException {
        try {
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(key);
            signature.update(toBeSigned);
            return signed(toBeSigned, signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    /// The same, with the same signature each time and everywhere (RFC 6979), unless the key is in a token: so whoever
    /// has the key makes the same certificate of the same promise.
    static byte[] signedAlike(byte[] toBeSigned, PrivateKey key) throws IOException {
        if (!(key instanceof ECPrivateKey known)) return signed(toBeSigned, key);
        var curve = ECNamedCurveTable.getByName("P-256");
        if (!known.getParams().getOrder().equals(curve.getN())) return signed(toBeSigned, key);
        var signer = new ECDSASigner(new HMacDSAKCalculator(new SHA256Digest()));
        signer.init(true, new ECPrivateKeyParameters(known.getS(), new ECDomainParameters(curve)));
        BigInteger[] made = signer.generateSignature(DeviceId.sha256(toBeSigned));
        return signed(toBeSigned, StandardDSAEncoding.INSTANCE.encode(curve.getN(), made[0], made[1]));
    }

    private static byte[] signed(byte[] toBeSigned, byte[] signature) throws IOException {
        return new DERSequence(new org.bouncycastle.asn1.ASN1Encodable[] {
                    ASN1Primitive.fromByteArray(toBeSigned), ECDSA, new DERBitString(signature)
                })
                .getEncoded(ASN1Encoding.DER);
    }

    /// The key identifier of a CA, hexadecimal, as its certificates carry it.
    static String keyId(X509Certificate issuer) {
        try {
            return HexFormat.of()
                    .formatHex(new JcaX509ExtensionUtils()
                            .createAuthorityKeyIdentifier(issuer.getPublicKey())
                            .getKeyIdentifierOctets());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// For building alone: no key sees it.
    private static final class Unsigned implements ContentSigner {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return ECDSA;
        }

        @Override
        public OutputStream getOutputStream() {
            return bytes;
        }

        @Override
        public byte[] getSignature() {
            return new byte[0];
        }
    }
}
