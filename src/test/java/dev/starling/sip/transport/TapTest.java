package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Who watches is told of each message, and nobody else of anything.
class TapTest {
    private static final Tap.Ends ENDS =
            new Tap.Ends("UDP", new InetSocketAddress("192.0.2.1", 5060), new InetSocketAddress(0), Optional.empty());
    private final Tap tap = new Tap();
    private final List<Tap.Passed> seen = new ArrayList<>();

    @Test
    void whoWatchesIsToldUntilHeStops() {
        byte[] message = {1};
        tap.in(ENDS, message);
        assertFalse(tap.isWatched());
        Runnable stop = tap.watch(seen::add).orElseThrow();
        assertTrue(tap.isWatched());
        tap.in(ENDS, message);
        tap.out(ENDS, message);
        stop.run();
        tap.out(ENDS, message);
        assertFalse(tap.isWatched());
        assertEquals(
                List.of(Tap.Direction.IN, Tap.Direction.OUT),
                seen.stream().map(Tap.Passed::direction).toList());
        assertSame(message, seen.getFirst().bytes(), "no copy");
        assertSame(ENDS, seen.getFirst().ends());
    }

    @Test
    void onlySoManyWatch() {
        for (int i = 0; i < 8; i++) assertTrue(tap.watch(seen::add).isPresent());
        assertTrue(tap.watch(seen::add).isEmpty());
    }
}
