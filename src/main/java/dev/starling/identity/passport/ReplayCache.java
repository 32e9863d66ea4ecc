package dev.starling.identity.passport;

import dev.starling.identity.DeviceId;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Remembers (key, jti) for three minutes, so that a token counts once. Bounded, in all and for each signer, so that
/// nobody can fill it for others: when full of fresh tokens, further ones are refused rather than forgotten.
public final class ReplayCache {
    public static final Duration MEMORY = Duration.ofMinutes(3);
    private static final int MAX_ENTRIES = 200_000, MAX_PER_SIGNER = 8_000;

    private record Use(DeviceId signer, String jti) {}

    private final Clock clock;
    private final LinkedHashMap<Use, Long> seen = new LinkedHashMap<>();
    private final Map<DeviceId, Integer> bySigner = new HashMap<>();

    public ReplayCache(Clock clock) {
        this.clock = clock;
    }

    /// True the first time.
    public synchronized boolean first(DeviceId signer, String jti) {
        long now = clock.millis();
        var oldest = seen.entrySet().iterator();
        while (oldest.hasNext()) {
            var each = oldest.next();
            if (each.getValue() + MEMORY.toMillis() >= now) break;
            bySigner.computeIfPresent(each.getKey().signer, (_, count) -> count > 1 ? count - 1 : null);
            oldest.remove();
        }
        if (seen.size() >= MAX_ENTRIES || bySigner.getOrDefault(signer, 0) >= MAX_PER_SIGNER) return false;
        if (seen.putIfAbsent(new Use(signer, jti), now) != null) return false;
        bySigner.merge(signer, 1, Integer::sum);
        return true;
    }
}
