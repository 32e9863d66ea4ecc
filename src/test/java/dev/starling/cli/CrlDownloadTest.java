package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpServer;
import dev.starling.identity.Crl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A list is fetched within bounds, and never from where a certificate could point a peer against its own network.
@org.jspecify.annotations.NullUnmarked
class CrlDownloadTest {
    private final AtomicInteger asked = new AtomicInteger();
    private HttpServer server;
    private String base;

    @BeforeEach
    void open() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        base = "http://127.0.0.1:" + server.getAddress().getPort();
        answer("/list", 200, new byte[] {1, 2, 3});
        answer("/large", 200, new byte[Crl.MAX_BYTES + 1]);
        answer("/largest", 200, new byte[Crl.MAX_BYTES]);
        answer("/moved", 302, new byte[0]);
        server.start();
    }

    private void answer(String path, int status, byte[] body) {
        server.createContext(path, exchange -> {
            asked.incrementAndGet();
            exchange.getResponseHeaders().add("Location", base + "/list");
            // A large list says nothing of its length.
            exchange.sendResponseHeaders(status, body.length > 1000 ? 0 : body.length == 0 ? -1 : body.length);
            try (var out = exchange.getResponseBody()) {
                out.write(body);
            } catch (IOException e) {
                assertEquals("/large", path, "only what is too large is cut off");
            }
        });
    }

    @AfterEach
    void close() {
        server.stop(0);
    }

    @Test
    void aListIsFetchedWithinItsBounds() throws IOException {
        try (var download = CrlDownload.of(true)) {
            assertArrayEquals(new byte[] {1, 2, 3}, download.get(base + "/list"));
            assertEquals(Crl.MAX_BYTES, download.get(base + "/largest").length);
            assertThrows(IOException.class, () -> download.get(base + "/large"));
            assertThrows(IOException.class, () -> download.get(base + "/nothing"));
        }
    }

    @Test
    void aRedirectIsNotFollowed() {
        try (var download = CrlDownload.of(true)) {
            assertThrows(IOException.class, () -> download.get(base + "/moved"));
            assertEquals(1, asked.get());
        }
    }

    @Test
    void outOfLocalModeNothingPrivateIsAsked() {
        try (var download = CrlDownload.of(false)) {
            for (String url : new String[] {
                base + "/list",
                "http://localhost:" + server.getAddress().getPort() + "/list",
                "http://10.0.0.1/list",
                "http://192.168.1.1/list",
                "http://169.254.169.254/latest",
                "http://[::1]/list"
            }) assertThrows(IOException.class, () -> download.get(url), url);
            assertEquals(0, asked.get());
        }
    }

    @Test
    void onlyHttpIsFetched() {
        try (var download = CrlDownload.of(true)) {
            for (String url : new String[] {"file:///etc/passwd", "https://127.0.0.1/", "http:///x", "no url"})
                assertThrows(IOException.class, () -> download.get(url), url);
        }
    }
}
