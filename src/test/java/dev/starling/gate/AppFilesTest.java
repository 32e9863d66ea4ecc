package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The pages of the web app, as the folder has them.
class AppFilesTest {
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebServer server = start();

    private static WebServer start() {
        var routes = new Routes();
        new AppFiles(Path.of("client"), false).mount(routes);
        try {
            return WebServer.start(
                    new WebServer.Config("127.0.0.1", 0, Optional.empty(), 2000), routes, Clock.systemUTC());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() {
        server.close();
        http.close();
    }

    private HttpResponse<String> get(String path) throws Exception {
        var uri = URI.create("http://127.0.0.1:" + server.port() + path);
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void eachPageComesWithItsPolicy() throws Exception {
        for (String path : new String[] {"/", "/sound"}) {
            var answer = get(path);
            assertEquals(200, answer.statusCode());
            var headers = answer.headers();
            String policy = headers.firstValue("content-security-policy").orElseThrow();
            assertTrue(policy.startsWith("default-src 'none'; script-src 'self' 'sha256-"), policy);
            assertTrue(policy.contains("frame-ancestors 'none'"), policy);
            assertEquals("no-referrer", headers.firstValue("referrer-policy").orElseThrow());
            assertTrue(headers.firstValue("permissions-policy").orElseThrow().contains("microphone=(self)"));
        }
    }

    @Test
    void noPageIsServedWithoutOne() throws Exception {
        assertEquals(404, get("/web/index.html").statusCode());
        assertEquals(404, get("/web/media/sound.html").statusCode());
        assertEquals(404, get("/sound/").statusCode());
        assertEquals(200, get("/web/media/sound.js").statusCode());
        String files = get("/web/files.json").body();
        assertTrue(files.contains("\"/web/media/sound.js\""), files);
        assertFalse(files.contains(".html"), files);
    }
}
