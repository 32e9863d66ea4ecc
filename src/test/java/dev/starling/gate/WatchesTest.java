package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// The gate's watches over an engine that tells from a thread of its own and lets nobody in meanwhile.
class WatchesTest {
    private static final String KEY = "5a".repeat(20);

    /// Calls of `watch` and of `close` return only when what is being told from another thread has arrived: an engine
    /// that holds a lock while it tells does the same.
    private static final class Telling implements Dht {
        private final List<Watcher> watchers = new ArrayList<>();
        private final List<String> stuck = new ArrayList<>();
        private int size = 3, opened, closed;
        private boolean refuses;

        private void tell(String during) {
            var told = new CountDownLatch(1);
            Thread.ofVirtual().start(() -> {
                for (var each : List.copyOf(watchers)) {
                    each.changed(new Event(value(opened, size), false));
                    each.complete();
                }
                told.countDown();
            });
            try {
                if (!told.await(5, TimeUnit.SECONDS)) stuck.add(during);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public Subscription watch(String key, Watcher watcher) throws DhtException {
            opened++;
            if (refuses) throw new DhtException(503, "too many");
            watchers.add(watcher);
            tell("watch");
            return () -> {
                closed++;
                tell("close");
                watchers.remove(watcher);
            };
        }

        @Override
        public Caps caps() {
            throw new IllegalStateException();
        }

        @Override
        public void put(String key, Value value, Duration ttl) {
            throw new IllegalStateException();
        }

        @Override
        public void remove(String key, Owner owner, long id) {
            throw new IllegalStateException();
        }

        @Override
        public boolean lookup(String key, Limits limits, Predicate<Value> enough) {
            throw new IllegalStateException();
        }

        @Override
        public String health() {
            return "ok";
        }

        @Override
        public void close() {}
    }

    private static final class Told implements Dht.Watcher {
        private final List<Long> values = new ArrayList<>();
        private int complete;

        @Override
        public synchronized void changed(Dht.Event event) {
            values.add(event.value().id());
        }

        @Override
        public synchronized void complete() {
            complete++;
        }

        synchronized List<Long> values() {
            return List.copyOf(values);
        }
    }

    private static Dht.Value value(long id, int size) {
        return new Dht.Value(id, Dht.Owner.local("a"), new byte[size]);
    }

    private final Telling engine = new Telling();

    @Test
    void theEngineMayTellWhileAWatchIsOpenedAndClosed() throws DhtException {
        var watches = new Watches(engine, 1 << 20);
        var first = new Told();
        var second = new Told();
        var one = watches.watch(KEY, first);
        var other = watches.watch(KEY, second);
        assertEquals(List.of(1L), first.values());
        assertEquals(List.of(1L), second.values());
        assertTrue(first.complete == 1 && second.complete == 1);
        one.close();
        assertEquals(0, engine.closed);
        other.close();
        assertEquals(List.of(), engine.stuck);
        assertEquals(1, engine.opened);
        assertEquals(1, engine.closed);
        assertEquals(0, watches.size());
        assertEquals(List.of(1L), second.values(), "told after it was closed");
    }

    @Test
    void theSameWhereThereIsTooMuchToBeKept() throws DhtException {
        engine.size = 70_000;
        var watches = new Watches(engine, 1 << 20);
        var second = new Told();
        var one = watches.watch(KEY, new Told());
        var other = watches.watch(KEY, second);
        assertEquals(List.of(2L), second.values());
        other.close();
        one.close();
        assertEquals(List.of(), engine.stuck);
        assertEquals(2, engine.opened);
        assertEquals(2, engine.closed);
        assertEquals(List.of(), engine.watchers);
    }

    @Test
    void whoComesAfterARefusalAsksTheEngineAgain() throws DhtException {
        var watches = new Watches(engine, 1 << 20);
        engine.refuses = true;
        assertEquals(
                503,
                assertThrows(DhtException.class, () -> watches.watch(KEY, new Told()))
                        .status());
        assertEquals(0, watches.size());
        engine.refuses = false;
        var told = new Told();
        try (var _ = watches.watch(KEY, told)) {
            assertEquals(List.of(2L), told.values());
        }
        assertEquals(List.of(), engine.stuck);
    }
}
