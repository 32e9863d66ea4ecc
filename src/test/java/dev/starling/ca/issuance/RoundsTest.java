package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestClock;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// A hundred orders, and a DNS that takes ten seconds for each domain and says nothing: simulated time.
class RoundsTest {
    private static final Duration SLOW = Duration.ofSeconds(10);

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private static Order order(int number, String domain) {
        return new Order(
                "order " + number,
                "account",
                "authorization",
                "email",
                "bob@" + domain,
                Order.Status.PROCESSING,
                0,
                Long.MAX_VALUE,
                new byte[0],
                "",
                "",
                Fault.NONE);
    }

    private static List<Order> orders(int count) {
        return IntStream.range(0, count)
                .mapToObj(each -> order(each, "d" + each + ".example"))
                .toList();
    }

    private boolean slow(Order order) {
        asked.add(order.id());
        synchronized (clock) {
            clock.pass(SLOW);
        }
        return false;
    }

    @Test
    void aRoundEndsAndEveryOrderHasItsTurnBeforeAnyHasASecondOne() throws Exception {
        var rounds = new Rounds(this::slow, clock);
        Set<String> seen = new HashSet<>();
        int most = (int) (Rounds.ROUND.toSeconds() / SLOW.toSeconds()) + Rounds.AT_ONCE;
        for (int round = 0; seen.size() < 100; round++) {
            Instant before = clock.instant();
            rounds.round(orders(100));
            assertTrue(asked.size() > 0 && asked.size() <= most, asked::toString);
            // All that were begun in time may come to their ends after one another in the worst case.
            assertTrue(Duration.between(before, clock.instant())
                            .compareTo(Rounds.ROUND.plus(SLOW.multipliedBy(Rounds.AT_ONCE)))
                    <= 0);
            if (seen.size() + asked.size() <= 100)
                for (String each : asked) assertTrue(seen.add(each), each + " again in round " + round);
            else seen.addAll(asked);
            asked.clear();
        }
    }

    @Test
    void oneThatIsNewComesBeforeThoseThatWait() throws Exception {
        var rounds = new Rounds(this::slow, clock);
        var all = new ArrayList<>(orders(20));
        while (Set.copyOf(asked).size() < all.size()) rounds.round(all);
        asked.clear();
        all.add(order(99, "new.example"));
        rounds.round(all);
        assertTrue(asked.size() < all.size() && asked.contains("order 99"), asked::toString);
    }

    @Test
    void aDomainThatSaysNothingIsAskedForOnceInARound() throws Exception {
        var rounds = new Rounds(this::slow, clock);
        rounds.round(IntStream.range(0, 100)
                .mapToObj(each -> order(each, "dead.example"))
                .toList());
        // Some at once, while none has heard of the others.
        assertTrue(asked.size() <= Rounds.AT_ONCE, asked::toString);
    }

    @Test
    void someAreWorkedOnAtOnceAndNoMore() throws Exception {
        var together = new CountDownLatch(Rounds.AT_ONCE);
        var inside = new java.util.concurrent.atomic.AtomicInteger();
        var rounds = new Rounds(
                order -> {
                    assertTrue(inside.incrementAndGet() <= Rounds.AT_ONCE);
                    together.countDown();
                    try {
                        if (!together.await(20, TimeUnit.SECONDS)) asked.add(order.id());
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    inside.decrementAndGet();
                    return true;
                },
                clock);
        rounds.round(orders(100));
        assertEquals(List.of(), asked, "they wait for each other, so they must be there together");
    }

    @Test
    void thoseThatWeCannotDealWithStopNoOther() {
        var rounds = new Rounds(
                order -> {
                    asked.add(order.id());
                    throw new IllegalStateException("as a fault of ours would");
                },
                clock);
        assertThrows(IOException.class, () -> rounds.round(orders(100)));
        assertEquals(100, asked.size());
    }

    @Test
    void oneThatFailsStopsNoOther() {
        var rounds = new Rounds(
                order -> {
                    asked.add(order.id());
                    if (order.id().equals("order 1")) throw new IOException("the store is gone");
                    return true;
                },
                clock);
        assertEquals(
                "the store is gone",
                assertThrows(IOException.class, () -> rounds.round(orders(100))).getMessage());
        assertEquals(100, asked.size());
    }
}
