package dev.starling.nat.turn;

import java.net.InetAddress;
import java.util.function.LongSupplier;

/// What is said by UDP to those who have no allocation: so much to each network. The sender may be forged, and without
/// a
/// bound somebody else could be flooded by way of us. Whoever has an allocation, or a connection, is not counted.
final class Strangers {
    private static final System.Logger LOG = System.getLogger(Strangers.class.getName());

    /// About 250 answers. Behind one address there may be an office whose browsers all come back at once.
    static final int BYTES_PER_SECOND = 32_000;

    private static final long TOLD_NANOS = 60_000_000_000L;

    private final Traffic answers;
    private final LongSupplier nanoTime;
    private long told;

    Strangers(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        answers = new Traffic(BYTES_PER_SECOND, nanoTime);
        told = nanoTime.getAsLong() - TOLD_NANOS;
    }

    /// False: this answer is not sent.
    boolean mayHear(InetAddress from, int bytes) {
        String network = Allocations.network(from);
        if (answers.takes(network, bytes)) return true;
        tell(network);
        return false;
    }

    // Not each time: whoever is refused would write the log.
    private synchronized void tell(String network) {
        long now = nanoTime.getAsLong();
        if (now - told < TOLD_NANOS) return;
        told = now;
        LOG.log(System.Logger.Level.INFO, () -> "relay: asked too often without an allocation, by network " + network);
    }

    void sweep() {
        answers.sweep();
    }
}
