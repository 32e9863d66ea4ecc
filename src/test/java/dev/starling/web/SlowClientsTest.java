package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Clients that drip, stall or crowd: each is ended within its bound, and others are served meanwhile.
class SlowClientsTest {
    private static final Duration SOON = Duration.ofMillis(600);
    private static final String GET = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

    private final CountDownLatch streamEnded = new CountDownLatch(1);
    private final AtomicReference<Throwable> streamFailed = new AtomicReference<>();
    private final WebServer server = start();

    private WebServer start() {
        var routes = new Routes()
                .get("/hello", _ -> Response.json(200, "{}"))
                .get("/large", _ -> Response.of(200, "text/plain", new byte[16 << 20]))
                .on("POST", "/body", 1000, r -> Response.json(200, "{\"n\":" + r.body().length + "}"))
                .get(
                        "/endless",
                        _ -> Response.streaming("text/plain", out -> {
                            try {
                                while (true) out.write(new byte[8192]);
                            } catch (IOException | RuntimeException e) {
                                streamFailed.set(e);
                                throw e;
                            } finally {
                                streamEnded.countDown();
                            }
                        }));
        var bounds = new ConnectionGuard.Bounds(40, 40, SOON, SOON, SOON, SOON);
        try {
            return WebServer.start(
                    new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, Clock.systemUTC(), bounds);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() {
        server.close();
    }

    private void othersAreServed() throws IOException {
        try (var wire = new Wire(server.port())) {
            wire.write(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
            assertTrue(wire.rest().startsWith("HTTP/1.1 200"));
        }
    }

    private void untilNobodyIsConnected() throws InterruptedException {
        for (int i = 0; i < 400 && server.connections() > 0; i++) Thread.sleep(50);
        assertEquals(0, server.connections());
    }

    /// Writes one byte at a time until the other side has closed.
    private static void drip(Wire wire, String byteByByte) throws InterruptedException {
        try {
            for (int i = 0; ; i++) {
                wire.write(byteByByte.substring(i % byteByByte.length(), i % byteByByte.length() + 1));
                Thread.sleep(50);
            }
        } catch (IOException e) {
            assertTrue(e.getMessage() != null);
        }
    }

    @Test
    void silenceIsEnded() throws Exception {
        try (var wire = new Wire(server.port())) {
            assertEquals("", wire.rest());
        }
        untilNobodyIsConnected();
    }

    @Test
    void aHeadThatDripsIsEnded() throws Exception {
        try (var wire = new Wire(server.port())) {
            wire.write("GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: ");
            drip(wire, "a");
        }
        othersAreServed();
        untilNobodyIsConnected();
    }

    @Test
    void aSecondHeadThatDripsIsEndedToo() throws Exception {
        try (var wire = new Wire(server.port())) {
            wire.write(GET);
            assertEquals('H', wire.in().read());
            wire.write("GET /hello HTTP/1.1\r\nX: ");
            drip(wire, "a");
        }
        untilNobodyIsConnected();
    }

    @Test
    void aBodyThatDripsIsEnded() throws Exception {
        try (var wire = new Wire(server.port())) {
            wire.write("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
            drip(wire, "a");
        }
        try (var wire = new Wire(server.port())) {
            wire.write("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
            drip(wire, "1\r\na\r\n");
        }
        othersAreServed();
        untilNobodyIsConnected();
    }

    @Test
    void aRestOfABodyNobodyWantsIsNotReadForEver() throws Exception {
        try (var wire = new Wire(server.port())) {
            wire.write("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
            drip(wire, "a");
        }
        untilNobodyIsConnected();
    }

    @Test
    void anAnswerThatIsNotReadIsEnded() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            wire.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
            assertEquals('H', wire.in().read());
            untilNobodyIsConnected();
        }
    }

    @Test
    void aStreamThatIsNotReadIsEndedAndItsWriterHearsOfIt() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            wire.write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
            assertEquals('H', wire.in().read());
            assertTrue(streamEnded.await(20, TimeUnit.SECONDS));
            assertTrue(streamFailed.get() != null);
        }
        untilNobodyIsConnected();
    }

    @Test
    void connectionsBeyondTheBoundWaitAndAreServedWhenOthersHaveEnded() throws Exception {
        var open = new ArrayList<Wire>();
        try {
            for (int i = 0; i < 40; i++) open.add(new Wire(server.port()));
            othersAreServed();
        } finally {
            for (var each : open) each.close();
        }
        untilNobodyIsConnected();
    }

    @Test
    void permitsAreCountedByNetworkAndInAllAndGivenBackOnce() throws Exception {
        var permits = new Permits(4, 2);
        var a = InetAddress.getByName("192.0.2.1");
        var sameNetwork = InetAddress.getByName("192.0.2.200");
        var b = InetAddress.getByName("2001:db8::1");
        var first = permits.take(a).orElseThrow();
        var second = permits.take(sameNetwork).orElseThrow();
        assertTrue(permits.take(a).isEmpty());
        assertTrue(permits.take(b).isPresent());
        assertTrue(permits.take(InetAddress.getByName("2001:db8::2")).isPresent());
        assertTrue(permits.take(InetAddress.getByName("198.51.100.1")).isEmpty());
        first.close();
        first.close();
        assertEquals(3, permits.taken());
        assertTrue(permits.take(a).isPresent());
        assertTrue(permits.take(a).isEmpty());
        second.close();
        assertTrue(permits.free(a));
    }
}
