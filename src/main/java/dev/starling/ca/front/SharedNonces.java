package dev.starling.ca.front;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.NonceTable;
import dev.starling.ca.store.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces of several processes that share a database: each takes what another one gave, and the database remembers
/// which were used. One is its time, 16 random bytes and a keyed hash of both.
///
/// Under one key their time never goes back: were it the clock's, used ones that were forgotten while the clock was
/// ahead would count once more. The sweep after such a clock makes another key, of which every process learns at the
/// next nonce that it refuses.
final class SharedNonces implements Nonces {
    private static final int RANDOM_BYTES = 16, MAC_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final CaStore store;
    private final Clock clock;
    private volatile Shared shared;

    /// What all processes know.
    ///
    /// @param forgotten Unix seconds, before which no nonce is made
    private record Shared(byte[] key, long forgotten) {
        static Shared of(Session session) {
            return new Shared(session.nonces().key(), session.nonces().forgotten());
        }
    }

    SharedNonces(CaStore store, Clock clock) throws IOException {
        this.store = store;
        this.clock = clock;
        shared = store.in(Shared::of);
    }

    @Override
    public String fresh() {
        byte[] random = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(random);
        Shared now = shared;
        byte[] said = ByteBuffer.allocate(Long.BYTES + RANDOM_BYTES)
                .putLong(now(now))
                .put(random)
                .array();
        byte[] nonce = ByteBuffer.allocate(said.length + MAC_BYTES)
                .put(said)
                .put(tag(now, said))
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
        byte[] tag = Arrays.copyOfRange(bytes, length, bytes.length);
        long expires = ByteBuffer.wrap(said).getLong() + NonceTable.GOOD_SECONDS;
        // By its bytes: a text with other left-over bits is the same nonce.
        String name = Base64.getUrlEncoder().withoutPadding().encodeToString(said);
        return store.in(session -> {
            Shared now = Shared.of(session);
            shared = now;
            return MessageDigest.isEqual(tag(now, said), tag)
                    && expires >= now(now)
                    && session.nonces().use(name, expires);
        });
    }

    private long now(Shared shared) {
        return Math.max(clock.instant().getEpochSecond(), shared.forgotten());
    }

    private static byte[] tag(Shared shared, byte[] said) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(shared.key(), "HmacSHA256"));
            return Arrays.copyOf(mac.doFinal(said), MAC_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
