package dev.starling.nat.turn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.PeerCertificate;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

class StreamClientsTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final int REQUESTS = 2_000, TOGETHER = 100;

    private final AtomicLong now = new AtomicLong();

    @Test
    void whoeverReadsNothingOverTlsIsLetGoWhenHisTimeIsOver() throws Exception {
        var certificate = PeerCertificate.make();
        var credentials = new TimedCredentials(new byte[32], "example.net", InstantSource.system());
        var loop = new UdpLoop(new UdpLoop.Places(List.of(HERE), 20_000, 60_000));
        var server =
                new TurnServer(credentials, TurnLimits.OPEN, loop, _ -> true, InstantSource.system(), System::nanoTime);
        var listening = new ServerSocket(0, 50, HERE);
        var listener = new TurnRelay.Listener(
                listening, Optional.of(certificate.context().getSocketFactory()));
        var clients = new StreamClients(listener, server, 10, now::get);
        Thread.ofVirtual().start(clients::run);
        try (var tcp = new Socket()) {
            // A smaller one than a segment would stop both directions: what Linux cannot take in acknowledges nothing.
            tcp.setReceiveBufferSize(65_536);
            tcp.connect(new InetSocketAddress(HERE, listening.getLocalPort()));
            var tls = (SSLSocket) certificate.context().getSocketFactory().createSocket(tcp, "relay", 1, true);
            OutputStream out = tls.getOutputStream();
            byte[] asks = bindings();
            var asking = new FutureTask<>(() -> {
                for (int i = 0; i < REQUESTS; i++) out.write(asks);
                return true;
            });
            Thread.ofVirtual().start(asking);
            assertTrue(asking.get(60, TimeUnit.SECONDS));
            assertEquals(1, clients.size());
            now.addAndGet(Duration.ofSeconds(31).toNanos());
            for (int i = 0; i < 3; i++) clients.sweep();
            assertTrue(isEmpty(clients), "he is still there");
        } finally {
            clients.close();
            server.close();
            loop.close();
        }
    }

    /// RFC 8489, section 5: requests without an attribute.
    private static byte[] bindings() {
        var all = ByteBuffer.allocate(20 * TOGETHER);
        for (int i = 0; i < TOGETHER; i++)
            all.putInt(0x00010000).putInt(0x2112A442).putLong(0).putInt(i);
        return all.array();
    }

    private static boolean isEmpty(StreamClients clients) throws InterruptedException {
        for (int i = 0; i < 500 && clients.size() > 0; i++) Thread.sleep(20);
        return clients.size() == 0;
    }
}
