package dev.starling.sip.transport;

import java.net.InetSocketAddress;
import java.util.Optional;

/// One connection over which SIP messages go both ways: a client's WebSocket, TLS to another peer, what lies between a
/// phone's UDP port and ours. Sending never blocks the caller.
public interface Flow {
    /// Unique in this process.
    String id();

    /// The transport as Via names it: `WS`, `WSS`, `TLS`, `TCP` or `UDP`.
    String transport();

    /// Whether what is sent arrives as long as the flow is open; where not, transactions send again (RFC 3261, section
    /// 17).
    default boolean isReliable() {
        return !transport().equals("UDP");
    }

    /// Whose address what arrives comes from; empty where nobody asks for it.
    default Optional<InetSocketAddress> remote() {
        return Optional.empty();
    }

    /// The other side has proven who it is: limits of time for strangers end.
    default void admit() {}

    /// The key of the peer at the other end (SHA-256 of its SubjectPublicKeyInfo, hex); empty for clients.
    Optional<String> peer();

    void send(byte[] message);

    void close(String reason);

    boolean isOpen();

    /// Whoever takes what arrives; one call at a time for each flow.
    interface Receiver {
        /// @param message nobody changes it any more
        void received(Flow flow, byte[] message);

        void closed(Flow flow);

        /// Several that came together are handed on, until the same is said with false.
        default void handing(boolean several) {}
    }
}
