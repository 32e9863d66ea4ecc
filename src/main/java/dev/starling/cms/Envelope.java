package dev.starling.cms;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.der.Der;
import java.io.IOException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;

/// Bytes for one device, signed by another (docs/protocols/formats.md, section 9): SignedData inside
/// AuthEnvelopedData (RFC 5083, RFC 5084) with AES-256-GCM and one recipient by ephemeral P-256 key agreement
/// (RFC 5753).
///
/// The shape is read strictly, and with bounds, before anything is decrypted; the envelope is malleable all the same,
/// so nobody may identify a message by these bytes.
public final class Envelope {
    public static final int MAX_BYTES = 48 * 1024;
    private static final Provider BC = new BouncyCastleProvider();
    private static final String AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23", GCM = "2.16.840.1.101.3.4.1.46";
    private static final String ECDH_SHA256 = "1.3.132.1.11.1", WRAP = "2.16.840.1.101.3.4.1.45";
    private static final String EC_KEY = "1.2.840.10045.2.1";
    private static final int NONCE = 12, TAG = 16, WRAPPED_KEY = 40, POINT = 65;

    private Envelope() {}

    /// What was inside, and who signed it.
    public record Opened(byte[] content, CertificateVerifier.Verified signer) {}

    /// `too-long` when the result has more than 48 KiB.
    public static byte[] seal(Keys.Held signer, X509Certificate recipient, byte[] content, Instant now)
            throws IdentityException {
        byte[] signed = Signed.sign(signer, content, now);
        KeyPair ephemeral = Keys.generate();
        try {
            var agreement = new JceKeyAgreeRecipientInfoGenerator(
                            CMSAlgorithm.ECDH_SHA256KDF,
                            ephemeral.getPrivate(),
                            ephemeral.getPublic(),
                            CMSAlgorithm.AES256_WRAP)
                    .setProvider(BC)
                    .addRecipient(recipient);
            var generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(agreement);
            var cipher = (OutputAEADEncryptor) new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_GCM)
                    .setProvider(BC)
                    .build();
            byte[] der = generator
                    .generate(new CMSProcessableByteArray(signed), cipher)
                    .toASN1Structure()
                    .getEncoded("DER");
            if (der.length > MAX_BYTES) throw new IdentityException("too-long");
            return der;
        } catch (CMSException | CertificateEncodingException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Decrypts with the device's key and verifies who signed: `malformed`, `not-for-this-key` (another device's, or
    /// altered: nobody learns which), the reasons of a certificate, `bad-signature`.
    public static Opened open(byte[] der, PrivateKey key, CertificateVerifier certificates, Instant now)
            throws IdentityException {
        checkShape(der);
        byte[] signed;
        try {
            var recipients = new CMSAuthEnvelopedData(der).getRecipientInfos().getRecipients();
            signed =
                    recipients.iterator().next().getContent(new JceKeyAgreeAuthEnvelopedRecipient(key).setProvider(BC));
        } catch (CMSException | RuntimeException e) {
            // The library also throws unchecked exceptions for what an attacker sent, such as a point off the curve.
            throw new IdentityException("not-for-this-key");
        }
        return Signed.open(signed, certificates, now);
    }

    private static void checkShape(byte[] der) throws IdentityException {
        List<Der> info = Der.parse(der, MAX_BYTES).sequence(2, 2);
        if (!info.getFirst().oid().equals(AUTH_ENVELOPED)) throw malformed("not AuthEnvelopedData");
        List<Der> fields = Shape.only(info.get(1).expect(0xa0)).sequence(4, 4);
        List<Der> encrypted = fields.get(2).sequence(3, 3);
        List<Der> algorithm = encrypted.get(1).sequence(2, 2);
        List<Der> parameters = algorithm.get(1).sequence(2, 2);
        if (fields.getFirst().smallInteger() != 0
                || !encrypted.getFirst().oid().equals(Signed.DATA)
                || !algorithm.getFirst().oid().equals(GCM)
                || parameters.get(1).smallInteger() != TAG) throw malformed("version, content type or cipher");
        encrypted.get(2).expect(0x80);
        checkRecipient(Shape.only(fields.get(1).expect(Der.SET)));
        sized(parameters.getFirst(), NONCE);
        sized(fields.get(3), TAG);
    }

    private static void checkRecipient(Der recipient) throws IdentityException {
        List<Der> items = recipient.expect(0xa1).items();
        if (items.size() != 4) throw malformed("recipient");
        List<Der> origin = Shape.only(items.get(1).expect(0xa0)).expect(0xa1).items();
        if (origin.size() != 2 || !Shape.algorithm(origin.getFirst()).equals(EC_KEY)) throw malformed("originator");
        byte[] point = origin.get(1).wholeBits();
        if (point.length != POINT || point[0] != 4) throw malformed("point");
        List<Der> agreement = items.get(2).sequence(2, 2);
        if (items.getFirst().smallInteger() != 3
                || !agreement.getFirst().oid().equals(ECDH_SHA256)
                || !Shape.algorithm(agreement.get(1)).equals(WRAP)) throw malformed("key agreement");
        List<Der> keys = items.get(3).sequence(1, 1).getFirst().sequence(2, 2);
        keys.getFirst().sequence(2, 2);
        sized(keys.get(1), WRAPPED_KEY);
    }

    private static void sized(Der octets, int length) throws IdentityException {
        if (octets.expect(Der.OCTETS).content().length != length) throw malformed("not " + length + " bytes");
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
