package dev.starling.phone;

import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Who guesses passwords must wait: after some failures for longer each time. Counted for an account as seen from one
/// network, so that a stranger elsewhere cannot lock the true phone out; and for a network over all accounts, where
/// those that proved themselves from there lately are let through. Bounded: whoever failed longest ago is forgotten.
final class Guesses {
    static final int FREE = 5, FREE_OF_NETWORK = 30;
    static final Duration LONGEST = Duration.ofMinutes(5), FORGIVEN = Duration.ofMinutes(30);

    /// A proof is noted again only after a while: most phones prove themselves all the time.
    private static final Duration KNOWN = Duration.ofHours(24), NOTED = Duration.ofMinutes(10);
    private static final int MAX_KEYS = 50_000;

    /// @param until before which no further attempt is looked at
    private record Failures(int count, long last, long until) {}

    private final InstantSource clock;
    private final Map<String, Failures> failures = bounded();
    private final Map<String, Long> proven = bounded();

    Guesses(InstantSource clock) {
        this.clock = clock;
    }

    // In the order in which they were put.
    private static <V> Map<String, V> bounded() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > MAX_KEYS;
            }
        };
    }

    private static String pair(String network, String user) {
        return network + " " + user;
    }

    /// How long an attempt must wait; empty: it may be looked at.
    synchronized Optional<Duration> wait(String network, String user) {
        if (failures.isEmpty()) return Optional.empty();
        long now = clock.millis();
        String pair = pair(network, user);
        long until = until(pair);
        Long known = proven.get(pair);
        if (known == null || now - known > KNOWN.toMillis()) until = Math.max(until, until(network));
        return until > now ? Optional.of(Duration.ofMillis(until - now)) : Optional.empty();
    }

    private long until(String key) {
        Failures f = failures.get(key);
        return f == null ? 0 : f.until;
    }

    synchronized void failed(String network, String user) {
        count(pair(network, user), FREE);
        count(network, FREE_OF_NETWORK);
    }

    private void count(String key, int free) {
        long now = clock.millis();
        Failures f = failures.get(key);
        int count = f == null || now - f.last > FORGIVEN.toMillis() ? 1 : f.count + 1;
        long pause = count < free ? 0 : Math.min(LONGEST.toMillis(), 1_000L << Math.min(count - free, 20));
        failures.remove(key);
        failures.put(key, new Failures(count, now, now + pause));
    }

    synchronized void succeeded(String network, String user) {
        String pair = pair(network, user);
        if (!failures.isEmpty()) failures.remove(pair);
        long now = clock.millis();
        Long known = proven.get(pair);
        if (known != null && now - known <= NOTED.toMillis()) return;
        proven.remove(pair);
        proven.put(pair, now);
    }
}
