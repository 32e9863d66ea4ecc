package dev.starling.proxy;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;

/// How often somebody may do something: a token bucket for each key, bounded in number.
public final class Quota {
    private static final int MAX_KEYS = 50_000;

    private static final class Bucket {
        double tokens;
        long millis;

        Bucket(double tokens, long millis) {
            this.tokens = tokens;
            this.millis = millis;
        }
    }

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
        Bucket bucket = buckets.get(key);
        if (bucket == null) {
            bucket = new Bucket(burst, now);
            buckets.put(key, bucket);
        }
        bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.millis) * perMilli);
        bucket.millis = now;
        boolean allowed = bucket.tokens >= cost;
        if (allowed) bucket.tokens -= cost;
        return allowed;
    }
}
