package dev.starling.record;

import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Entries that the devices of one person share, sealed under their own 32-byte key (docs/protocols/formats.md,
/// section 6): nonce (12) || AES-256-GCM, bound to the entry's 16-byte id.
public final class OwnEntry {
    private static final int NONCE = 12, TAG = 16, KEY = 32;
    static final int MIN_BYTES = NONCE + TAG;
    private static final SecureRandom RANDOM = new SecureRandom();

    private OwnEntry() {}

    public static byte[] seal(byte[] ownKey, byte[] id, byte[] entry) {
        byte[] nonce = new byte[NONCE];
        RANDOM.nextBytes(nonce);
        return seal(ownKey, id, entry, nonce);
    }

    static byte[] seal(byte[] ownKey, byte[] id, byte[] entry, byte[] nonce) {
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, ownKey, id, nonce).doFinal(entry);
            return ByteBuffer.allocate(NONCE + sealed.length)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The entry; refuses (`not-sealed`) what was not sealed under this key for this id.
    public static byte[] open(byte[] ownKey, byte[] id, byte[] sealed) throws IdentityException {
        if (sealed.length < MIN_BYTES) throw new IdentityException("not-sealed", "size");
        try {
            return cipher(Cipher.DECRYPT_MODE, ownKey, id, Arrays.copyOf(sealed, NONCE))
                    .doFinal(sealed, NONCE, sealed.length - NONCE);
        } catch (GeneralSecurityException e) {
            throw new IdentityException("not-sealed", "wrong key or altered");
        }
    }

    private static Cipher cipher(int mode, byte[] ownKey, byte[] id, byte[] nonce) throws GeneralSecurityException {
        if (ownKey.length != KEY) throw new IllegalArgumentException("an own key has 32 bytes");
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(ownKey, "AES"), new GCMParameterSpec(TAG * 8, nonce));
        cipher.updateAAD("starling/1 own".getBytes(StandardCharsets.US_ASCII));
        cipher.updateAAD(id);
        return cipher;
    }
}
