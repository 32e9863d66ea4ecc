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
import java.util.OptionalLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Nonces that are kept nowhere until a phone has used one: the second, chance, and a proof that it was us who wrote it
/// for that network (RFC 7616, section 5.4). Of used ones is remembered which counts came, so that none counts twice;
/// when too many are remembered one goes that was not used again since it was put last, and with it every nonce that is
/// not younger.
final class Nonces {
    static final Duration LIFE = Duration.ofMinutes(10);
    private static final int TIME = 4, CHANCE = 6, PROOF = 11, LENGTH = (TIME + CHANCE + PROOF) * 4 / 3;

    /// Counts behind the highest that may still come: what UDP delivers late.
    private static final int WINDOW = 64;

    private static final class Used {
        /// For which it is ours: proven once.
        final String network;

        final long second;
        long highest;

        /// Bit i: `highest - i` came.
        long seen = 1;

        /// Since it was put.
        boolean again;

        Used(String network, long second, long highest) {
            this.network = network;
            this.second = second;
            this.highest = highest;
        }

        boolean spend(long nc) {
            long ahead = nc - highest;
            if (ahead > 0) {
                seen = ahead >= WINDOW ? 1 : seen << ahead | 1;
                highest = nc;
                return true;
            }
            if (-ahead >= WINDOW || (seen >> -ahead & 1) != 0) return false;
            seen |= 1L << -ahead;
            return true;
        }
    }

    /// Copied for each nonce: to look one up and give it its key takes longer than the nonce.
    private final Mac keyed;
    private final byte[] realm;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final int most;
    private final LinkedHashMap<String, Used> used = new LinkedHashMap<>();
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
        byte[] raw = new byte[TIME + CHANCE + PROOF], chance = new byte[CHANCE];
        random.nextBytes(chance);
        var writing = ByteBuffer.wrap(raw)
                .putInt((int) clock.instant().getEpochSecond())
                .put(chance);
        writing.put(proof(raw, network));
        return Base64.getUrlEncoder().encodeToString(raw);
    }

    /// Of the second and the chance in `raw`.
    private byte[] proof(byte[] raw, String network) {
        try {
            var mac = (Mac) keyed.clone();
            mac.update(raw, 0, TIME + CHANCE);
            mac.update(network.getBytes(StandardCharsets.US_ASCII));
            return Arrays.copyOf(mac.doFinal(realm), PROOF);
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether it is ours and young. One that is not is stale: the phone is asked again, with another.
    boolean isFresh(String nonce, String network) {
        if (nonce.length() != LENGTH) return false;
        OptionalLong known = proven(nonce, network);
        if (known.isPresent()) return isYoung(known.getAsLong());
        byte[] raw;
        try {
            // 28 digits are 21 bytes and no bit more, so each nonce is written in one way only.
            raw = Base64.getUrlDecoder().decode(nonce);
        } catch (IllegalArgumentException e) {
            return false;
        }
        if (raw.length != TIME + CHANCE + PROOF) return false;
        boolean same = MessageDigest.isEqual(
                proof(raw, network), Arrays.copyOfRange(raw, TIME + CHANCE, TIME + CHANCE + PROOF));
        return same && isYoung(second(raw));
    }

    private boolean isYoung(long second) {
        long age = clock.instant().getEpochSecond() - second;
        return age >= 0 && age <= LIFE.toSeconds();
    }

    /// The second of one that was used from there before.
    private synchronized OptionalLong proven(String nonce, String network) {
        Used before = used.get(nonce);
        return before != null && before.network.equals(network) ? OptionalLong.of(before.second) : OptionalLong.empty();
    }

    private static long second(byte[] raw) {
        return Integer.toUnsignedLong(ByteBuffer.wrap(raw).getInt());
    }

    /// Whether a fresh nonce may be used with this count, which then is spent. Without a count (`nc` 0) it may be used
    /// once, and never again.
    ///
    /// @param network for which it is fresh
    synchronized boolean spend(String nonce, String network, long nc) {
        Used before = used.get(nonce);
        if (before != null) {
            before.again = true;
            return nc != 0 && before.spend(nc);
        }
        long second = second(Base64.getUrlDecoder().decode(nonce));
        if (second <= forgottenUntil) return false;
        used.put(nonce, new Used(network, second, nc == 0 ? Long.MAX_VALUE : nc));
        if (used.size() > most) forget();
        return true;
    }

    private void forget() {
        var eldest = used.pollFirstEntry();
        for (; eldest.getValue().again; eldest = used.pollFirstEntry()) {
            eldest.getValue().again = false;
            used.put(eldest.getKey(), eldest.getValue());
        }
        forgottenUntil = Math.max(forgottenUntil, eldest.getValue().second);
    }

    synchronized int remembered() {
        return used.size();
    }
}
