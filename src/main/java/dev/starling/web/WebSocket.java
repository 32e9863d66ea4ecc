package dev.starling.web;

import java.net.InetSocketAddress;

/// One open WebSocket, as the server's side sees it. Sending never blocks: what the other side does not read is
/// queued up to a bound, then the connection is ended.
public interface WebSocket {
    void send(byte[] message);

    void sendText(String message);

    void ping();

    /// A WebSocket close code (RFC 6455, section 7.4) and a short reason.
    void close(int code, String reason);

    /// Our own end of the connection.
    InetSocketAddress local();

    /// The other end: the client's, or that of a proxy before us.
    InetSocketAddress remote();

    /// What is told to whoever accepted the socket; one call at a time, in order.
    interface Listener {
        void message(byte[] message);

        void pong();

        /// Once, however it ended.
        void closed();
    }

    /// Accepts a socket.
    interface Endpoint {
        Listener open(WebSocket socket);
    }
}
