package dev.starling.ca.front;

import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces of several processes that share a database: each takes what another one gave, and the database remembers
/// which
/// were used. One is its time, 16 random bytes and a keyed hash of both.
///
/// Their time never goes back: were it the clock's, used ones that were forgotten while the clock was ahead would count
/// once more.
final class SharedNonces implements Nonces {
    private static final Duration GOOD = Duration.ofHours(1);
    private static final int KEY_BYTES = 32, RANDOM_BYTES = 16, MAC_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final CaStore store;
    private final SecretKeySpec key;
    private final Clock clock;
    private volatile long forgotten;

    SharedNonces(CaStore store, Clock clock) throws IOException {
        this.store = store;
        this.clock = clock;
        byte[] fresh = new byte[KEY_BYTES];
        RANDOM.nextBytes(fresh);
        byte[] secret = store.in(session -> session.nonces().secret("nonces", fresh));
        key = new SecretKeySpec(secret, "HmacSHA256");
        forgotten = store.<Long>in(session -> session.nonces().forgotten());
    }

    @Override
    public String fresh() {
        byte[] random = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(random);
        byte[] said = ByteBuffer.allocate(Long.BYTES + RANDOM_BYTES)
                .putLong(now())
                .put(random)
                .array();
        byte[] nonce = ByteBuffer.allocate(said.length + MAC_BYTES)
                .put(said)
                .put(tag(said))
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(nonce);
    }

    @Override
    public boolean use(String nonce) throws IOException {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(nonce);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int length = Long.BYTES + RANDOM_BYTES;
        if (bytes.length != length + MAC_BYTES) return false;
        byte[] said = Arrays.copyOf(bytes, length);
        if (!MessageDigest.isEqual(tag(said), Arrays.copyOfRange(bytes, length, bytes.length))) return false;
        long expires = ByteBuffer.wrap(said).getLong() + GOOD.toSeconds();
        // By its bytes: a text with other left-over bits is the same nonce.
        String name = Base64.getUrlEncoder().withoutPadding().encodeToString(said);
        return store.in(session -> {
            forgotten = session.nonces().forgotten();
            return expires >= now() && session.nonces().use(name, expires);
        });
    }

    private long now() {
        return Math.max(clock.instant().getEpochSecond(), forgotten);
    }

    private byte[] tag(byte[] said) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Arrays.copyOf(mac.doFinal(said), MAC_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
