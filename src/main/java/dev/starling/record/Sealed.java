package dev.starling.record;

import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// A record as it lies in the DHT: padded to a power of two, encrypted for those who know the address
/// (docs/protocols/formats.md, section 5).
public final class Sealed {
    public static final int MIN_BYTES = 1024, MAX_BYTES = 32 * 1024;
    private static final int NONCE = 12, TAG = 16, HEAD = 1 + NONCE, LENGTH = 4;
    public static final int MAX_PAYLOAD = MAX_BYTES - HEAD - TAG - LENGTH;
    private static final SecureRandom RANDOM = new SecureRandom();

    private Sealed() {}

    public static byte[] seal(Rendezvous place, byte[] payload) {
        byte[] nonce = new byte[NONCE];
        RANDOM.nextBytes(nonce);
        return seal(place, payload, nonce);
    }

    static byte[] seal(Rendezvous place, byte[] payload, byte[] nonce) {
        if (payload.length > MAX_PAYLOAD) throw new IllegalArgumentException("record too long");
        int size = MIN_BYTES;
        while (size < HEAD + LENGTH + payload.length + TAG) size *= 2;
        byte[] padded = Arrays.copyOf(
                ByteBuffer.allocate(LENGTH + payload.length)
                        .putInt(payload.length)
                        .put(payload)
                        .array(),
                size - HEAD - TAG);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, place, nonce).doFinal(padded);
            return ByteBuffer.allocate(size)
                    .put((byte) 1)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The payload; refuses (`not-sealed`) what was not sealed for this place.
    public static byte[] open(Rendezvous place, byte[] value) throws IdentityException {
        if (value.length < MIN_BYTES
                || value.length > MAX_BYTES
                || Integer.bitCount(value.length) != 1
                || value[0] != 1) throw new IdentityException("not-sealed", "size or version");
        byte[] padded;
        try {
            padded = cipher(Cipher.DECRYPT_MODE, place, Arrays.copyOfRange(value, 1, HEAD))
                    .doFinal(value, HEAD, value.length - HEAD);
        } catch (GeneralSecurityException e) {
            throw new IdentityException("not-sealed", "wrong key or altered");
        }
        int length = ByteBuffer.wrap(padded).getInt();
        if (length < 0 || length > padded.length - LENGTH) throw new IdentityException("not-sealed", "length");
        for (int i = LENGTH + length; i < padded.length; i++)
            if (padded[i] != 0) throw new IdentityException("not-sealed", "padding");
        return Arrays.copyOfRange(padded, LENGTH, LENGTH + length);
    }

    private static Cipher cipher(int mode, Rendezvous place, byte[] nonce) throws GeneralSecurityException {
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(place.sealingKey(), "AES"), new GCMParameterSpec(TAG * 8, nonce));
        cipher.updateAAD(new byte[] {1, (byte) place.kind().number()});
        cipher.updateAAD(place.dhtKey());
        return cipher;
    }
}
