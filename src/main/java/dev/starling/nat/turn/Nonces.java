package dev.starling.nat.turn;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces that age and are kept nowhere: the time, and a proof that it was us who wrote it for this client. RFC 8489,
/// section 9.2.
final class Nonces {
    static final Duration LIFE = Duration.ofMinutes(10);
    private static final int PROOF_BYTES = 16;
    private static final int LENGTH = 2 * (4 + PROOF_BYTES);

    private final byte[] secret;
    private final InstantSource clock;

    /// secret: 32 random bytes of this process
    Nonces(byte[] secret, InstantSource clock) {
        this.secret = secret.clone();
        this.clock = clock;
    }

    /// client: raw address. Its port is left out: behind a NAT it may change while the nonce lives.
    String fresh(byte[] client) {
        return of((int) clock.instant().getEpochSecond(), client);
    }

    boolean isFresh(String nonce, byte[] client) {
        if (nonce.length() != LENGTH) return false;
        int made;
        try {
            made = HexFormat.fromHexDigits(nonce, 0, 8);
        } catch (IllegalArgumentException e) {
            return false;
        }
        long age = clock.instant().getEpochSecond() - Integer.toUnsignedLong(made);
        boolean ours = MessageDigest.isEqual(
                of(made, client).getBytes(StandardCharsets.US_ASCII), nonce.getBytes(StandardCharsets.UTF_8));
        return ours && age >= 0 && age <= LIFE.toSeconds();
    }

    private String of(int seconds, byte[] client) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(ByteBuffer.allocate(4).putInt(seconds).array());
            byte[] proof = Arrays.copyOf(mac.doFinal(client), PROOF_BYTES);
            return HexFormat.of().toHexDigits(seconds) + HexFormat.of().formatHex(proof);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
