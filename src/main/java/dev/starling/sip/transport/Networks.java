package dev.starling.sip.transport;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/// Whose limits are shared: a /24 of IPv4, a /64 of IPv6. One subscriber holds that many addresses.
public final class Networks {
    private Networks() {}

    /// For example `192.0.2.0/24` or `2001:db8:0:0:0:0:0:0/64`.
    public static String of(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) return (bytes[0] & 255) + "." + (bytes[1] & 255) + "." + (bytes[2] & 255) + ".0/24";
        Arrays.fill(bytes, 8, 16, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes).getHostAddress() + "/64";
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The address of ours that the system would take to get there; nothing is sent.
    static InetAddress towards(InetSocketAddress remote) throws IOException {
        try (var probe = new DatagramSocket()) {
            probe.connect(remote);
            return probe.getLocalAddress();
        }
    }
}
