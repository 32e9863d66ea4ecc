package dev.starling.nat.turn;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/// The socket of an allocation, with an address of its own.
interface Relay {
    InetSocketAddress address();

    /// Dropped where the kernel does not take it.
    void send(ByteBuffer data, InetSocketAddress peer);

    void close();

    /// Opens them.
    interface Opener {
        /// isFour: IPv4, else IPv6; even: its port must be. Throws where there is none left, or none of that family.
        Relay open(boolean isFour, boolean even, Allocation allocation) throws IOException;

        boolean has(boolean isFour);
    }
}
