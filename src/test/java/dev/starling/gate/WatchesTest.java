package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// Listeners of one key that come and go while the engine tells of it from a thread of its own.
class WatchesTest {
    private static final String KEY = "03".repeat(20);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /// Ends and begins a watch only when what it is telling meanwhile has been taken, as an engine does that tells
    /// under a lock.
    private static final class Telling implements Dht {
        private final List<String> wrong = new ArrayList<>();
        private int told;

        private void tell(Watcher watcher, String when) {
            var value = new Value(++told, Owner.UNKNOWN, new byte[3]);
            var teller = Thread.ofVirtual().start(() -> watcher.changed(new Event(value, false)));
            try {
                if (!teller.join(PATIENCE)) wrong.add(when);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                wrong.add("interrupted");
            }
        }

        @Override
        public Subscription watch(String key, Watcher watcher) {
            tell(watcher, "while a watch begins");
            return () -> tell(watcher, "while a watch ends");
        }

        @Override
        public Caps caps() {
            return new Caps(MAX_VALUE_BYTES, Duration.ofHours(1), Duration.ofHours(1));
        }

        @Override
        public void put(String key, Value value, Duration ttl) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void remove(String key, Owner owner, long id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void lookup(String key, Limits limits, Predicate<Value> enough) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String health() {
            return "ok";
        }

        @Override
        public void close() {}
    }

    @Test
    void theEngineMayTellWhileAWatchBeginsAndEnds() throws Exception {
        try (var engine = new Telling()) {
            var watches = new Watches(engine, 1 << 20);
            var told = new ArrayList<Long>();
            var open = watches.watch(KEY, event -> told.add(event.value().id()));
            open.close();
            assertEquals(List.of(), engine.wrong);
            assertEquals(List.of(1L), told, "nothing is told to who has left");
            assertEquals(2, engine.told);
            assertTrue(watches.size() == 0);
        }
    }
}
