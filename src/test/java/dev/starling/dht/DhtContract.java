package dev.starling.dht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht.Limits;
import dev.starling.dht.Dht.Owner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// What every engine must do.
public abstract class DhtContract {
    protected static final String KEY = "0123456789abcdef0123456789abcdef01234567";
    protected static final Duration HOUR = Duration.ofHours(1);
    private static final int WRITERS = 8;

    protected abstract Dht dht();

    /// Lets time pass for the engine, and lets it notice.
    protected abstract void pass(Duration time);

    /// How many it asks at once that do not trust each other: each may fill the bounds of a look-up.
    protected int sources() {
        return 1;
    }

    protected static Dht.Value value(long id, String user, String text) {
        return new Dht.Value(id, Owner.local(user), text.getBytes(StandardCharsets.UTF_8));
    }

    protected static String text(Dht.Value value) {
        return new String(value.data(), StandardCharsets.UTF_8);
    }

    protected List<String> served(Limits limits) throws DhtException {
        var found = new ArrayList<String>();
        dht().lookup(KEY, limits, v -> !found.add(text(v)));
        return found;
    }

    protected List<String> all() throws DhtException {
        return served(Limits.USUAL).stream().sorted().toList();
    }

    /// Takes down what a watch tells.
    public static final class Told implements Dht.Watcher {
        private final LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();

        @Override
        public void changed(Dht.Event event) {
            queue.add((event.expired() ? "gone " : "") + text(event.value()));
        }

        @Override
        public void complete() {
            queue.add("complete");
        }

        public String next() throws InterruptedException {
            String next = queue.poll(20, TimeUnit.SECONDS);
            assertNotNull(next, "nothing was told");
            return next;
        }

        /// What comes next that is not `again`: a value may come twice.
        public String after(String again) throws InterruptedException {
            String next = next();
            while (next.equals(again)) next = next();
            return next;
        }

        public List<String> untilComplete() throws InterruptedException {
            var told = new ArrayList<String>();
            for (String next = next(); !next.equals("complete"); next = next()) told.add(next);
            return told;
        }
    }

    private interface Put {
        void run(int i) throws DhtException;
    }

    /// Each as soon as a few before it are done.
    private static void atOnce(int many, Put put) throws DhtException {
        var next = new AtomicInteger();
        var writers = new ArrayList<Future<?>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int w = 0; w < WRITERS; w++)
                writers.add(threads.submit(() -> {
                    for (int i = next.getAndIncrement(); i < many; i = next.getAndIncrement()) put.run(i);
                    return null;
                }));
        }
        for (var writer : writers) {
            try {
                writer.get();
            } catch (InterruptedException | ExecutionException e) {
                throw new DhtException(502, String.valueOf(e));
            }
        }
    }

    @Test
    void aValueIsFoundAndAnUpdateReplacesIt() throws DhtException {
        dht().put(KEY, value(1, "a", "one"), HOUR);
        assertEquals(List.of("one"), all());
        dht().put(KEY, value(1, "a", "two"), HOUR);
        assertEquals(List.of("two"), all());
    }

    @Test
    void severalValuesLieUnderOneKeyAndNoneUnderAnother() throws DhtException {
        dht().put(KEY, value(1, "a", "one"), HOUR);
        dht().put(KEY, value(-1, "a", "two"), HOUR);
        dht().put("f".repeat(40), value(1, "a", "elsewhere"), HOUR);
        assertEquals(List.of("one", "two"), all());
    }

    @Test
    void anAbsentKeyHasNothing() throws DhtException {
        assertEquals(List.of(), all());
    }

    @Test
    void nobodyReplacesAnothersValueUnderTheSameId() throws DhtException {
        dht().put(KEY, value(-1, "a", "genuine"), HOUR);
        dht().put(KEY, value(-1, "b", "impostor"), HOUR);
        assertEquals(List.of("genuine", "impostor"), all());
    }

    @Test
    void everyByteComesBackAndSoDoesTheId() throws DhtException {
        byte[] data = new byte[Dht.MAX_VALUE_BYTES];
        for (int i = 0; i < data.length; i++) data[i] = (byte) (i * 31);
        dht().put(KEY, new Dht.Value(Long.MIN_VALUE + 5, Owner.local("a"), data), HOUR);
        var found = new ArrayList<Dht.Value>();
        dht().lookup(KEY, Limits.USUAL, v -> !found.add(v));
        assertEquals(1, found.size());
        assertArrayEquals(data, found.getFirst().data());
        assertEquals(Long.MIN_VALUE + 5, found.getFirst().id());
    }

    @Test
    void fiveHundredJunkValuesDoNotHideTheGenuineOne() throws DhtException {
        dht().put(KEY, value(7, "a", "genuine"), HOUR);
        atOnce(500, i -> dht().put(KEY, value(i, "junk" + i, "junk"), HOUR));
        var found = new ArrayList<String>();
        dht().lookup(KEY, Limits.USUAL, v -> found.add(text(v)) && text(v).equals("genuine"));
        assertEquals("genuine", found.getLast());
    }

    @Test
    void aFloodByOneWriterEndsInARefusal() throws DhtException {
        dht().put(KEY, value(7, "a", "genuine"), HOUR);
        var refused = assertThrows(DhtException.class, () -> {
            for (int i = 0; i < 2000; i++)
                dht().put(KEY, new Dht.Value(i, Owner.local("flood"), new byte[Dht.MAX_VALUE_BYTES]), HOUR);
        });
        assertEquals(429, refused.status());
        assertTrue(served(Limits.USUAL).contains("genuine"));
    }

    @Test
    void whatIsTooLargeOrHasNoKeyIsRefused() throws DhtException {
        var large = new Dht.Value(1, Owner.local("a"), new byte[Dht.MAX_VALUE_BYTES + 1]);
        assertEquals(
                413,
                assertThrows(DhtException.class, () -> dht().put(KEY, large, HOUR))
                        .status());
        for (String key : List.of("", "../etc", KEY + "0", KEY.toUpperCase(java.util.Locale.ROOT)))
            assertEquals(
                    400,
                    assertThrows(DhtException.class, () -> dht().put(key, value(1, "a", "x"), HOUR))
                            .status(),
                    key);
        assertEquals(List.of(), all());
    }

    @Test
    void aLookupKeepsToItsLimitsAndStopsWhenTold() throws DhtException {
        atOnce(20, i -> dht().put(KEY, value(i, "a", "0123456789"), HOUR));
        limited(7, new Limits(Duration.ofSeconds(5), 7, 1 << 20));
        limited(4, new Limits(Duration.ofSeconds(5), 100, 40));
        var seen = new ArrayList<String>();
        assertTrue(dht().lookup(KEY, Limits.USUAL, v -> seen.add(text(v)) && seen.size() == 3));
        assertEquals(3, seen.size());
        assertTrue(dht().lookup(KEY, new Limits(Duration.ofSeconds(5), 20, 200), _ -> false), "just enough");
    }

    private void limited(int most, Limits limits) throws DhtException {
        var seen = new ArrayList<Dht.Value>();
        assertFalse(dht().lookup(KEY, limits, v -> !seen.add(v)), "it looks like all");
        assertTrue(seen.size() >= most && seen.size() <= sources() * most, seen.size() + " of " + most);
    }

    @Test
    void aSlowVerifierIsStoppedByTheTimeLimit() throws DhtException {
        atOnce(100, i -> dht().put(KEY, new Dht.Value(i, Owner.local("a"), new byte[2000]), HOUR));
        var seen = new ArrayList<Dht.Value>();
        boolean whole = dht().lookup(KEY, new Limits(Duration.ofMillis(300), 1000, 1 << 20), v -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            return !seen.add(v);
        });
        assertFalse(whole);
        assertFalse(seen.isEmpty());
        assertTrue(seen.size() < 100, "all were looked at");
    }

    @Test
    void aValueEndsWithItsTimeUnlessItIsPutAgain() throws DhtException {
        dht().put(KEY, value(1, "a", "short"), Duration.ofSeconds(600));
        dht().put(KEY, value(2, "a", "kept"), Duration.ofSeconds(600));
        pass(Duration.ofSeconds(599));
        assertEquals(List.of("kept", "short"), all());
        dht().put(KEY, value(2, "a", "kept"), Duration.ofSeconds(600));
        pass(Duration.ofSeconds(2));
        assertEquals(List.of("kept"), all());
        pass(Duration.ofSeconds(600));
        assertEquals(List.of(), all());
    }

    @Test
    void aRemovedValueIsGoneAtOnceAndNobodyElsesIs() throws DhtException {
        dht().put(KEY, value(1, "a", "one"), HOUR);
        dht().put(KEY, value(-1, "a", "two"), HOUR);
        dht().put(KEY, value(1, "b", "other"), HOUR);
        dht().remove(KEY, Owner.local("a"), 1);
        assertEquals(List.of("other", "two"), all());
        dht().remove(KEY, Owner.local("a"), 1);
        dht().remove("f".repeat(40), Owner.local("a"), -1);
        dht().remove(KEY, Owner.local("c"), -1);
        assertEquals(List.of("other", "two"), all());
        dht().remove(KEY, Owner.local("a"), -1);
        assertEquals(List.of("other"), all());
        assertEquals(
                400,
                assertThrows(DhtException.class, () -> dht().remove("../etc", Owner.local("a"), 1))
                        .status());
    }

    @Test
    void whatWasRemovedCanBePutAgain() throws DhtException {
        dht().put(KEY, value(1, "a", "one"), HOUR);
        dht().remove(KEY, Owner.local("a"), 1);
        dht().put(KEY, value(1, "a", "again"), HOUR);
        assertEquals(List.of("again"), all());
    }

    @Test
    void aWatcherIsToldOfARemoval() throws Exception {
        dht().put(KEY, value(1, "a", "there"), HOUR);
        var told = new Told();
        try (var _ = dht().watch(KEY, told)) {
            assertEquals(List.of("there"), told.untilComplete());
            dht().remove(KEY, Owner.local("a"), 1);
            assertEquals("gone there", told.next());
            dht().put(KEY, value(1, "a", "again"), HOUR);
            assertEquals("again", told.next());
        }
    }

    @Test
    protected void noValueLivesLongerThanTheEngineSays() throws DhtException {
        dht().put(KEY, value(1, "a", "greedy"), Duration.ofDays(400));
        pass(dht().caps().ttl().plusSeconds(1));
        assertEquals(List.of(), all());
    }

    @Test
    void aWatcherSeesWhatIsThereThenEachChangeAndEachEnd() throws Exception {
        dht().put(KEY, value(1, "a", "there"), Duration.ofSeconds(60));
        var told = new Told();
        try (var _ = dht().watch(KEY, told)) {
            assertEquals(List.of("there"), told.untilComplete());
            dht().put(KEY, value(2, "a", "new"), HOUR);
            assertEquals("new", told.next());
            dht().put(KEY, value(2, "a", "newer"), HOUR);
            assertEquals("newer", told.next());
            dht().put("e".repeat(40), value(2, "a", "elsewhere"), HOUR);
            pass(Duration.ofSeconds(61));
            assertEquals("gone there", told.next());
        }
    }

    @Test
    void aWatchOfAnEmptyKeyIsCompleteAtOnce() throws Exception {
        var told = new Told();
        try (var _ = dht().watch(KEY, told)) {
            assertEquals(List.of(), told.untilComplete());
        }
    }

    @Test
    void aWatcherThatHasLeftHearsNothing() throws Exception {
        var left = new Told();
        var stays = new Told();
        var subscription = dht().watch(KEY, left);
        try (var _ = dht().watch(KEY, stays)) {
            assertEquals(List.of(), left.untilComplete());
            assertEquals(List.of(), stays.untilComplete());
            subscription.close();
            dht().put(KEY, value(1, "a", "new"), HOUR);
            assertEquals("new", stays.next());
            assertNull(left.queue.peek());
        }
    }

    @Test
    void manyWritersAtOnceLoseNothing() throws Exception {
        var start = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var writers = new ArrayList<Future<?>>();
            for (int w = 0; w < 8; w++) {
                String user = "writer" + w;
                writers.add(threads.submit(() -> {
                    start.await();
                    for (int i = 0; i < 20; i++) dht().put(KEY, value(i, user, user + " " + i), HOUR);
                    return null;
                }));
            }
            start.countDown();
            for (var writer : writers) writer.get(60, TimeUnit.SECONDS);
        }
        assertEquals(160, all().stream().distinct().count());
    }

    @Test
    void itSaysThatItIsWell() {
        assertEquals("ok", dht().health());
    }

    @Test
    void afterClosingEveryCallSaysSo() throws Exception {
        var told = new Told();
        var _ = dht().watch(KEY, told);
        assertEquals(List.of(), told.untilComplete());
        dht().close();
        assertThrows(DhtException.class, () -> dht().put(KEY, value(1, "a", "late"), HOUR));
        assertThrows(DhtException.class, () -> dht().remove(KEY, Owner.local("a"), 1));
        assertThrows(DhtException.class, () -> dht().lookup(KEY, Limits.USUAL, _ -> true));
        assertThrows(DhtException.class, () -> dht().watch(KEY, new Told()));
        assertFalse(dht().health().equals("ok"));
        assertNull(told.queue.peek());
    }
}
