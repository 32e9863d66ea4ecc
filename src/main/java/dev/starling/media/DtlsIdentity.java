package dev.starling.media;

import dev.starling.sdp.Fingerprint;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A key and a self-signed certificate for DTLS-SRTP, whose fingerprint the description carries: RFC 5763, section 5.
/// It
/// says nothing of whom it belongs to.
record DtlsIdentity(PrivateKey key, byte[] certificate, Fingerprint fingerprint, Instant since) {
    private static final Duration VALID = Duration.ofDays(30);

    static DtlsIdentity make() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            var pair = generator.generateKeyPair();
            var name = new X500Name("CN=sound");
            Instant now = Instant.now();
            byte[] der = new JcaX509v3CertificateBuilder(
                            name,
                            new BigInteger(63, new SecureRandom()),
                            Date.from(now.minus(VALID)),
                            Date.from(now.plus(VALID)),
                            name,
                            pair.getPublic())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                    .getEncoded();
            return new DtlsIdentity(pair.getPrivate(), der, Fingerprint.of(der), now);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException("no certificate for DTLS", e);
        }
    }
}
