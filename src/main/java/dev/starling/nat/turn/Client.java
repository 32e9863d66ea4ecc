package dev.starling.nat.turn;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// Whoever speaks to the relay over one five-tuple: RFC 8656, section 3.1. Two of one five-tuple are equal.
interface Client {
    InetSocketAddress address();

    /// Whether the address is surely its own: it has a connection to us. By UDP it may be forged.
    boolean isConnected();

    /// A message or ChannelData as it is; dropped where the way is full.
    void send(ByteBuffer message);
}
