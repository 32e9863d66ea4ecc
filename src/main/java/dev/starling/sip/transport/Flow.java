package dev.starling.sip.transport;

import java.util.Optional;

/// One connection over which SIP messages go both ways: a client's WebSocket, or TLS to another peer. Sending never
/// blocks the caller.
public interface Flow {
    /// Unique in this process.
    String id();

    /// The transport as Via names it: `WS`, `WSS` or `TLS`.
    String transport();

    /// The key of the peer at the other end (SHA-256 of its SubjectPublicKeyInfo, hex); empty for clients.
    Optional<String> peer();

    void send(byte[] message);

    void close(String reason);

    boolean isOpen();

    /// Whoever takes what arrives; one call at a time for each flow.
    interface Receiver {
        void received(Flow flow, byte[] message);

        void closed(Flow flow);
    }
}
