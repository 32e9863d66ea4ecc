package dev.starling.nat.turn;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/// How many bytes an owner may have relayed: a token bucket for each that sends, which holds four seconds' worth.
final class Traffic {
    private static final int BURST_SECONDS = 4;
    /// What a packet costs beside its bytes: headers, and the work with it.
    private static final int PACKET_BYTES = 48;
    private static final double NANOS = 1e9;
    /// Who comes when there are so many waits until some are full again.
    private static final int MOST = 50_000;

    private static final class Bucket {
        private double bytes;
        private long at;
    }

    private final int bytesPerSecond;
    private final LongSupplier nanoTime;
    private final Map<String, Bucket> buckets = new HashMap<>();

    Traffic(int bytesPerSecond, LongSupplier nanoTime) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoTime = nanoTime;
    }

    /// False: this one is dropped.
    synchronized boolean takes(String owner, int payload) {
        int bytes = payload + PACKET_BYTES;
        long now = nanoTime.getAsLong();
        double most = (double) bytesPerSecond * BURST_SECONDS;
        if (buckets.size() >= MOST && !buckets.containsKey(owner)) return false;
        Bucket bucket = buckets.computeIfAbsent(owner, _ -> {
            var full = new Bucket();
            full.bytes = most;
            full.at = now;
            return full;
        });
        bucket.bytes = Math.min(most, bucket.bytes + (now - bucket.at) / NANOS * bytesPerSecond);
        bucket.at = now;
        if (bucket.bytes < bytes) return false;
        bucket.bytes -= bytes;
        return true;
    }

    /// Forgets the full ones: a new one is full too.
    synchronized void sweep() {
        long now = nanoTime.getAsLong();
        buckets.values().removeIf(bucket -> (now - bucket.at) / NANOS >= BURST_SECONDS);
    }
}
