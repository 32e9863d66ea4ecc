package dev.starling.nat.turn;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Where a relay sends to and hears from at all: RFC 8656, section 21.4. Whoever may use it must not reach with its
/// help what only its own network reaches.
public interface PeerPolicy {
    boolean allows(InetAddress address);

    /// Of an allowed address.
    default boolean allows(InetSocketAddress peer) {
        return allows(peer.getAddress());
    }
}
