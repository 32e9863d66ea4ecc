package dev.starling.identity.passport;

import dev.starling.identity.DeviceId;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;

/// Remembers (key, jti) for three minutes, so that a token counts once. Bounded: when full of fresh tokens, further
/// ones are refused rather than forgotten.
public final class ReplayCache {
    public static final Duration MEMORY = Duration.ofMinutes(3);
    private static final int MAX_ENTRIES = 200_000;

    private final Clock clock;
    private final LinkedHashMap<String, Long> seen = new LinkedHashMap<>();

    public ReplayCache(Clock clock) {
        this.clock = clock;
    }

    /// True the first time.
    public synchronized boolean first(DeviceId signer, String jti) {
        long now = clock.millis();
        var oldest = seen.entrySet().iterator();
        while (oldest.hasNext() && oldest.next().getValue() + MEMORY.toMillis() < now) oldest.remove();
        if (seen.size() >= MAX_ENTRIES) return false;
        return seen.putIfAbsent(signer.hex() + jti, now) == null;
    }
}
