package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenTest {
    private static final String KEY = "5a".repeat(20);

    private static HttpResponse<InputStream> listen(HttpClient http, StoreServer server) throws Exception {
        var request = HttpRequest.newBuilder(server.base().resolve("/key/" + KEY + "/listen"))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    }

    private static Dht.Value value(int id, int size) {
        return new Dht.Value(id, Dht.Owner.local("a"), new byte[size]);
    }

    @Test
    void itShowsWhatIsThereABlankLineThenChangesAndSignsOfLife(@TempDir Path folder) throws Exception {
        var store = StoreServer.store(folder, new StandingClock());
        store.put(KEY, value(1, 3), Duration.ofHours(1));
        try (var http = HttpClient.newHttpClient();
                var server = new StoreServer(store, folder, StoreServer.JOIN);
                var lines = new BufferedReader(
                        new InputStreamReader(listen(http, server).body(), StandardCharsets.US_ASCII))) {
            assertEquals("{\"id\":\"1\",\"data\":\"AAAA\"}", lines.readLine());
            assertEquals("", lines.readLine());
            store.put(KEY, value(2, 3), Duration.ofHours(1));
            String next = lines.readLine();
            while ("".equals(next)) next = lines.readLine();
            assertEquals("{\"id\":\"2\",\"data\":\"AAAA\"}", next);
            assertEquals("", lines.readLine());
        }
    }

    @Test
    void onlySoManyListenAtOnceAndOneThatLeavesMakesRoom(@TempDir Path folder) throws Exception {
        var open = new ArrayList<InputStream>();
        try (var http = HttpClient.newHttpClient();
                var server =
                        new StoreServer(StoreServer.store(folder, new StandingClock()), folder, StoreServer.JOIN)) {
            for (int i = 0; i < StoreServer.LISTENERS; i++) {
                var answer = listen(http, server);
                assertEquals('\n', answer.body().read());
                open.add(answer.body());
            }
            var refused = listen(http, server);
            assertEquals(503, refused.statusCode());
            assertEquals("10", refused.headers().firstValue("retry-after").orElse(""));
            open.removeFirst().close();
            for (int i = 0; i < 200 && server.listeners.taken() == StoreServer.LISTENERS; i++) Thread.sleep(50);
            var late = listen(http, server);
            assertEquals(200, late.statusCode());
            refused.body().close();
            late.body().close();
            for (var each : open) each.close();
        }
    }

    @Test
    void aListenerThatDoesNotKeepUpIsCutOffAndNoOneWaits() throws Exception {
        var all = new AtomicLong();
        try (var backlog = new Backlog(all, 100L << 20)) {
            for (int i = 0; i < 10_000; i++) backlog.of(KEY).changed(new Dht.Event(value(i, 32 * 1024), false));
            assertTrue(all.get() <= 8L << 20, "holds " + all.get());
            int kept = 0;
            while (backlog.next(0).isPresent()) kept++;
            assertTrue(kept > 200, "only " + kept);
            assertTrue(backlog.isCutOff());
        }
        assertEquals(0, all.get());
    }

    @Test
    void manySlowListenersTogetherHaveABoundAndAReaderStillGetsOneEvent() throws Exception {
        var all = new AtomicLong();
        try (var first = new Backlog(all, 1 << 20);
                var second = new Backlog(all, 1 << 20)) {
            for (int i = 0; i < 100; i++) first.of(KEY).changed(new Dht.Event(value(i, 32 * 1024), false));
            second.of(KEY).changed(new Dht.Event(value(1, 32 * 1024), false));
            second.of(KEY).changed(new Dht.Event(value(2, 32 * 1024), false));
            assertTrue(all.get() <= (1 << 20) + 33 * 1024, "holds " + all.get());
            assertTrue(second.next(0).isPresent());
            assertTrue(second.next(0).isEmpty());
            assertTrue(second.isCutOff());
        }
        assertEquals(0, all.get());
    }
}
