package dev.starling.ca.front;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.TreeSet;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Replay nonces (RFC 8555, section 6.5): a counter and its HMAC under a key of this process, so that asking
/// for any number of them costs no memory and pushes nobody else's out. The used ones are remembered, up to a
/// bound; what is older than the oldest remembered one is refused.
final class OwnNonces implements Nonces {
    private static final int MAC_BYTES = 16;
    private final Mac mac;
    private final int mostUsed;
    private final TreeSet<Long> used = new TreeSet<>();
    private long next = 1;
    private long refusedUpTo = 0;

    OwnNonces(int mostUsed) {
        this.mostUsed = mostUsed;
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        try {
            mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public synchronized String fresh() {
        long counter = next++;
        byte[] nonce = ByteBuffer.allocate(Long.BYTES + MAC_BYTES)
                .putLong(counter)
                .put(tag(counter))
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(nonce);
    }

    @Override
    public synchronized boolean use(String nonce) {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(nonce);
        } catch (IllegalArgumentException e) {
            return false;
        }
        if (bytes.length != Long.BYTES + MAC_BYTES) return false;
        long counter = ByteBuffer.wrap(bytes).getLong();
        boolean ours = MessageDigest.isEqual(tag(counter), Arrays.copyOfRange(bytes, Long.BYTES, bytes.length));
        if (!ours || counter <= refusedUpTo || !used.add(counter)) return false;
        if (used.size() > mostUsed) refusedUpTo = used.removeFirst();
        return true;
    }

    private byte[] tag(long counter) {
        return Arrays.copyOf(
                mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(counter).array()), MAC_BYTES);
    }
}
