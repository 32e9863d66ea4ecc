package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TimerWheelTest {
    private static final long MILLI = 1_000_000;

    private long now = 123_456_789;
    private final TimerWheel wheel = new TimerWheel(() -> now);
    private final List<String> fired = new ArrayList<>();

    private Runnable set(long millis, String name) {
        return wheel.brief(Duration.ofMillis(millis), () -> fired.add(name));
    }

    private void passes(long millis) {
        now += millis * MILLI;
        wheel.due();
    }

    @Test
    void firesNeverEarlyAndOneTickLateAtMost() {
        set(500, "a");
        passes(499);
        assertEquals(List.of(), fired);
        passes(11);
        assertEquals(List.of("a"), fired);
        passes(100_000);
        assertEquals(List.of("a"), fired);
    }

    @Test
    void whatIsTakenBackDoesNotFireAndItsNeighboursDo() {
        set(500, "a");
        Runnable off = set(500, "b");
        set(500, "c");
        off.run();
        off.run();
        passes(510);
        assertEquals(List.of("c", "a"), fired);
    }

    @Test
    void whatIsDueInALaterTurnWaitsForIt() {
        set(60_000, "minute");
        set(3 * 3_600_000, "hours");
        for (int i = 0; i < 59; i++) passes(1_000);
        assertEquals(List.of(), fired);
        passes(1_010);
        assertEquals(List.of("minute"), fired);
        // The machine slept.
        passes(4 * 3_600_000);
        assertEquals(List.of("minute", "hours"), fired);
    }

    @Test
    void thousandsFireEachAtItsTime() {
        var random = new SplittableRandom(7);
        long[] late = new long[5_000];
        for (int i = 0; i < late.length; i++) {
            int each = i;
            long millis = random.nextLong(100_000), due = now + millis * MILLI;
            Runnable off = wheel.brief(Duration.ofMillis(millis), () -> late[each] = now - due + 1);
            if (i % 3 == 0) off.run();
        }
        for (int i = 0; i < 100_020; i += 5) passes(5);
        for (int i = 0; i < late.length; i++)
            if (i % 3 == 0) assertEquals(0, late[i]);
            else assertTrue(late[i] > 0 && late[i] <= 15 * MILLI + 1, i + ": " + late[i]);
    }

    @Test
    void aTaskThatFailsHoldsUpNoOther() {
        wheel.brief(Duration.ofMillis(10), () -> {
            throw new IllegalStateException("wanted by the test");
        });
        set(20, "a");
        passes(50);
        assertEquals(List.of("a"), fired);
    }

    @Test
    void itsThreadWakesForWhatIsDueBeforeTheRest() throws InterruptedException {
        try (var running = TimerWheel.started()) {
            var soon = new CountDownLatch(1);
            running.after(Duration.ofHours(1), () -> {});
            running.after(Duration.ofMillis(30), () -> running.brief(Duration.ofMillis(5), soon::countDown));
            assertTrue(soon.await(20, TimeUnit.SECONDS));
        }
    }
}
