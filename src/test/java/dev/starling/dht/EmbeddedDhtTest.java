package dev.starling.dht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.dht.embedded.EmbeddedDht;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDhtTest extends DhtContract {
    private static final String KEY = "ff".repeat(20);

    /// A clock that stands until it is moved.
    private static final class Standing extends Clock {
        private Instant now = Instant.parse("2026-11-24T12:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private final Standing clock = new Standing();

    @TempDir
    Path folder = Path.of("unset");

    private Dht dht = new NoDht();

    @BeforeEach
    void open() throws DhtException {
        dht = new EmbeddedDht(folder.resolve("dht.db"), new EmbeddedDht.Bounds(600, 600, 1 << 20, 1 << 28), clock);
    }

    @AfterEach
    void close() {
        dht.close();
    }

    @Override
    Dht dht() {
        return dht;
    }

    private int count() throws DhtException {
        var n = new AtomicInteger();
        dht.lookup(KEY, Dht.Limits.USUAL, _ -> n.incrementAndGet() < 0);
        return n.get();
    }

    @Test
    void aValueEndsWithItsTime() throws DhtException {
        dht.put(KEY, new Dht.Value(1, "a", new byte[10]), Duration.ofSeconds(600));
        clock.now = clock.now.plusSeconds(599);
        assertEquals(1, count());
        clock.now = clock.now.plusSeconds(2);
        assertEquals(0, count());
    }

    @Test
    void aRestartKeepsWhatWasAcknowledged() throws DhtException {
        dht.put(KEY, new Dht.Value(1, "a", new byte[10]), Duration.ofSeconds(600));
        dht.close();
        open();
        assertEquals(1, count());
    }

    @Test
    void oneOwnerCannotFillTheStore() throws DhtException {
        for (int i = 0; i < 32; i++) dht.put(KEY, new Dht.Value(i, "greedy", new byte[32 * 1024]), Duration.ofHours(1));
        var refused = assertThrows(
                DhtException.class,
                () -> dht.put(KEY, new Dht.Value(99, "greedy", new byte[32 * 1024]), Duration.ofHours(1)));
        assertEquals(429, refused.status());
        dht.put(KEY, new Dht.Value(1, "modest", new byte[10]), Duration.ofHours(1));
    }

    @Test
    void aKeyThatIsNoKeyIsRefused() {
        assertThrows(
                DhtException.class, () -> dht.put("../etc", new Dht.Value(1, "a", new byte[1]), Duration.ofHours(1)));
    }
}
