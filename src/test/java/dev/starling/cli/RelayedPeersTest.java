package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// A relay is no way into its own network, nor to its own host.
class RelayedPeersTest {
    private static final InetAddress SEEN = InetAddress.ofLiteral("5.5.5.5");
    private static final int FIRST = 50_000, LAST = 50_010;

    private static RelayedPeers peers() throws Exception {
        return new RelayedPeers(Set.of(SEEN), FIRST, LAST);
    }

    private static boolean reaches(String host, int port) throws Exception {
        return peers().allows(new InetSocketAddress(InetAddress.ofLiteral(host), port));
    }

    @Test
    void everybodyOnTheInternetIsReached() throws Exception {
        assertTrue(reaches("9.9.9.9", 53));
        assertTrue(reaches("2a00::1", 1));
    }

    @Test
    void nobodyInItsNetworkIs() throws Exception {
        for (String host : new String[] {
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::"
        }) {
            assertFalse(peers().allows(InetAddress.ofLiteral(host)), host);
            assertFalse(reaches(host, FIRST), host);
        }
    }

    @Test
    void ofItselfOnlyWhatTheRelayOpened() throws Exception {
        assertTrue(peers().allows(SEEN), "both sides of a call may use it");
        assertTrue(reaches("5.5.5.5", FIRST));
        assertTrue(reaches("5.5.5.5", LAST));
        for (int port : new int[] {22, 443, 3478, FIRST - 1, LAST + 1}) assertFalse(reaches("5.5.5.5", port));
    }

    @Test
    void anAddressOfAnInterfaceIsItselfWhateverOthersSee() throws Exception {
        for (InetAddress own : NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .toList()) assertFalse(peers().allows(new InetSocketAddress(own, FIRST)), own.toString());
    }
}
