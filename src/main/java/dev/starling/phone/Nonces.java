package dev.starling.phone;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces that are kept nowhere until a phone has used one: the second, chance, and a proof that it was us who wrote it
/// for that network (RFC 7616, section 5.4). Of used ones is remembered which counts came, so that none counts twice;
/// when too many are
/// remembered the one used longest ago goes, and with it every nonce that is not younger.
final class Nonces {
    static final Duration LIFE = Duration.ofMinutes(10);
    private static final int TIME = 4, CHANCE = 6, PROOF = 11, LENGTH = (TIME + CHANCE + PROOF) * 4 / 3;

    /// Counts behind the highest that may still come: what UDP delivers late.
    private static final int WINDOW = 64;

    /// @param seen bit i: `highest - i` came
    private record Used(long second, long highest, long seen) {}

    /// Copied for each nonce: to look one up and give it its key takes longer than the nonce.
    private final Mac keyed;
    private final byte[] realm;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final int most;
    private final Map<String, Used> used = new LinkedHashMap<>(16, 0.75f, true);
    private long forgottenUntil;

    /// @param secret random bytes that nobody else knows
    /// @param most used nonces remembered
    Nonces(byte[] secret, String realm, int most, InstantSource clock) {
        keyed = keyed(secret);
        this.realm = realm.getBytes(StandardCharsets.UTF_8);
        this.most = most;
        this.clock = clock;
    }

    private static Mac keyed(byte[] secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    String fresh(String network) {
        byte[] chance = new byte[CHANCE];
        random.nextBytes(chance);
        return of((int) clock.instant().getEpochSecond(), chance, network);
    }

    private String of(int second, byte[] chance, String network) {
        try {
            var mac = (Mac) keyed.clone();
            byte[] said = ByteBuffer.allocate(TIME + CHANCE)
                    .putInt(second)
                    .put(chance)
                    .array();
            mac.update(said);
            mac.update(network.getBytes(StandardCharsets.US_ASCII));
            byte[] proof = Arrays.copyOf(mac.doFinal(realm), PROOF);
            return Base64.getUrlEncoder()
                    .encodeToString(ByteBuffer.allocate(TIME + CHANCE + PROOF)
                            .put(said)
                            .put(proof)
                            .array());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether it is ours and young. One that is not is stale: the phone is asked again, with another.
    boolean isFresh(String nonce, String network) {
        if (nonce.length() != LENGTH) return false;
        byte[] raw;
        try {
            raw = Base64.getUrlDecoder().decode(nonce);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int second = ByteBuffer.wrap(raw).getInt();
        String ours = of(second, Arrays.copyOfRange(raw, TIME, TIME + CHANCE), network);
        boolean same = MessageDigest.isEqual(
                ours.getBytes(StandardCharsets.US_ASCII), nonce.getBytes(StandardCharsets.ISO_8859_1));
        long age = clock.instant().getEpochSecond() - Integer.toUnsignedLong(second);
        return same && age >= 0 && age <= LIFE.toSeconds();
    }

    /// Whether a fresh nonce may be used with this count, which then is spent. Without a count (`nc` 0) it may be used
    /// once, and never again.
    synchronized boolean spend(String nonce, long nc) {
        long second = Integer.toUnsignedLong(
                ByteBuffer.wrap(Base64.getUrlDecoder().decode(nonce)).getInt());
        Used before = used.get(nonce);
        if (before == null) {
            if (second <= forgottenUntil) return false;
            used.put(nonce, new Used(second, nc == 0 ? Long.MAX_VALUE : nc, 1));
            if (used.size() > most) {
                var eldest = used.entrySet().iterator();
                forgottenUntil = Math.max(forgottenUntil, eldest.next().getValue().second);
                eldest.remove();
            }
            return true;
        }
        if (nc == 0) return false;
        long ahead = nc - before.highest;
        if (ahead > 0) {
            used.put(nonce, new Used(second, nc, ahead >= WINDOW ? 1 : before.seen << ahead | 1));
            return true;
        }
        if (-ahead >= WINDOW || (before.seen >> -ahead & 1) != 0) return false;
        used.put(nonce, new Used(second, before.highest, before.seen | 1L << -ahead));
        return true;
    }

    synchronized int remembered() {
        return used.size();
    }
}
