package dev.starling.dht.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht.Owner;
import dev.starling.dht.embedded.Shares.Slot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharesTest {
    private static final Bounds BOUNDS = new Bounds(10, 10_000, 10, 10_000, 10, 10_000, 10_000, 10_000);

    private static Slot slot(long row, String peer, String user, int size) {
        return new Slot(row, new Owner(peer, user), row, size, row);
    }

    private static List<Slot> flood(int n, int size) {
        var all = new ArrayList<Slot>();
        for (int i = 1; i <= n; i++) all.add(slot(i, "", "flood", size));
        return all;
    }

    @Test
    void withRoomNobodyLeaves() {
        assertEquals(
                List.of(),
                Shares.room(flood(9, 10), slot(99, "", "a", 10), BOUNDS).orElseThrow());
    }

    @Test
    void theNewestOfTheHeaviestLeaves() {
        assertEquals(
                List.of(slot(10, "", "flood", 10)),
                Shares.room(flood(10, 10), slot(99, "", "a", 10), BOUNDS).orElseThrow());
    }

    @Test
    void asManyLeaveAsTheBytesNeed() {
        assertEquals(
                3,
                Shares.room(flood(10, 1000), slot(99, "", "a", 3000), BOUNDS)
                        .orElseThrow()
                        .size());
    }

    @Test
    void whoHoldsMostGetsNothingMore() {
        assertTrue(Shares.room(flood(10, 10), slot(99, "", "flood", 10), BOUNDS).isEmpty());
    }

    @Test
    void amongEqualsTheNewcomerIsRefused() {
        var present = new ArrayList<Slot>();
        for (int i = 0; i < 10; i++) present.add(slot(i, "", "user" + i, 10));
        assertTrue(Shares.room(present, slot(99, "", "user10", 10), BOUNDS).isEmpty());
    }

    @Test
    void aSearchServesEachPeerInTurnAndEachOfItsUsers() {
        var order = Shares.fair(List.of(
                slot(1, "h", "x", 10),
                slot(2, "h", "y", 10),
                slot(3, "h", "z", 10),
                slot(4, "", "a", 900),
                slot(5, "", "a", 800),
                slot(6, "", "b", 950)));
        assertEquals(
                List.of(3L, 5L, 2L, 6L, 1L, 4L), order.stream().map(Slot::row).toList());
    }

    @Test
    void nothingIsLostInTheOrderAndTheBoundsHoldAfterMakingRoom() {
        var random = new Random(20261124);
        for (int round = 0; round < 2000; round++) {
            var present = new ArrayList<Slot>();
            for (int i = random.nextInt(11), bytes = 0; i > 0; i--) {
                var next = slot(i, "p" + random.nextInt(3), "u" + random.nextInt(3), 1 + random.nextInt(2000));
                if ((bytes += next.size()) <= BOUNDS.bytesPerKey()) present.add(next);
            }
            assertEquals(new HashSet<>(present), new HashSet<>(Shares.fair(present)));
            assertEquals(present.size(), Shares.fair(present).size());
            var newcomer = slot(99, "p" + random.nextInt(4), "u" + random.nextInt(3), 1 + random.nextInt(2000));
            var leaving = Shares.room(present, newcomer, BOUNDS);
            if (leaving.isEmpty()) continue;
            present.removeAll(leaving.get());
            present.add(newcomer);
            assertTrue(present.size() <= BOUNDS.valuesPerKey());
            assertTrue(present.stream().mapToLong(Slot::size).sum() <= BOUNDS.bytesPerKey());
            assertTrue(leaving.get().stream().noneMatch(s -> s.owner().equals(newcomer.owner())));
        }
    }
}
