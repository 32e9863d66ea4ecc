package dev.starling.dht.opendht;

import static dev.starling.dht.opendht.Fakes.HOUR;
import static dev.starling.dht.opendht.Fakes.KEY;
import static dev.starling.dht.opendht.Fakes.all;
import static dev.starling.dht.opendht.Fakes.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtContract.Told;
import dev.starling.dht.DhtException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real nodes, attacked and killed.
class AttackedNodesTest {
    @TempDir
    Path folder = Path.of("");

    private OpenDht dht(String key, List<URI> proxies) throws Exception {
        return new OpenDht(proxies, SlotKeys.in(folder.resolve(key)), Clock.systemUTC(), OpenDht.Patience.USUAL);
    }

    private static String send(HttpRequest.Builder request) throws Exception {
        try (var http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    void nobodyTakesAnothersSlotWhateverNumberAndSignatureHeSends() throws Exception {
        try (var nodes = DhtNodes.start(8, 3);
                var dht = dht("slot.key", nodes.proxies())) {
            dht.put(KEY, value(1, "a", "genuine"), HOUR);
            var proxies = nodes.proxies();
            String path = "/key/" + KEY;
            var genuine = Signed.parse(
                            send(HttpRequest.newBuilder(proxies.get(0).resolve(path)))
                                    .lines()
                                    .findFirst()
                                    .orElseThrow())
                    .orElseThrow();
            byte[] data = new Envelope(1, Long.MAX_VALUE, "impostor".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                    .bytes();
            var others = SlotKeys.next().sign(genuine.id(), Signed.MAX_SEQ, data);
            var forged = new Signed(genuine.id(), Signed.MAX_SEQ, genuine.owner(), data, genuine.signature(), false);
            for (Signed attack : List.of(others, forged))
                for (URI proxy : proxies) {
                    var _ = send(HttpRequest.newBuilder(proxy.resolve(path))
                            .POST(HttpRequest.BodyPublishers.ofString(attack.json())));
                }
            for (URI proxy : proxies)
                try (var reader = dht("reader.key", List.of(proxy))) {
                    assertTrue(all(reader).contains("genuine"), proxy + " " + all(reader));
                }
            dht.put(KEY, value(1, "a", "changed"), HOUR);
            assertTrue(all(dht).contains("changed"));
        }
    }

    @Test
    void nodesAndProxiesDieAndNothingIsLost() throws Exception {
        try (var nodes = DhtNodes.start(8, 3);
                var dht = dht("slot.key", nodes.proxies())) {
            for (int i = 0; i < 20; i++) dht.put(KEY, value(i, "a", "v" + i), HOUR);
            var told = new Told();
            try (var _ = dht.watch(KEY, told)) {
                assertEquals(20, told.untilComplete().stream().distinct().count());
                nodes.nodes().get(0).kill();
                nodes.nodes().get(1).kill();
                nodes.nodes().get(7).kill();
                assertEquals(20, all(dht).size());
                persistently(() -> dht.put(KEY, value(20, "a", "new"), HOUR));
                assertEquals("new", told.next());
                assertEquals(21, all(dht).size());
                assertEquals(1, dht.workingProxies());
            }
        }
    }

    private interface Put {
        void run() throws DhtException;
    }

    /// As Publications does: a node waits for neighbours of which it does not know yet that they are dead.
    private static void persistently(Put put) throws DhtException {
        for (int tries = 1; ; tries++) {
            try {
                put.run();
                return;
            } catch (DhtException e) {
                if (!e.away() || tries == 5) throw e;
            }
        }
    }

    @Test
    void aFloodOfJunkDelaysWhoReadsUntilHeIsContentByLittle() throws Exception {
        try (var nodes = DhtNodes.start(8, 3);
                var dht = dht("slot.key", nodes.proxies())) {
            dht.put(KEY, value(1, "a", "genuine"), HOUR);
            long end = Clock.systemUTC().instant().getEpochSecond() + 3600;
            try (var http =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
                for (int i = 0; i < 500; i++) {
                    String junk = Fakes.line(1000 + i, new Envelope(i, end, new byte[900]).bytes());
                    var _ = http.send(
                            HttpRequest.newBuilder(nodes.proxies().get(i % 3).resolve("/key/" + KEY))
                                    .POST(HttpRequest.BodyPublishers.ofString(junk))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
                }
            }
            var found = new boolean[1];
            long start = System.nanoTime();
            dht.lookup(KEY, Dht.Limits.USUAL, v -> found[0] = v.data().length == "genuine".length());
            long millis = (System.nanoTime() - start) / 1_000_000;
            System.out.println("genuine value among 500 junk ones: " + millis + " ms");
            assertTrue(found[0]);
            assertTrue(millis < 5_000, millis + " ms");
        }
    }
}
