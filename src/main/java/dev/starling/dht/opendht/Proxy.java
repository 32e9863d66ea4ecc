package dev.starling.dht.opendht;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/// One REST proxy and what we think of it. After a failure it is left alone for a while, twice as long each time;
/// one that takes values and does not give them back is left alone for writing.
final class Proxy {
    private static final long FIRST_PENALTY = Duration.ofSeconds(2).toNanos();
    private static final long LONGEST_PENALTY = Duration.ofMinutes(2).toNanos();
    private static final int MAX_DOUBLINGS = 6;

    /// Streams open through it.
    final AtomicInteger streams = new AtomicInteger();

    private final URI base;
    private int failures, suspicions;
    private long freeAt = System.nanoTime(), trustedAt = System.nanoTime();
    private String trouble = "";
    private int others = -1;

    Proxy(URI base) {
        this.base = base;
    }

    URI at(String path) {
        return base.resolve(path);
    }

    synchronized void worked() {
        failures = 0;
        trouble = "";
    }

    /// @return whether it was well until now
    synchronized boolean failed(String why) {
        boolean well = failures == 0;
        freeAt = System.nanoTime() + penalty(failures++);
        trouble = why;
        return well;
    }

    /// What was put through it did not arrive.
    synchronized void swallowed() {
        trustedAt = System.nanoTime() + penalty(2 + suspicions++);
    }

    /// What was put through it arrived.
    synchronized void delivered() {
        suspicions = 0;
    }

    private static long penalty(int before) {
        return Math.min(LONGEST_PENALTY, FIRST_PENALTY << Math.min(before, MAX_DOUBLINGS));
    }

    /// Nodes that its node knows; -1 when it has not said.
    synchronized int others() {
        return others;
    }

    synchronized void knows(int nodes) {
        others = nodes;
    }

    synchronized boolean usable() {
        return System.nanoTime() - freeAt >= 0;
    }

    synchronized boolean trusted() {
        return usable() && System.nanoTime() - trustedAt >= 0;
    }

    /// Whether the last thing asked of it worked.
    synchronized boolean well() {
        return failures == 0;
    }

    /// When it may be tried again, for choosing among those that may not.
    synchronized long freeAt() {
        return freeAt;
    }

    /// The host and port, and what is wrong with it.
    synchronized String words() {
        return base.getHost() + ":" + base.getPort() + (trouble.isEmpty() ? "" : ": " + trouble);
    }

    @Override
    public String toString() {
        return base.getHost() + ":" + base.getPort();
    }
}
