package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class UdpFlowsTest {
    private static Datagrams.Path path(String local, String remote, int port) {
        return new Datagrams.Path(
                InetAddress.ofLiteral(local), new InetSocketAddress(InetAddress.ofLiteral(remote), port));
    }

    @Test
    void whoAskedLatelyHasTheSameFlow() throws Exception {
        try (var datagrams = Datagrams.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            var flows = new UdpFlows(datagrams, new Tap(), () -> true);
            UdpFlow first = flows.of(path("127.0.0.1", "192.0.2.1", 5060));
            assertSame(first, flows.of(path("127.0.0.1", "192.0.2.1", 5060)));
            UdpFlow otherPort = flows.of(path("127.0.0.1", "192.0.2.1", 5061));
            assertNotSame(first, otherPort);
            UdpFlow reachedElsewhere = flows.of(path("127.0.0.2", "192.0.2.1", 5060));
            assertNotSame(first, reachedElsewhere, "it is answered from where it asked");
            assertEquals(first.id(), reachedElsewhere.id());
            // However many ask, each has its own.
            for (int i = 0; i < 20_000; i++) {
                var path = path("127.0.0.1", "198.51." + i / 250 + "." + i % 250, 5060);
                assertEquals(path, flows.of(path).path());
            }
            assertEquals(
                    first.path(), flows.of(path("127.0.0.1", "192.0.2.1", 5060)).path());
        }
    }
}
