package dev.starling.cli;

import dev.starling.nat.turn.PeerPolicy;
import dev.starling.sip.transport.TargetPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/// With whom the relay of a public server speaks: public addresses, and of this host only what the relay itself opened,
/// which the other side of the same call may have.
final class RelayedPeers implements PeerPolicy {
    private static final long LOOK_NANOS = Duration.ofMinutes(1).toNanos();

    private final Set<InetAddress> seen;
    private final int firstPort, lastPort;
    private volatile Set<InetAddress> own;
    private volatile long looked;

    /// @param seen as others see this host; its interfaces are looked up, for an address may come and go
    RelayedPeers(Set<InetAddress> seen, int firstPort, int lastPort) throws SocketException {
        this.seen = Set.copyOf(seen);
        this.firstPort = firstPort;
        this.lastPort = lastPort;
        own = interfaces();
        looked = System.nanoTime();
    }

    @Override
    public boolean allows(InetAddress address) {
        return seen.contains(address) || TargetPolicy.PUBLIC.allows(address);
    }

    @Override
    public boolean allows(InetSocketAddress peer) {
        if (!allows(peer.getAddress())) return false;
        if (!isOwn(peer.getAddress())) return true;
        return seen.contains(peer.getAddress()) && peer.getPort() >= firstPort && peer.getPort() <= lastPort;
    }

    private boolean isOwn(InetAddress address) {
        long now = System.nanoTime();
        if (now - looked > LOOK_NANOS) {
            looked = now;
            try {
                own = interfaces();
            } catch (SocketException _) {
                // What was known stays.
            }
        }
        return seen.contains(address) || own.contains(address);
    }

    private static Set<InetAddress> interfaces() throws SocketException {
        var all = new HashSet<InetAddress>();
        NetworkInterface.networkInterfaces()
                .forEach(each -> each.inetAddresses().forEach(all::add));
        return all;
    }
}
