package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.remote.RemoteDht;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is read through the gate comes as it comes: docs/protocols/sip.md, section 1.
class DhtReadsTest {
    private static final String KEY = "5a".repeat(20), OTHER = "5b".repeat(20);

    /// What an engine does with a look-up; says whether it gave all.
    private interface Giving {
        boolean give(Predicate<Dht.Value> enough) throws DhtException;
    }

    /// A real store with look-ups of our own.
    private record Scripted(Dht beneath, Giving giving, AtomicInteger watches) implements Dht {
        @Override
        public Caps caps() {
            return beneath.caps();
        }

        @Override
        public void put(String key, Value value, Duration ttl) throws DhtException {
            beneath.put(key, value, ttl);
        }

        @Override
        public void remove(String key, Dht.Owner owner, long id) throws DhtException {
            beneath.remove(key, owner, id);
        }

        @Override
        public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
            return giving.give(enough);
        }

        @Override
        public Subscription watch(String key, Watcher watcher) throws DhtException {
            watches.incrementAndGet();
            return beneath.watch(key, watcher);
        }

        @Override
        public String health() {
            return beneath.health();
        }

        @Override
        public void close() {
            beneath.close();
        }
    }

    private static Dht.Value value(int id, int size) {
        return new Dht.Value(id, Dht.Owner.local("a"), new byte[size]);
    }

    private static BufferedReader open(HttpClient http, HttpRequest.Builder request) throws Exception {
        var answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        assertEquals(200, answer.statusCode());
        return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.US_ASCII));
    }

    private static HttpRequest.Builder get(StoreServer server) {
        return HttpRequest.newBuilder(server.base().resolve("/key/" + KEY)).timeout(Duration.ofSeconds(20));
    }

    private static HttpRequest.Builder listen(URI base, String body) {
        return HttpRequest.newBuilder(base.resolve("/listen"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .timeout(Duration.ofSeconds(20));
    }

    private static String keys(String... keys) {
        return "{\"keys\":[\"" + String.join("\",\"", keys) + "\"]}";
    }

    @Test
    void theFirstValueIsReadWhileTheLookUpGoesOn(@TempDir Path folder) throws Exception {
        var read = new CountDownLatch(1);
        Giving giving = enough -> {
            boolean _ = enough.test(value(1, 3));
            try {
                assertTrue(read.await(20, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new DhtException(502, "interrupted");
            }
            boolean _ = enough.test(value(2, 3));
            return true;
        };
        try (var http = HttpClient.newHttpClient();
                var server = server(folder, giving);
                var lines = open(http, get(server))) {
            assertEquals("{\"id\":\"1\",\"data\":\"AAAA\"}", lines.readLine());
            read.countDown();
            assertEquals("{\"id\":\"2\",\"data\":\"AAAA\"}", lines.readLine());
            assertNull(lines.readLine());
        }
    }

    private static StoreServer server(Path folder, Giving giving) throws Exception {
        return new StoreServer(
                new Scripted(StoreServer.store(folder, new StandingClock()), giving, new AtomicInteger()),
                folder,
                StoreServer.JOIN);
    }

    @Test
    void anAnswerThatFailsInTheMiddleDoesNotLookWhole(@TempDir Path folder) throws Exception {
        Giving giving = enough -> {
            boolean _ = enough.test(value(1, 3));
            throw new DhtException(502, "gone");
        };
        try (var http = HttpClient.newHttpClient();
                var server = server(folder, giving)) {
            for (int i = 0; i < 50; i++) {
                try (var lines = open(http, get(server))) {
                    assertEquals("{\"id\":\"1\",\"data\":\"AAAA\"}", lines.readLine());
                    assertThrows(IOException.class, lines::readLine);
                }
            }
        }
    }

    @Test
    void anAnswerThatWasCutOffByALimitSaysSo(@TempDir Path folder) throws Exception {
        var values = new AtomicInteger();
        Giving giving = enough -> {
            for (int i = 0; i < values.get(); i++) {
                boolean _ = enough.test(value(i, 3));
            }
            return false;
        };
        try (var http = HttpClient.newHttpClient();
                var server = server(folder, giving)) {
            for (int many : List.of(0, 1, 9)) {
                values.set(many);
                var lines = http.send(get(server).build(), HttpResponse.BodyHandlers.ofString())
                        .body()
                        .lines()
                        .toList();
                assertEquals(many + 1, lines.size());
                assertEquals("{\"cut\":true}", lines.getLast());
                var reader = new RemoteDht(server.base(), (_, _, _) -> "");
                var count = new AtomicInteger();
                boolean whole = reader.lookup(KEY, Dht.Limits.USUAL, _ -> count.incrementAndGet() < 0);
                assertEquals(many, count.get());
                assertFalse(whole, "another peer's store hands it on");
                reader.close();
            }
        }
    }

    @Test
    void oneThatFailsAtOnceSaysSo(@TempDir Path folder) throws Exception {
        try (var http = HttpClient.newHttpClient();
                var server = server(folder, _ -> {
                    throw new DhtException(502, "away");
                })) {
            var answer = http.send(get(server).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(502, answer.statusCode());
            assertTrue(answer.body().contains("away"), answer.body());
        }
    }

    @Test
    void aReaderWhoLeavesEndsTheLookUp(@TempDir Path folder) throws Exception {
        var given = new AtomicInteger();
        var over = new CountDownLatch(1);
        Giving endless = enough -> {
            boolean left = false;
            while (!left) left = enough.test(value(given.incrementAndGet(), 16 * 1024));
            over.countDown();
            return true;
        };
        try (var http = HttpClient.newHttpClient();
                var server = server(folder, endless)) {
            try (var lines = open(http, get(server))) {
                assertTrue(lines.readLine().startsWith("{\"id\":\"1\""));
            }
            assertTrue(over.await(20, TimeUnit.SECONDS), "goes on after " + given);
        }
    }

    @Test
    void oneStreamTellsOfManyKeys(@TempDir Path folder) throws Exception {
        var store = StoreServer.store(folder, new StandingClock());
        store.put(KEY, value(1, 3), Duration.ofHours(1));
        try (var http = HttpClient.newHttpClient();
                var server = new StoreServer(store, folder, StoreServer.JOIN);
                var lines = open(http, listen(server.base(), keys(KEY, OTHER)))) {
            assertEquals("{\"key\":\"" + KEY + "\",\"id\":\"1\",\"data\":\"AAAA\"}", lines.readLine());
            assertEquals("{\"key\":\"" + KEY + "\",\"complete\":true}", lines.readLine());
            assertEquals("{\"key\":\"" + OTHER + "\",\"complete\":true}", lines.readLine());
            store.put(OTHER, value(2, 3), Duration.ofHours(1));
            String next = lines.readLine();
            while ("".equals(next)) next = lines.readLine();
            assertEquals("{\"key\":\"" + OTHER + "\",\"id\":\"2\",\"data\":\"AAAA\"}", next);
            assertEquals("", lines.readLine(), "a sign of life");
            assertEquals(1, server.counted(DhtRoutes.Outcome.WATCH));
            assertEquals(1, server.listeners.taken());
        }
    }

    @Test
    void listenersOfOneKeyShareOneWatchAndALaterOneIsToldWhatIsThere(@TempDir Path folder) throws Exception {
        var store = StoreServer.store(folder, new StandingClock());
        var watches = new AtomicInteger();
        try (var http = HttpClient.newHttpClient();
                var server = new StoreServer(new Scripted(store, _ -> true, watches), folder, StoreServer.JOIN)) {
            store.put(KEY, value(1, 3), Duration.ofHours(1));
            try (var first = open(http, listen(server.base(), keys(KEY)))) {
                assertTrue(first.readLine().contains("\"id\":\"1\""));
                assertTrue(first.readLine().contains("complete"));
                store.put(KEY, value(2, 4), Duration.ofHours(1));
                try (var second = open(http, listen(server.base(), keys(KEY, OTHER)))) {
                    assertTrue(second.readLine().contains("\"id\":\"1\""));
                    assertTrue(second.readLine().contains("\"id\":\"2\""));
                    assertTrue(second.readLine().contains("complete"));
                }
                assertEquals(2, watches.get(), "one for each key");
            }
        }
    }

    @Test
    void whatIsTooMuchToKeepIsToldToEachAllTheSame(@TempDir Path folder) throws Exception {
        var store = StoreServer.store(folder, new StandingClock());
        for (int i = 0; i < 10; i++) store.put(KEY, value(i, 16 * 1024), Duration.ofHours(1));
        var watches = new Watches(store, 1 << 20);
        var told = new ArrayList<AtomicInteger>();
        var open = new ArrayList<Dht.Subscription>();
        for (int i = 0; i < 3; i++) {
            var count = new AtomicInteger();
            told.add(count);
            open.add(watches.watch(KEY, _ -> count.incrementAndGet()));
        }
        for (var each : told) assertEquals(10, each.get());
        store.put(KEY, value(11, 3), Duration.ofHours(1));
        for (var each : told) assertEquals(11, each.get());
        open.forEach(Dht.Subscription::close);
        assertEquals(0, watches.size());
        store.put(KEY, value(12, 3), Duration.ofHours(1));
        for (var each : told) assertEquals(11, each.get());
        store.close();
    }

    @Test
    void whatLiesUnderManyKeysNeedNotFindRoomAtOnce(@TempDir Path folder) throws Exception {
        var store = StoreServer.store(folder, new StandingClock());
        var keys = new ArrayList<String>();
        for (int k = 0; k < 12; k++) {
            String key = String.format("%040x", k);
            keys.add(key);
            for (int i = 0; i < 30; i++)
                store.put(key, new Dht.Value(i, Dht.Owner.local("u" + k), new byte[32 * 1024]), Duration.ofHours(1));
        }
        try (var http = HttpClient.newHttpClient();
                var server = new StoreServer(store, folder, StoreServer.JOIN);
                var lines = open(http, listen(server.base(), keys(keys.toArray(String[]::new))))) {
            int values = 0, complete = 0;
            while (complete < keys.size()) {
                String line = lines.readLine();
                if (line.endsWith("\"complete\":true}")) complete++;
                else values++;
            }
            assertEquals(12 * 30, values);
        }
    }

    @Test
    void nonsenseAndTooMuchAreRefusedAndOtherOriginsAreNot(@TempDir Path folder) throws Exception {
        var many = new ArrayList<String>();
        for (int i = 0; i < 513; i++) many.add(String.format("%040x", i));
        try (var http = HttpClient.newHttpClient();
                var server =
                        new StoreServer(StoreServer.store(folder, new StandingClock()), folder, StoreServer.JOIN)) {
            for (String body : List.of(
                    "",
                    "null",
                    "[]",
                    "{}",
                    "{\"keys\":[]}",
                    "{\"keys\":{}}",
                    "{\"keys\":[7]}",
                    keys("5A".repeat(20)),
                    keys(KEY, KEY),
                    keys(KEY, "x"),
                    keys(many.toArray(String[]::new)))) {
                var answer = http.send(listen(server.base(), body).build(), HttpResponse.BodyHandlers.ofString());
                assertEquals(400, answer.statusCode(), body);
            }
            var large =
                    http.send(listen(server.base(), " ".repeat(40_000)).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(413, large.statusCode());
            assertEquals(
                    "*",
                    large.headers().firstValue("access-control-allow-origin").orElse(""));
            var asked = HttpRequest.newBuilder(server.base().resolve("/listen"))
                    .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                    .build();
            var preflight = http.send(asked, HttpResponse.BodyHandlers.ofString());
            assertEquals(
                    "POST",
                    preflight
                            .headers()
                            .firstValue("access-control-allow-methods")
                            .orElse(""));
        }
    }
}
