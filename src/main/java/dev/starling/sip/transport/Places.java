package dev.starling.sip.transport;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// A bounded number of places, and of them a bounded number for each network (/24 or /64): whoever holds many
/// addresses still gets only few.
final class Places {
    private final int all, perNetwork;
    private final Map<String, Integer> byNetwork = new HashMap<>();
    private int taken;

    Places(int all, int perNetwork) {
        this.all = all;
        this.perNetwork = perNetwork;
    }

    /// A place, which is given back by running it; the second run does nothing. Empty when there is none.
    synchronized Optional<Runnable> take(InetAddress address) {
        String network = Networks.of(address);
        int here = byNetwork.getOrDefault(network, 0);
        if (taken >= all || here >= perNetwork) return Optional.empty();
        taken++;
        byNetwork.put(network, here + 1);
        var given = new AtomicBoolean();
        return Optional.of(() -> {
            if (given.compareAndSet(false, true)) give(network);
        });
    }

    private synchronized void give(String network) {
        taken--;
        byNetwork.computeIfPresent(network, (_, here) -> here > 1 ? here - 1 : null);
    }

    synchronized int taken() {
        return taken;
    }
}
