package dev.starling.media;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Master key and salt of one direction of SRTP, with AES in counter mode and HMAC-SHA1: RFC 3711.
///
/// @param key 16 bytes
/// @param salt 14 bytes
/// @param tagBytes 10, or 4 (for RTP; RTCP has always 10: RFC 4568, section 6.2)
record SrtpKeys(byte[] key, byte[] salt, int tagBytes) {
    static final int KEY_BYTES = 16, SALT_BYTES = 14, LONGEST_TAG_BYTES = 10;

    /// Section 4.3.2.
    enum Label {
        RTP_ENCRYPTION(0),
        RTP_AUTHENTICATION(1),
        RTP_SALT(2),
        RTCP_ENCRYPTION(3),
        RTCP_AUTHENTICATION(4),
        RTCP_SALT(5);

        private final int number;

        Label(int number) {
            this.number = number;
        }
    }

    SrtpKeys {
        if (key.length != KEY_BYTES || salt.length != SALT_BYTES || tagBytes != 10 && tagBytes != 4)
            throw new IllegalArgumentException("not keys of SRTP");
        key = key.clone();
        salt = salt.clone();
    }

    /// Section 4.3.1, with a key derivation rate of zero.
    byte[] derive(Label label, int bytes) {
        byte[] iv = Arrays.copyOf(salt, 16);
        iv[7] ^= (byte) label.number;
        try {
            Cipher aes = Cipher.getInstance("AES/CTR/NoPadding");
            aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
            return aes.doFinal(new byte[bytes]);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Those of both directions out of the 60 bytes that DTLS exports: RFC 5764, section 4.2.
    static SrtpKeys exported(byte[] material, boolean ofClient) {
        var in = ByteBuffer.wrap(material);
        byte[] key = new byte[KEY_BYTES], salt = new byte[SALT_BYTES];
        in.get(ofClient ? 0 : KEY_BYTES, key);
        in.get(2 * KEY_BYTES + (ofClient ? 0 : SALT_BYTES), salt);
        return new SrtpKeys(key, salt, LONGEST_TAG_BYTES);
    }

    /// Without them.
    @Override
    public String toString() {
        return "keys of SRTP";
    }
}
