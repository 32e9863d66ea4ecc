package dev.starling.web;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// Something that only so many may hold at once, in all and for each network (/24 or /64). The loopback is
/// bounded by the total alone: behind a reverse proxy everybody comes from there.
public final class Permits {
    /// Given back when closed; closing twice gives it back once.
    public interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    private final int total;
    private final int perNetwork;
    private final Map<String, Integer> held = new HashMap<>();
    private int taken;

    public Permits(int total, int perNetwork) {
        this.total = total;
        this.perNetwork = perNetwork;
    }

    /// Whether one could be taken now.
    public synchronized boolean free(InetAddress from) {
        boolean greedy = !from.isLoopbackAddress() && held.getOrDefault(RateLimit.network(from), 0) >= perNetwork;
        return taken < total && !greedy;
    }

    /// Empty when there are no more.
    public synchronized Optional<Permit> take(InetAddress from) {
        if (!free(from)) return Optional.empty();
        String network = RateLimit.network(from);
        taken++;
        held.merge(network, 1, Integer::sum);
        var open = new AtomicBoolean(true);
        return Optional.of(() -> {
            if (open.compareAndSet(true, false)) giveBack(network);
        });
    }

    private synchronized void giveBack(String network) {
        taken--;
        held.computeIfPresent(network, (_, n) -> n == 1 ? null : n - 1);
    }

    public synchronized int taken() {
        return taken;
    }
}
