package dev.starling.dht.opendht;

import static dev.starling.dht.opendht.Fakes.KEY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.DhtContract.Told;
import dev.starling.dht.opendht.FakeProxy.Call;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A proxy that ends every stream, politely and with a genuine value in it: what it makes us do stays little. Time and
/// threads are the test's.
class EndingStreamsTest {
    private static final long DAY_MILLIS = Duration.ofDays(1).toMillis();

    private record Later(long millis, Runnable task) {}

    /// Keeps what is to be done until the test does it.
    private final class Kept implements Watching.Work {
        private final LinkedBlockingQueue<Later> later = new LinkedBlockingQueue<>();
        private final LinkedBlockingQueue<Runnable> soon = new LinkedBlockingQueue<>();
        private final AtomicLong now = new AtomicLong();

        @Override
        public void later(long millis, Runnable task) {
            // Those of the look-ups that come round each two days are not what this is about.
            if (millis < DAY_MILLIS) later.add(new Later(millis, task));
        }

        @Override
        public long millis() {
            return now.get();
        }

        @Override
        public boolean takeStream() {
            return true;
        }

        @Override
        public void giveStream() {}

        @Override
        public void soon(Runnable task) {
            soon.add(task);
        }

        @Override
        public boolean lookup(String key, Predicate<Signed> every) {
            boolean _ = every.test(value);
            return true;
        }

        /// The pause after the next stream that ends.
        private Later ended() throws InterruptedException {
            var next = later.poll(20, TimeUnit.SECONDS);
            if (next == null) throw new AssertionError("no stream ended");
            return next;
        }

        private void lookUp() {
            for (var task = soon.poll(); task != null; task = soon.poll()) task.run();
        }
    }

    @TempDir
    Path folder = Path.of("");

    private final Kept work = new Kept();
    private Fakes fakes = new Fakes(folder);
    private Signed value = new Signed(1, 0, new byte[0], new byte[0], new byte[0], false);
    private Rest rest = new Rest(Duration.ofSeconds(2));
    private Proxies proxies = new Proxies(List.of(), rest, Duration.ofSeconds(4), Duration.ofDays(1));
    private volatile CountDownLatch hold = new CountDownLatch(0);

    @BeforeEach
    void open() throws Exception {
        fakes = new Fakes(folder);
        long end = fakes.clock.instant().getEpochSecond() + 3600;
        value = SlotKeys.next().sign(77, 1, new Envelope(9, end, new byte[] {'v'}).bytes());
        var proxy = fakes.proxy();
        proxy.tricks.put(Call.LISTEN, (exchange, _) -> {
            hold.await();
            FakeProxy.answer(exchange, 200, value.json() + "\n");
        });
        proxies = new Proxies(List.of(proxy.base()), rest, Duration.ofSeconds(4), Duration.ofDays(1));
        assertEquals("ok", proxies.health());
    }

    @AfterEach
    void close() {
        hold.countDown();
        rest.close();
        fakes.close();
    }

    private Watching watching(Told told) {
        var watching = new Watching(KEY, proxies, rest, fakes.clock, Duration.ofDays(4), work);
        watching.add(told);
        watching.start();
        return watching;
    }

    @Test
    void thePausesGrowThoughValuesAreFound() throws Exception {
        var told = new Told();
        var watching = watching(told);
        var pauses = new ArrayList<Long>();
        for (int i = 0; i < 12; i++) {
            var next = work.ended();
            pauses.add(next.millis());
            work.lookUp();
            next.task().run();
        }
        assertEquals(List.of("v"), told.untilComplete());
        for (int i = 0; i < pauses.size(); i++)
            assertTrue(pauses.get(i) >= Math.min(30_000, 200L << i) / 2, pauses.toString());
        watching.close();
    }

    @Test
    void oneLookUpWaitsForItsTurnHoweverManyStreamsEnd() throws Exception {
        var watching = watching(new Told());
        for (int i = 0; i < 5; i++) work.ended().task().run();
        assertEquals(1, work.soon.size());
        work.lookUp();
        for (int i = 0; i < 5; i++) work.ended().task().run();
        assertEquals(1, work.soon.size());
        watching.close();
    }

    @Test
    void aStreamThatEndsAtOnceCountsAgainstItsProxyAndOneThatLivedDoesNot() throws Exception {
        hold = new CountDownLatch(1);
        var watching = watching(new Told());
        work.now.addAndGet(2000);
        hold.countDown();
        var next = work.ended();
        assertEquals(1, proxies.working());
        next.task().run();
        var _ = work.ended();
        assertEquals(0, proxies.working());
        watching.close();
    }

    @Test
    void aStreamThatLivedLongMakesUpForThoseBefore() throws Exception {
        var watching = watching(new Told());
        for (int i = 0; i < 6; i++) work.ended().task().run();
        var last = work.ended();
        assertTrue(last.millis() >= 6400, "waits " + last.millis());
        hold = new CountDownLatch(1);
        last.task().run();
        work.now.addAndGet(31_000);
        hold.countDown();
        assertTrue(work.ended().millis() < 300);
        watching.close();
    }
}
