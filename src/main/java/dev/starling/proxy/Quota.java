package dev.starling.proxy;

import java.time.Clock;
import java.util.LinkedHashMap;

/// How often somebody may do something: a token bucket for each key, bounded in number. When there are too many, one
/// goes that was not asked for since it was put last; one that was is put again. So asking moves nothing.
public final class Quota {
    private static final int MAX_KEYS = 50_000;

    private static final class Bucket {
        double tokens;
        long millis;
        boolean asked;

        Bucket(double tokens, long millis) {
            this.tokens = tokens;
            this.millis = millis;
        }
    }

    private final double burst;
    private final double perMilli;
    private final Clock clock;
    private final LinkedHashMap<String, Bucket> buckets = new LinkedHashMap<>();

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
            if (buckets.size() > MAX_KEYS) forget();
        } else bucket.asked = true;
        bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.millis) * perMilli);
        bucket.millis = now;
        boolean allowed = bucket.tokens >= cost;
        if (allowed) bucket.tokens -= cost;
        return allowed;
    }

    private void forget() {
        for (var eldest = buckets.pollFirstEntry(); eldest.getValue().asked; eldest = buckets.pollFirstEntry()) {
            eldest.getValue().asked = false;
            buckets.put(eldest.getKey(), eldest.getValue());
        }
    }
}
