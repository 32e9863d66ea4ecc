package dev.starling.ca.front;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.store.CaStore;
import dev.starling.web.InProcess;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Routes;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the CA says when it fails itself: RFC 8555, sections 6.5 and 6.7.
class AcmeFrontTest {
    private static final String SECRET = "jdbc:postgresql://starling:secret@10.0.0.1";

    @TempDir
    Path folder;

    @Test
    void whoeverAskedHearsOfItWithANonceAndNothingOfWhatHappened() throws Exception {
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var clock = Clock.systemUTC();
            var resources = new Resources("http://ca.example", "", "", Optional.empty(), Front.External.NONE, clock);
            var front = new AcmeFront(resources, store, new Origin(false), new RateLimit(1, 100, clock));
            var routes = new Routes();
            front.open(routes, "/broken", _ -> {
                throw new IllegalStateException(SECRET);
            });
            front.open(routes, "/gone", _ -> {
                throw new IOException(SECRET);
            });
            for (String path : new String[] {"/broken", "/gone"}) {
                var request = new Request("GET", path, "", Map.of(), new byte[0], InetAddress.getLoopbackAddress());
                var answer = InProcess.answer(routes, request);
                String said = new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8);
                assertEquals(500, answer.status());
                assertTrue(said.contains("urn:ietf:params:acme:error:serverInternal"), said);
                assertFalse(said.contains("secret"), said);
                assertEquals("application/problem+json", answer.headers().get("content-type"));
                assertFalse(answer.headers().getOrDefault("replay-nonce", "").isEmpty());
                assertEquals("60", answer.headers().get("retry-after"));
            }
        }
    }
}
