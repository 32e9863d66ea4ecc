package dev.starling.dht.opendht;

import dev.starling.StandingClock;
import dev.starling.dht.DhtContract;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The engine over a simulated network whose nodes forget when our clock says so: ten minutes pass in no time.
class SimulatedOpenDhtTest extends DhtContract {
    private final StandingClock clock = new StandingClock();
    private final FakeNetwork network = new FakeNetwork(clock);

    @TempDir
    static @org.jspecify.annotations.Nullable Path folder;

    private @org.jspecify.annotations.Nullable FakeProxy one;
    private @org.jspecify.annotations.Nullable FakeProxy other;
    private @org.jspecify.annotations.Nullable OpenDht dht;

    @BeforeEach
    void open() throws IOException {
        one = new FakeProxy(network);
        other = new FakeProxy(network);
        var key = SlotKeys.in(Objects.requireNonNull(folder).resolve("slot.key"));
        dht = new OpenDht(List.of(one.base(), other.base()), key, clock, OpenDht.Patience.USUAL);
    }

    @AfterEach
    void close() {
        dht().close();
        Objects.requireNonNull(one).close();
        Objects.requireNonNull(other).close();
    }

    @Override
    protected int sources() {
        return 2;
    }

    @Override
    protected OpenDht dht() {
        return Objects.requireNonNull(dht);
    }

    @Override
    protected void pass(Duration time) {
        clock.pass(time);
        network.sweep();
        dht().sweep();
    }
}
