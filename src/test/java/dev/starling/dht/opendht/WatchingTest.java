package dev.starling.dht.opendht;

import static dev.starling.dht.opendht.Fakes.HOUR;
import static dev.starling.dht.opendht.Fakes.KEY;
import static dev.starling.dht.opendht.Fakes.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtContract.Told;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.FakeProxy.Call;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Watches: shared, bounded, without threads; streams that break, fall silent or lie.
class WatchingTest {
    private static final int STREAMS = 8, KEYS = 160, LOOKUPS_AT_ONCE = 8;

    @TempDir
    Path folder = Path.of("");

    private Fakes fakes = new Fakes(folder);

    @BeforeEach
    void open() {
        fakes = new Fakes(folder);
    }

    @AfterEach
    void close() {
        fakes.close();
    }

    private static void until(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!done.getAsBoolean()) {
            assertTrue(System.nanoTime() - end < 0, "it did not happen");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    @Test
    void allWatchersOfAKeyShareOneStreamAndEachIsToldEverything() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        dht.put(KEY, value(1, "a", "there"), HOUR);
        var watchers = new ArrayList<Told>();
        var open = new ArrayList<Dht.Subscription>();
        for (int i = 0; i < 50; i++) {
            watchers.add(new Told());
            open.add(dht.watch(KEY, watchers.getLast()));
        }
        for (var told : watchers) assertEquals(List.of("there"), told.untilComplete());
        dht.put(KEY, value(2, "a", "new"), HOUR);
        for (var told : watchers) assertEquals("new", told.next());
        assertEquals(1, proxy.count(Call.LISTEN));
        assertEquals(1, dht.watchedKeys());
        for (var each : open) each.close();
        assertEquals(0, dht.watchedKeys());
        until(() -> fakes.network.listening() == 0);
    }

    private OpenDht lingering(Duration linger, int streams, FakeProxy proxy) throws Exception {
        var patience = new OpenDht.Patience(
                Duration.ofSeconds(2),
                Duration.ofSeconds(4),
                Duration.ofSeconds(10),
                Duration.ofMinutes(4),
                streams,
                linger);
        return fakes.dht("slot.key", patience, proxy);
    }

    @Test
    void whoComesBackSoonCostsTheNodesNothingAndIsToldWhatHappenedMeanwhile() throws Exception {
        var proxy = fakes.proxy();
        var dht = lingering(Duration.ofMinutes(5), 10, proxy);
        dht.put(KEY, value(1, "a", "there"), HOUR);
        var first = new Told();
        try (var _ = dht.watch(KEY, first)) {
            assertEquals(List.of("there"), first.untilComplete());
        }
        dht.put(KEY, value(2, "a", "meanwhile"), HOUR);
        dht.remove(KEY, Dht.Owner.local("a"), 1);
        int gets = proxy.count(Call.GET);
        var second = new Told();
        try (var _ = dht.watch(KEY, second)) {
            var all = new ArrayList<String>();
            while (!all.contains("meanwhile") || !all.contains("complete")) all.add(second.next());
            dht.put(KEY, value(3, "a", "new"), HOUR);
            while (!all.contains("new")) all.add(second.next());
        }
        assertEquals(1, proxy.count(Call.LISTEN));
        assertTrue(proxy.count(Call.GET) - gets <= 2, "each put is read back, and nothing else is read");
        assertEquals(1, dht.watchedKeys());
    }

    @Test
    void whatNobodyWatchesEndsAfterAWhile() throws Exception {
        var dht = lingering(Duration.ofMillis(50), 10, fakes.proxy());
        dht.watch(KEY, new Told()).close();
        until(() -> {
            dht.sweep();
            return dht.watchedKeys() == 0;
        });
        until(() -> fakes.network.listening() == 0);
    }

    @Test
    void whatIsNotRememberedWholeIsNotWatchedOn() throws Exception {
        int many = 2100;
        var proxy = fakes.proxy();
        proxy.tricks.put(Call.LISTEN, (exchange, never) -> {
            exchange.sendResponseHeaders(200, 0);
            var out = exchange.getResponseBody();
            for (int i = 1; i <= many; i++) FakeProxy.write(out, fakes.junk(i, 3));
            out.flush();
            never.await();
        });
        var dht = lingering(Duration.ofMinutes(5), 10, proxy);
        var told = new Told();
        try (var _ = dht.watch(KEY, told)) {
            for (int values = 0; values < many; ) if (!told.next().equals("complete")) values++;
        }
        assertEquals(0, dht.watchedKeys());
    }

    @Test
    void whatNobodyWatchesMakesRoomForWhatSomebodyDoes() throws Exception {
        var proxy = fakes.proxy();
        var dht = lingering(Duration.ofMinutes(5), 3, proxy);
        for (int i = 0; i < 3; i++) {
            var told = new Told();
            try (var _ = dht.watch(String.format("%040x", i), told)) {
                told.untilComplete();
            }
        }
        until(() -> fakes.network.listening() == 3);
        try (var _ = dht.watch(KEY, new Told())) {
            until(() -> dht.watchedKeys() == 1 && fakes.network.listening() == 1);
        }
    }

    @Test
    void whoComesLateIsToldWhatIsKnown() throws Exception {
        var dht = fakes.dht(fakes.proxy());
        var early = new Told();
        try (var _ = dht.watch(KEY, early)) {
            assertEquals(List.of(), early.untilComplete());
            dht.put(KEY, value(1, "a", "one"), HOUR);
            dht.put(KEY, value(2, "a", "two"), HOUR);
            dht.remove(KEY, Dht.Owner.local("a"), 1);
            assertEquals(List.of("one", "two", "gone one"), List.of(early.next(), early.next(), early.next()));
            var late = new Told();
            try (var _ = dht.watch(KEY, late)) {
                assertEquals(List.of("two"), late.untilComplete());
            }
        }
    }

    @Test
    void aStreamWhoseProxyDiesGoesOnThroughAnotherAndTellsWhatHappenedMeanwhile() throws Exception {
        var dies = fakes.proxy();
        var dht = fakes.dht(dies);
        var both = new Told();
        dht.put(KEY, value(1, "a", "stays"), HOUR);
        dht.put(KEY, value(2, "a", "goes"), Duration.ofMinutes(2));
        try (var _ = dht.watch(KEY, both)) {
            assertEquals(
                    List.of("goes", "stays"),
                    both.untilComplete().stream().sorted().toList());
            until(() -> fakes.network.listening() == 1);
            dies.close();
            fakes.network.put(KEY, another("new").json());
            fakes.clock.pass(Duration.ofMinutes(3));
            var _ = fakes.again(dies);
            var told = List.of(both.next(), both.next()).stream().sorted().toList();
            assertEquals(List.of("gone goes", "new"), told);
        }
    }

    private Signed another(String text) throws Exception {
        long end = fakes.clock.instant().getEpochSecond() + 3600;
        return SlotKeys.next()
                .sign(77, 1, new Envelope(9, end, text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).bytes());
    }

    @Test
    void aProxyThatFallsSilentLosesItsStreams() throws Exception {
        var silent = fakes.proxy();
        var honest = fakes.proxy();
        silent.tricks.put(Call.LISTEN, (exchange, never) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().flush();
            never.await();
        });
        var dht = fakes.dht(silent, honest);
        var told = new ArrayList<Told>();
        for (int i = 0; i < 8; i++) {
            told.add(new Told());
            var _ = dht.watch("0".repeat(39) + i, told.getLast());
        }
        for (var each : told) assertEquals(List.of(), each.untilComplete());
        until(() -> silent.count(Call.LISTEN) > 0);
        silent.tricks.put(Call.INFO, FakeProxy.STALL);
        until(() -> fakes.network.listening() == 8);
        for (int i = 0; i < 8; i++) dht.put("0".repeat(39) + i, value(1, "a", "v" + i), HOUR);
        for (int i = 0; i < 8; i++) assertEquals("v" + i, told.get(i).next());
    }

    @Test
    void aStreamThatHoldsBackIsMadeUpForByReading() throws Exception {
        var holdsBack = fakes.proxy();
        holdsBack.tricks.put(Call.LISTEN, (exchange, never) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().flush();
            never.await();
        });
        var often = new OpenDht.Patience(
                Duration.ofMillis(500),
                Duration.ofMillis(700),
                Duration.ofSeconds(5),
                Duration.ofMillis(200),
                10,
                Duration.ZERO);
        var dht = fakes.dht("slot.key", often, holdsBack);
        var told = new Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of(), told.untilComplete());
            fakes.network.put(KEY, another("held back").json());
            assertEquals("held back", told.next());
            // Gone from the nodes, though its own end is far: told ten minutes after it was last seen.
            fakes.clock.pass(Duration.ofSeconds(660));
            assertEquals("gone held back", told.next());
        }
    }

    @Test
    void duplicatesAndReplacedOnesAreToldOnce() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        var one = another("one");
        var key = SlotKeys.next();
        long end = fakes.clock.instant().getEpochSecond() + 3600;
        var first = key.sign(5, 1, new Envelope(1, end, new byte[] {'1'}).bytes());
        var second = key.sign(5, 2, new Envelope(1, end, new byte[] {'2'}).bytes());
        proxy.tricks.put(Call.LISTEN, (exchange, never) -> {
            exchange.sendResponseHeaders(200, 0);
            var out = exchange.getResponseBody();
            for (int i = 0; i < 3; i++) FakeProxy.write(out, one.json() + "\n" + first.json() + "\n");
            for (int i = 0; i < 3; i++) FakeProxy.write(out, second.json() + "\n" + first.json() + "\n");
            FakeProxy.write(out, first.json().replaceFirst("\\{", "{\"expired\":true,") + "\n");
            FakeProxy.write(out, second.json().replaceFirst("\\{", "{\"expired\":true,") + "\n");
            out.flush();
            never.await();
        });
        var told = new Told();
        try (var _ = dht.watch(KEY, told)) {
            var all = new ArrayList<String>();
            while (all.size() < 5) all.add(told.next());
            all.remove("complete");
            assertEquals(List.of("one", "1", "2", "gone 2"), all);
        }
    }

    @Test
    void garbageOnAStreamIsPassedOverAndAnEndedOneComesBack() throws Exception {
        var proxy = fakes.proxy();
        var connections = new AtomicInteger();
        proxy.tricks.put(Call.LISTEN, (exchange, never) -> {
            switch (connections.incrementAndGet()) {
                case 1 -> FakeProxy.answer(exchange, 503, "no");
                case 2 -> FakeProxy.answer(exchange, 200, "<html>\nnull\n[]\n" + "x".repeat(200_000) + "\n");
                default -> {
                    exchange.sendResponseHeaders(200, 0);
                    FakeProxy.write(exchange.getResponseBody(), fakes.junk(4, 3));
                    exchange.getResponseBody().flush();
                    never.await();
                }
            }
        });
        var told = new Told();
        try (var _ = fakes.dht(proxy).watch(KEY, told)) {
            assertEquals(List.of(), told.untilComplete());
            assertEquals("\0\0\0", told.next());
        }
    }

    @Test
    void watchesAreBoundedAndHaveNoThreads() throws Exception {
        var proxy = fakes.proxy();
        var often = new OpenDht.Patience(
                Duration.ofSeconds(2),
                Duration.ofSeconds(4),
                Duration.ofSeconds(10),
                Duration.ofMillis(500),
                STREAMS,
                Duration.ZERO);
        var dht = fakes.dht("slot.key", often, proxy);
        var answering = new CountDownLatch(1);
        proxy.tricks.put(Call.GET, (exchange, _) -> {
            answering.await();
            FakeProxy.answer(exchange, 200, "");
        });
        var told = new ArrayList<Told>();
        var open = new ArrayList<Dht.Subscription>();
        for (int i = 0; i < KEYS; i++) {
            told.add(new Told());
            open.add(dht.watch(String.format("%040x", i), told.getLast()));
        }
        var refused = assertThrows(DhtException.class, () -> dht.watch("f".repeat(40), new Told()));
        assertEquals(503, refused.status());
        until(() -> proxy.count(Call.GET) == LOOKUPS_AT_ONCE);
        assertEquals(LOOKUPS_AT_ONCE, threads("opendht-watch"));
        answering.countDown();
        proxy.tricks.remove(Call.GET);
        for (var each : told) assertEquals(List.of(), each.untilComplete());
        assertEquals(STREAMS, proxy.count(Call.LISTEN));
        // The last one has no stream: it is told by reading.
        dht.put(String.format("%040x", KEYS - 1), value(1, "a", "read"), HOUR);
        assertEquals("read", told.getLast().next());
        for (int i = 0; i < STREAMS; i++) open.get(i).close();
        until(() -> proxy.count(Call.LISTEN) == 2 * STREAMS);
        var _ = dht.watch("f".repeat(40), new Told());
    }

    @Test
    void aWatcherThatTakesItsTimeHoldsUpNoOtherKeyAndMayLeave() throws Exception {
        var dht = fakes.dht(fakes.proxy());
        dht.put(KEY, value(1, "a", "there"), HOUR);
        var first = new AtomicReference<Dht.Subscription>();
        var left = new CountDownLatch(1);
        var begun = new CountDownLatch(1);
        first.set(dht.watch(KEY, _ -> {
            try {
                begun.await();
                // Waits for us, who are being told.
                var second = Thread.ofPlatform().start(() -> watchAndLeave(dht, KEY));
                until(() -> second.getState() == Thread.State.WAITING);
                var other = Thread.ofPlatform().start(() -> watchAndLeave(dht, "02".repeat(20)));
                if (!other.join(Duration.ofSeconds(10))) return;
                first.get().close();
                left.countDown();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        begun.countDown();
        assertTrue(left.await(20, TimeUnit.SECONDS));
        until(() -> dht.watchedKeys() == 0);
    }

    private static void watchAndLeave(Dht dht, String key) {
        try (var _ = dht.watch(key, new Told())) {
            return;
        } catch (DhtException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Virtual threads of that name.
    private long threads(String name) throws Exception {
        Path dump = folder.resolve("threads");
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .dumpThreads(dump.toAbsolutePath().toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
        try (var lines = Files.lines(dump)) {
            return lines.filter(line -> line.startsWith("#") && line.contains("\"" + name + "\""))
                    .count();
        }
    }
}
