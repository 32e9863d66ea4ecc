package dev.starling.nat.turn;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;

/// Where to bind for an address under which others see this host.
public final class Interfaces {
    private Interfaces() {}

    /// The address itself where an interface has it; all addresses of its family where a router stands before this host
    /// and passes on what comes for that address.
    public static InetAddress at(InetAddress seen) throws IOException {
        if (NetworkInterface.getByInetAddress(seen) != null) return seen;
        return InetAddress.getByAddress(new byte[seen.getAddress().length]);
    }
}
