package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebSocketsTest {
    private static final int BINARY = 0x82, TEXT = 0x81, CLOSE = 0x88, PING = 0x89, PONG = 0x8a;
    private static final int MAX = 2000;

    /// What happened to one socket.
    private record Opened(WebSocket socket, LinkedBlockingQueue<String> log) implements WebSocket.Listener {
        @Override
        public void message(byte[] message) {
            if (message.length > 0 && message[0] == '!') throw new IllegalStateException("as told");
            if (message.length > 0 && message[0] == '?') flood();
            log.add("message " + message.length);
            socket.send(message);
        }

        @Override
        public void pong() {
            log.add("pong");
        }

        @Override
        public void closed() {
            log.add("closed");
        }

        void flood() {
            byte[] message = new byte[32 * 1024];
            for (int i = 0; i < 1000; i++) socket.send(message);
        }

        String next() throws InterruptedException {
            String next = log.poll(20, TimeUnit.SECONDS);
            assertNotNull(next, "nothing happened");
            return next;
        }
    }

    private final LinkedBlockingQueue<Opened> opened = new LinkedBlockingQueue<>();
    private final WebServer server = start();

    private WebServer start() {
        var routes = new Routes().socket("/sip", socket -> {
            var one = new Opened(socket, new LinkedBlockingQueue<>());
            opened.add(one);
            return one;
        });
        var soon = Duration.ofMillis(600);
        try {
            return WebServer.start(
                    new WebServer.Config("127.0.0.1", 0, Optional.empty(), MAX),
                    routes,
                    Clock.systemUTC(),
                    new ConnectionGuard.Bounds(50, 50, soon, soon, soon, soon));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() {
        server.close();
    }

    private Opened open(Wire wire) throws IOException, InterruptedException {
        String head = wire.upgrade("Sec-WebSocket-Protocol: sip", "Origin: https://anywhere.example");
        assertTrue(head.startsWith("HTTP/1.1 101"), head);
        assertTrue(head.toLowerCase(java.util.Locale.ROOT).contains("sec-websocket-protocol: sip\r\n"), head);
        Opened one = opened.poll(20, TimeUnit.SECONDS);
        assertNotNull(one);
        return one;
    }

    private void untilNobodyIsConnected() throws InterruptedException {
        for (int i = 0; i < 400 && server.connections() > 0; i++) Thread.sleep(50);
        assertEquals(0, server.connections());
    }

    private static byte[] with(int first, byte[] payload) {
        byte[] all = new byte[payload.length + 1];
        all[0] = (byte) first;
        System.arraycopy(payload, 0, all, 1, payload.length);
        return all;
    }

    private static int code(byte[] close) {
        assertEquals((byte) CLOSE, close[0]);
        return (close[1] & 0xff) << 8 | close[2] & 0xff;
    }

    @Test
    void aMessageComesInAndGoesOutAndTheSocketStaysOpenInSilence() throws Exception {
        try (var wire = new Wire(server.port())) {
            var one = open(wire);
            Thread.sleep(1500);
            byte[] message = new byte[1000];
            Arrays.fill(message, (byte) 7);
            wire.frame(BINARY, message);
            assertArrayEquals(with(BINARY, message), wire.next());
            wire.frame(TEXT, "héllo".getBytes(StandardCharsets.UTF_8));
            assertArrayEquals(with(BINARY, "héllo".getBytes(StandardCharsets.UTF_8)), wire.next());
            one.socket.ping();
            assertEquals((byte) PING, wire.next()[0]);
            wire.frame(PONG, new byte[] {1});
            assertEquals("message 1000", one.next());
            assertEquals("message 6", one.next());
            assertEquals("pong", one.next());
        }
    }

    @Test
    void withoutTheSubprotocolItIsRefused() throws Exception {
        for (String header : new String[] {"X: y", "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: sips"})
            try (var wire = new Wire(server.port())) {
                assertTrue(wire.upgrade(header).startsWith("HTTP/1.1 4"), header);
            }
        assertTrue(opened.isEmpty());
        untilNobodyIsConnected();
    }

    @Test
    void fragmentsAreJoinedAndPingsMayStandBetween() throws Exception {
        try (var wire = new Wire(server.port())) {
            var one = open(wire);
            wire.frame(0x02, new byte[] {1, 2});
            wire.frame(PING, new byte[] {9});
            wire.frame(0x00, new byte[] {3});
            wire.frame(0x80, new byte[] {4});
            assertEquals((byte) PONG, wire.next()[0]);
            assertArrayEquals(new byte[] {(byte) BINARY, 1, 2, 3, 4}, wire.next());
            assertEquals("message 4", one.next());
        }
    }

    @Test
    void fragmentsThatTogetherAreTooLongAreRefused() throws Exception {
        try (var wire = new Wire(server.port())) {
            var one = open(wire);
            wire.frame(0x02, new byte[1500]);
            wire.frame(0x00, new byte[1500]);
            assertEquals(1009, code(wire.next()));
            assertEquals("closed", one.next());
        }
        untilNobodyIsConnected();
    }

    @Test
    void aFrameThatClaimsTooMuchEndsTheConnectionWithoutBeingAwaited() throws Exception {
        for (long claimed : new long[] {MAX + 17, 1 << 20, 1L << 40, -1}) {
            try (var wire = new Wire(server.port())) {
                var one = open(wire);
                wire.frame(BINARY, new byte[10], claimed);
                String rest = wire.rest();
                assertTrue(rest.length() < 200, rest);
                assertEquals("closed", one.next());
            }
        }
        untilNobodyIsConnected();
    }

    @Test
    void framesAgainstTheProtocolEndTheConnection() throws Exception {
        byte[][] bad = {
            {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}, {(byte) BINARY, 1, 5}, {(byte) 0x80, (byte) 0x80, 0, 0, 0, 0}
        };
        for (byte[] frame : bad) {
            try (var wire = new Wire(server.port())) {
                var one = open(wire);
                wire.write(frame);
                assertTrue(wire.rest().length() < 200);
                assertEquals("closed", one.next());
            }
        }
    }

    @Test
    void aHandshakeThatDripsIsEnded() throws Exception {
        try (var wire = new Wire(server.port())) {
            wire.write("GET /sip HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
            assertFalse(wire.rest().contains("101"));
        }
        untilNobodyIsConnected();
        assertTrue(opened.isEmpty());
    }

    @Test
    void aReaderThatDoesNotReadHoldsNobodyUpAndIsEndedAtTheBound() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            var one = open(wire);
            long start = System.nanoTime();
            one.flood();
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 10, "sending waited");
            assertEquals("closed", one.next());
            untilNobodyIsConnected();
        }
    }

    // The connection's own thread is busy with a message when the bound is passed: it must not wait for the writer.
    @Test
    void aReaderThatDoesNotReadIsEndedWhileItsMessageIsBeingTaken() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            var one = open(wire);
            wire.frame(BINARY, new byte[] {'?'});
            assertEquals("message 1", one.next());
            assertEquals("closed", one.next());
            untilNobodyIsConnected();
        }
    }

    @Test
    void smallMessagesThatNobodyReadsAreBoundedByTheirNumber() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            var one = open(wire);
            for (int i = 0; i < 200_000 && one.log.isEmpty(); i++) one.socket.send(new byte[600]);
            assertEquals("closed", one.next());
        }
    }

    @Test
    void closingSaysWhyAndEndsEvenWhenTheOtherSideDoesNotAnswer() throws Exception {
        try (var wire = new Wire(server.port())) {
            var one = open(wire);
            one.socket.close(1008, "no answer to a ping");
            byte[] close = wire.next();
            assertEquals(1008, code(close));
            assertEquals("no answer to a ping", new String(close, 3, close.length - 3, StandardCharsets.UTF_8));
            assertEquals("closed", one.next());
        }
        untilNobodyIsConnected();
    }

    @Test
    void closingEndsAConnectionWhoseWriterIsStuck() throws Exception {
        try (var wire = new Wire(server.port(), 4096)) {
            var one = open(wire);
            for (int i = 0; i < 100; i++) one.socket.send(new byte[32 * 1024]);
            one.socket.close(1008, "enough");
            assertEquals("closed", one.next());
            untilNobodyIsConnected();
        }
    }

    @Test
    void aGoodbyeAndAResetAreEachToldOnce() throws Exception {
        try (var wire = new Wire(server.port())) {
            var one = open(wire);
            wire.frame(CLOSE, new byte[] {3, (byte) 0xe8});
            assertEquals(1000, code(wire.next()));
            assertEquals("closed", one.next());
        }
        var wire = new Wire(server.port());
        var one = open(wire);
        wire.reset();
        assertEquals("closed", one.next());
        untilNobodyIsConnected();
        assertTrue(one.log.isEmpty());
    }

    @Test
    void aDefectInTakingAMessageEndsThatSocketOnly() throws Exception {
        try (var broken = new Wire(server.port());
                var other = new Wire(server.port())) {
            var one = open(broken);
            open(other);
            broken.frame(BINARY, new byte[] {'!'});
            assertEquals(1008, code(broken.next()));
            assertEquals("closed", one.next());
            other.frame(BINARY, new byte[] {5});
            assertArrayEquals(new byte[] {(byte) BINARY, 5}, other.next());
        }
    }
}
