package dev.starling.dht.opendht;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.DhtContract;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The engine over eight real nodes. Each test has keys of its own, because the nodes forget nothing for ten minutes.
/// What a value's own end is about is tested by moving our clock; that the nodes forget by themselves takes ten
/// minutes of real time and is in the long group.
class OpenDhtTest extends DhtContract {
    private static final int NODES = 8, PROXIES = 3;
    private static @org.jspecify.annotations.Nullable DhtNodes nodes;

    private final StandingClock clock = new StandingClock();

    @TempDir
    static @org.jspecify.annotations.Nullable Path folder;

    private @org.jspecify.annotations.Nullable Salted dht;

    @BeforeAll
    static void startNodes() throws IOException, InterruptedException {
        nodes = DhtNodes.start(NODES, PROXIES);
    }

    @AfterAll
    static void stopNodes() {
        if (nodes != null) nodes.close();
    }

    @BeforeEach
    void open() throws IOException {
        var key = SlotKeys.in(Objects.requireNonNull(folder).resolve("slot.key"));
        var proxies = Objects.requireNonNull(nodes).proxies();
        dht = new Salted(
                new OpenDht(proxies, key, clock, OpenDht.Patience.USUAL),
                UUID.randomUUID().toString());
    }

    @AfterEach
    void close() {
        dht().close();
    }

    @Override
    protected int sources() {
        return 2;
    }

    @Override
    protected Salted dht() {
        return Objects.requireNonNull(dht);
    }

    @Override
    protected void pass(Duration time) {
        clock.pass(time);
        dht().dht().sweep();
    }

    /// Ten minutes of real time: the nodes have clocks of their own.
    @Override
    @Test
    @Tag("long")
    protected void noValueLivesLongerThanTheEngineSays() throws DhtException {
        dht().put(KEY, value(1, "a", "greedy"), Duration.ofDays(400));
        long end = System.nanoTime() + dht().caps().ttl().plusMinutes(2).toNanos();
        while (!all().isEmpty()) {
            assertTrue(System.nanoTime() - end < 0, "it still lives");
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(5));
        }
    }
}
