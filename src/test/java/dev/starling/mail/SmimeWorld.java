package dev.starling.mail;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/// Certificates for mail, good ones and bad ones, and mails that are signed with them.
public final class SmimeWorld {
    private static final AtomicLong SERIALS = new AtomicLong(100);

    /// A key with its certificate.
    public record Party(KeyPair keys, X509Certificate certificate) {
        public String pem() {
            return SmimeWorld.pem("CERTIFICATE", encoded(certificate));
        }
    }

    private SmimeWorld() {}

    public static KeyPair ec() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static String pem(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + what + "-----\n";
    }

    /// What a certificate is to be; each can be spoiled by itself.
    public static final class Wish {
        public KeyPair keys = ec();
        public String subject = "CN=somebody";
        public String algorithm = "";
        public Instant from = Mails.NOW.minus(Duration.ofDays(10)), to = Mails.NOW.plus(Duration.ofDays(10));
        public List<GeneralName> names = new ArrayList<>();
        public int usage = KeyUsage.digitalSignature;
        public KeyPurposeId purpose = KeyPurposeId.id_kp_emailProtection;
        public boolean purposed = true;
        public boolean ca;
        public List<Extension> more = new ArrayList<>();

        public Wish named(String address) {
            names.add(new GeneralName(GeneralName.rfc822Name, address));
            return this;
        }

        public Party by(Party issuer) {
            return make(
                    this,
                    issuer.keys.getPrivate(),
                    issuer.certificate.getSubjectX500Principal().getName());
        }

        public Party bySelf() {
            return make(this, keys.getPrivate(), subject);
        }
    }

    public static Wish ca(String subject) {
        var wish = new Wish();
        wish.subject = subject;
        wish.ca = true;
        wish.usage = KeyUsage.keyCertSign | KeyUsage.cRLSign;
        wish.purposed = false;
        return wish;
    }

    public static Wish of(String address) {
        return new Wish().named(address);
    }

    private static String algorithm(PrivateKey key) {
        return key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    }

    private static Party make(Wish wish, PrivateKey issuer, String issuerName) {
        try {
            var builder = new JcaX509v3CertificateBuilder(
                    new X500Name(issuerName),
                    BigInteger.valueOf(SERIALS.incrementAndGet()),
                    Date.from(wish.from),
                    Date.from(wish.to),
                    new X500Name(wish.subject),
                    wish.keys.getPublic());
            if (wish.ca) builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            if (wish.usage != 0) builder.addExtension(Extension.keyUsage, true, new KeyUsage(wish.usage));
            if (wish.purposed)
                builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(wish.purpose));
            if (!wish.names.isEmpty())
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(wish.names.toArray(GeneralName[]::new)));
            for (Extension each : wish.more) builder.addExtension(each);
            var signer = new JcaContentSignerBuilder(wish.algorithm.isEmpty() ? algorithm(issuer) : wish.algorithm)
                    .build(issuer);
            return new Party(wish.keys, new JcaX509CertificateConverter().getCertificate(builder.build(signer)));
        } catch (GeneralSecurityException | OperatorException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A list of withdrawn certificates, PEM.
    public static String list(Party issuer, Instant next, X509Certificate... withdrawn) {
        try {
            var builder = new X509v2CRLBuilder(
                    new X500Name(issuer.certificate.getSubjectX500Principal().getName()),
                    Date.from(next.minus(Duration.ofDays(2))));
            builder.setNextUpdate(Date.from(next));
            for (X509Certificate each : withdrawn)
                builder.addCRLEntry(each.getSerialNumber(), Date.from(next.minus(Duration.ofDays(3))), 1);
            var signer =
                    new JcaContentSignerBuilder(algorithm(issuer.keys.getPrivate())).build(issuer.keys.getPrivate());
            return pem(
                    "X509 CRL",
                    new JcaX509CRLConverter().getCRL(builder.build(signer)).getEncoded());
        } catch (GeneralSecurityException | OperatorException e) {
            throw new IllegalStateException(e);
        }
    }

    /// How content is signed.
    public static final class Signing {
        public final List<Party> signers = new ArrayList<>();
        public final List<X509Certificate> certificates = new ArrayList<>();
        public String algorithm = "";
        public boolean bare;

        public Signing by(Party signer, Party... chain) {
            signers.add(signer);
            certificates.add(signer.certificate);
            for (Party each : chain) certificates.add(each.certificate);
            return this;
        }

        public byte[] cms(String content, boolean detached) {
            try {
                var generator = new CMSSignedDataGenerator();
                for (Party each : signers) {
                    PrivateKey key = each.keys.getPrivate();
                    var builder = new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build());
                    builder.setDirectSignature(bare);
                    generator.addSignerInfoGenerator(builder.build(
                            new JcaContentSignerBuilder(algorithm.isEmpty() ? algorithm(key) : algorithm)
                                    .setProvider(new BouncyCastleProvider())
                                    .build(key),
                            each.certificate));
                }
                generator.addCertificates(new JcaCertStore(certificates));
                var bytes = new CMSProcessableByteArray(content.getBytes(StandardCharsets.ISO_8859_1));
                return generator.generate(bytes, !detached).getEncoded();
            } catch (GeneralSecurityException | OperatorException | CMSException | IOException e) {
                throw new IllegalStateException(e);
            }
        }

        /// RFC 8551, section 3.5.3.
        public String detached(String head, String content) {
            return SmimeWorld.detached(head, content, cms(content, true));
        }

        /// Section 3.5.2.
        public String opaque(String head, String content) {
            return SmimeWorld.opaque(head, "signed-data", cms(content, false));
        }
    }

    public static String detached(String head, String content, byte[] cms) {
        return head + "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
                + " micalg=sha-256; boundary=\"b\"\r\n\r\nThis is signed.\r\n--b\r\n" + content + "\r\n--b\r\n"
                + "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\n" + base64(cms) + "\r\n--b--\r\n";
    }

    public static String opaque(String head, String kind, byte[] cms) {
        return head + "Content-Type: application/pkcs7-mime; smime-type=" + kind + "; name=smime.p7m\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\n" + base64(cms) + "\r\n";
    }

    private static String base64(byte[] bytes) {
        return Base64.getMimeEncoder().encodeToString(bytes);
    }
}
