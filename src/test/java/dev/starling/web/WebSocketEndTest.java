package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WebSocketEndTest {
    private static final String UPGRADE = """
            GET /sip HTTP/1.1\r
            Host: 127.0.0.1\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            Sec-WebSocket-Protocol: sip\r
            \r
            """;
    private static final byte[] CLOSE = {(byte) 0x88, (byte) 0x80, 0, 0, 0, 0};

    private final CountDownLatch opened = new CountDownLatch(1), closed = new CountDownLatch(1);
    private final AtomicInteger ends = new AtomicInteger();
    private WebServer server;

    @BeforeEach
    void start() throws IOException {
        var routes = new Routes();
        routes.socket("/sip", _ -> {
            opened.countDown();
            return new WebSocket.Listener() {
                @Override
                public void message(byte[] message) {}

                @Override
                public void pong() {}

                @Override
                public void closed() {
                    ends.incrementAndGet();
                    closed.countDown();
                }
            };
        });
        server = WebServer.start(
                new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, Clock.systemUTC());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aConnectionThatEndsWithoutACloseFrameIsOverAtOnce() throws IOException, InterruptedException {
        connect().close();
        assertTrue(closed.await(5, TimeUnit.SECONDS));
    }

    @Test
    void aConnectionThatIsResetIsOverAtOnce() throws IOException, InterruptedException {
        var socket = connect();
        socket.setSoLinger(true, 0);
        socket.close();
        assertTrue(closed.await(5, TimeUnit.SECONDS));
    }

    @Test
    void aCloseFrameEndsItOnce() throws IOException, InterruptedException {
        var socket = connect();
        socket.getOutputStream().write(CLOSE);
        assertTrue(closed.await(5, TimeUnit.SECONDS));
        socket.getInputStream().readAllBytes();
        socket.close();
        server.close();
        assertEquals(1, ends.get());
    }

    private Socket connect() throws IOException, InterruptedException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.getOutputStream().write(UPGRADE.getBytes(StandardCharsets.US_ASCII));
        assertTrue(opened.await(5, TimeUnit.SECONDS));
        return socket;
    }
}
