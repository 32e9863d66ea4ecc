package dev.starling.sip.transport;

import dev.starling.sip.transport.Datagrams.Path;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Flows over one UDP port. A phone asks several times in a call: the flow of whoever asked lately is used again, so
/// that
/// what is kept of its requests shares one. A table of a fixed size, in which a newer one takes an older one's place:
/// whoever forges sources makes nothing grow. Used by the thread that reads the port alone.
final class UdpFlows {
    private static final int SIZE = 4_096;

    private final Datagrams datagrams;
    private final Tap tap;
    private final BooleanSupplier open;
    private final @Nullable UdpFlow[] lately = new UdpFlow[SIZE];

    UdpFlows(Datagrams datagrams, Tap tap, BooleanSupplier open) {
        this.datagrams = datagrams;
        this.tap = tap;
        this.open = open;
    }

    UdpFlow of(Path path) {
        int hash = path.hashCode();
        int at = (hash ^ hash >>> 12 ^ hash >>> 24) & SIZE - 1;
        UdpFlow there = lately[at];
        if (there != null && there.path().equals(path)) return there;
        var flow = new UdpFlow(datagrams, path, tap, open);
        lately[at] = flow;
        return flow;
    }
}
