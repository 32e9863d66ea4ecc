package dev.starling.sip.transport;

import java.net.InetAddress;

/// Which addresses a peer may connect to. A record can name any address; out of local mode it must not turn a peer
/// against its own network.
public interface TargetPolicy {
    boolean allows(InetAddress address);

    /// Only what is reachable on the public internet.
    TargetPolicy PUBLIC = address -> !isPrivate(address);

    /// Local mode: loopback only.
    TargetPolicy LOOPBACK = InetAddress::isLoopbackAddress;

    /// Peers in one private network, by the operator's choice.
    TargetPolicy ANY = address -> !address.isAnyLocalAddress() && !address.isMulticastAddress();

    private static boolean isPrivate(InetAddress address) {
        byte[] b = address.getAddress();
        int first = b[0] & 255, second = b[1] & 255;
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) return true;
        if (b.length == 4)
            return first == 0
                    || first >= 240
                    || (first == 100 && second >= 64 && second < 128)
                    || (first == 192 && second == 0 && (b[2] & 255) <= 2)
                    || (first == 198 && (second == 18 || second == 19 || second == 51))
                    || (first == 203 && second == 0 && (b[2] & 255) == 113);
        // Unique local, documentation, 6to4, NAT64 and Teredo carry addresses of other kinds inside.
        return (first & 0xfe) == 0xfc
                || first == 0
                || (first == 0x20 && (second == 0x01 && b[2] == 0 || second == 0x02))
                || (first == 0x64 && second == 0xff)
                || (first == 0x20 && second == 0x01 && (b[2] & 255) == 0x0d && (b[3] & 255) == 0xb8);
    }
}
