package dev.starling.proxy;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;

/// How often somebody may do something: a token bucket for each key, bounded in number.
public final class Quota {
    private static final int MAX_KEYS = 50_000;

    private record Bucket(double tokens, long millis) {}

    private final double burst;
    private final double perMilli;
    private final Clock clock;
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MAX_KEYS;
        }
    };

    public Quota(double perHour, double burst, Clock clock) {
        this.burst = burst;
        this.perMilli = perHour / 3_600_000;
        this.clock = clock;
    }

    public boolean allows(String key) {
        return allows(key, 1);
    }

    /// Takes `cost` of the bucket, or nothing.
    public synchronized boolean allows(String key, double cost) {
        long now = clock.millis();
        Bucket old = buckets.getOrDefault(key, new Bucket(burst, now));
        double tokens = Math.min(burst, old.tokens + Math.max(0, now - old.millis) * perMilli);
        buckets.put(key, new Bucket(tokens >= cost ? tokens - cost : tokens, now));
        return tokens >= cost;
    }
}
