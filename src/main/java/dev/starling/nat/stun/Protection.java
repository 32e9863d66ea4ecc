package dev.starling.nat.stun;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What protects a message, and the keys of the long-term credential mechanism: RFC 8489, sections 9.2 and 14.5 to
/// 14.7.
public final class Protection {
    static final String SHA1 = "HmacSHA1";
    static final String SHA256 = "HmacSHA256";
    private static final int FINGERPRINT_MASK = 0x5354554E;

    private Protection() {}

    /// The key of a user with a password by MD5, which every program of today speaks: RFC 8489, section 9.2.2.
    public static byte[] md5Key(String user, String realm, String password) {
        return digest("MD5", user + ":" + realm + ":" + password);
    }

    /// The same by SHA-256: RFC 8489, section 18.5.1.2.
    public static byte[] sha256Key(String user, String realm, String password) {
        return digest("SHA-256", user + ":" + realm + ":" + password);
    }

    /// USERHASH: RFC 8489, section 14.4.
    public static byte[] userHash(String user, String realm) {
        return digest("SHA-256", user + ":" + realm);
    }

    private static byte[] digest(String algorithm, String text) {
        try {
            return MessageDigest.getInstance(algorithm).digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Over all before `at`, where an attribute of `size` bytes begins; the length in the header says that it is the
    /// last one.
    static byte[] hmac(String algorithm, byte[] key, byte[] message, int at, int size) {
        byte[] covered = Arrays.copyOf(message, at);
        ByteBuffer.wrap(covered).putShort(2, (short) (at - StunMessage.HEADER_BYTES + 4 + size));
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            return mac.doFinal(covered);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static int fingerprint(byte[] message, int at) {
        byte[] covered = Arrays.copyOf(message, at);
        ByteBuffer.wrap(covered).putShort(2, (short) (at - StunMessage.HEADER_BYTES + 8));
        var crc = new CRC32();
        crc.update(covered);
        return (int) crc.getValue() ^ FINGERPRINT_MASK;
    }
}
