package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.DeviceId;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/// How a mail is signed: rsa-sha256 (RFC 6376, section 3.3) or ed25519-sha256 (RFC 8463). rsa-sha1 is refused, as
/// RFC 8301, section 3.1, wants.
public enum DkimAlgorithm {
    RSA("rsa-sha256", "rsa"),
    ED25519("ed25519-sha256", "ed25519");

    /// RFC 8301, section 3.2. Above the upper bound, checking a signature costs more than a mail is worth.
    private static final int LEAST_BITS = 1024, GOOD_BITS = 2048, MOST_BITS = 4096;

    private static final int ED25519_BYTES = 32;
    private static final BigInteger MAX_EXPONENT = BigInteger.ONE.shiftLeft(32);
    /// RFC 8410: what stands before the 32 bytes of a key.
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    final String name, keyType;

    DkimAlgorithm(String name, String keyType) {
        this.name = name;
        this.keyType = keyType;
    }

    static Optional<DkimAlgorithm> of(String name) {
        return Arrays.stream(values()).filter(each -> each.name.equals(name)).findFirst();
    }

    /// @param p of the key record, decoded
    PublicKey key(byte[] p) throws MailRefused {
        try {
            if (this == ED25519) {
                // RFC 8463, section 4.2: the bare key.
                unless(p.length == ED25519_BYTES, Reason.DKIM_KEY_SYNTAX);
                byte[] info = ByteBuffer.allocate(ED25519_PREFIX.length + ED25519_BYTES)
                        .put(ED25519_PREFIX)
                        .put(p)
                        .array();
                return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(info));
            }
            var key = (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(p));
            int bits = key.getModulus().bitLength();
            unless(bits >= LEAST_BITS && bits <= MOST_BITS, Reason.DKIM_KEY_SMALL);
            BigInteger e = key.getPublicExponent();
            unless(
                    e.testBit(0) && e.signum() > 0 && e.bitLength() > 1 && e.compareTo(MAX_EXPONENT) < 0,
                    Reason.DKIM_KEY_SYNTAX);
            return key;
        } catch (GeneralSecurityException | RuntimeException e) {
            throw new MailRefused(Reason.DKIM_KEY_SYNTAX);
        }
    }

    static boolean isWeak(PublicKey key) {
        return key instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() < GOOD_BITS;
    }

    /// @param data the canonical header fields; for ed25519 it is their digest that is signed (RFC 8463, section 3)
    boolean verifies(PublicKey key, byte[] data, byte[] signature) {
        try {
            var verifier = Signature.getInstance(this == RSA ? "SHA256withRSA" : "Ed25519");
            verifier.initVerify(key);
            verifier.update(this == RSA ? data : DeviceId.sha256(data));
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // A signature of the wrong length, for example.
            return false;
        }
    }
}
