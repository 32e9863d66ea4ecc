package dev.starling.media;

import dev.starling.media.SrtpKeys.Label;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The ciphers of one direction, for RTP or for RTCP: RFC 3711, sections 4.1.1 and 4.2.1. For one thread at a time.
final class SrtpTransform {
    private static final int AUTHENTICATION_KEY_BYTES = 20;

    private final SecretKeySpec key;
    private final byte[] salt;
    private final Cipher aes;
    private final Mac mac;
    private final int tagBytes;

    private SrtpTransform(byte[] key, byte[] authentication, byte[] salt, int tagBytes) {
        this.key = new SecretKeySpec(key, "AES");
        this.salt = salt;
        this.tagBytes = tagBytes;
        try {
            aes = Cipher.getInstance("AES/CTR/NoPadding");
            mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(authentication, "HmacSHA1"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static SrtpTransform rtp(SrtpKeys keys) {
        return new SrtpTransform(
                keys.derive(Label.RTP_ENCRYPTION, SrtpKeys.KEY_BYTES),
                keys.derive(Label.RTP_AUTHENTICATION, AUTHENTICATION_KEY_BYTES),
                keys.derive(Label.RTP_SALT, SrtpKeys.SALT_BYTES),
                keys.tagBytes());
    }

    static SrtpTransform rtcp(SrtpKeys keys) {
        return new SrtpTransform(
                keys.derive(Label.RTCP_ENCRYPTION, SrtpKeys.KEY_BYTES),
                keys.derive(Label.RTCP_AUTHENTICATION, AUTHENTICATION_KEY_BYTES),
                keys.derive(Label.RTCP_SALT, SrtpKeys.SALT_BYTES),
                SrtpKeys.LONGEST_TAG_BYTES);
    }

    int tagBytes() {
        return tagBytes;
    }

    /// Encrypts or decrypts in place. index: 48 bits of RTP, 31 of RTCP
    void crypt(byte[] bytes, int from, int to, int ssrc, long index) {
        var iv = ByteBuffer.allocate(16).put(salt);
        iv.putInt(4, iv.getInt(4) ^ ssrc);
        iv.putLong(8, iv.getLong(8) ^ index << 16);
        try {
            aes.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(iv.array()));
            aes.doFinal(bytes, from, to - from, bytes, from);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Over the packet and, of RTP, its roll-over counter.
    void tag(byte[] bytes, int length, ByteBuffer rollOver, byte[] out, int at) {
        System.arraycopy(full(bytes, length, rollOver), 0, out, at, tagBytes);
    }

    /// Whether the tag at `length` is right; compared in constant time.
    boolean isTag(byte[] bytes, int length, ByteBuffer rollOver) {
        byte[] right = Arrays.copyOf(full(bytes, length, rollOver), tagBytes);
        return MessageDigest.isEqual(right, Arrays.copyOfRange(bytes, length, length + tagBytes));
    }

    private byte[] full(byte[] bytes, int length, ByteBuffer rollOver) {
        mac.update(bytes, 0, length);
        mac.update(rollOver);
        return mac.doFinal();
    }
}
