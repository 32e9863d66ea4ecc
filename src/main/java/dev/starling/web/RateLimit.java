package dev.starling.web;

import java.net.InetAddress;
import java.time.Clock;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/// A token bucket for each network (/24 or /64) or other key; bounded: the least recently seen key starts afresh.
public final class RateLimit {
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

    public RateLimit(double perMinute, double burst, Clock clock) {
        this.burst = burst;
        this.perMilli = perMinute / 60_000;
        this.clock = clock;
    }

    public synchronized boolean allows(String key) {
        long now = clock.millis();
        Bucket old = buckets.getOrDefault(key, new Bucket(burst, now));
        double tokens = Math.min(burst, old.tokens + Math.max(0, now - old.millis) * perMilli);
        boolean enough = tokens >= 1;
        buckets.put(key, new Bucket(enough ? tokens - 1 : tokens, now));
        return enough;
    }

    public boolean allows(InetAddress remote) {
        return allows(network(remote));
    }

    /// /24 of IPv4, /64 of IPv6.
    public static String network(InetAddress remote) {
        byte[] bytes = remote.getAddress();
        return HexFormat.of().formatHex(Arrays.copyOf(bytes, bytes.length == 4 ? 3 : 8));
    }
}
