package dev.starling.ca.front;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestClock;
import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nonces of several processes: once, whatever their clocks do.
class SharedNoncesTest {
    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));

    private CaStore open() throws IOException {
        return CaStore.inFile(folder.resolve("ca.db"));
    }

    private void sweep(CaStore store) throws IOException {
        store.sweep(clock.instant().getEpochSecond());
    }

    @Test
    void eachCountsOnceAtWhicheverProcessAndForAnHour() throws IOException {
        try (CaStore store = open()) {
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, clock);
            String nonce = one.fresh(), late = one.fresh();
            assertTrue(other.use(nonce));
            assertFalse(one.use(nonce));
            clock.pass(Duration.ofMinutes(61));
            assertFalse(one.use(late));
        }
    }

    @Test
    void aUsedOneThatWasForgottenWhileTheClockWasAheadStaysUsed() throws IOException {
        try (CaStore store = open()) {
            var nonces = new SharedNonces(store, clock);
            String used = nonces.fresh(), unused = nonces.fresh();
            assertTrue(nonces.use(used));
            clock.pass(Duration.ofDays(365));
            sweep(store);
            clock.pass(Duration.ofDays(-365));
            assertFalse(nonces.use(used));
            assertFalse(nonces.use(unused), "nobody knows whether it was used");
            assertFalse(new SharedNonces(store, clock).use(used), "after a restart");
            // It goes on meanwhile, at the process that swept and at others.
            String next = nonces.fresh();
            assertTrue(nonces.use(next));
            assertFalse(nonces.use(next));
            sweep(store);
            assertFalse(nonces.use(next));
        }
    }

    @Test
    void anotherProcessThatKnowsNothingOfTheSweepGoesOnAfterOneRefusal() throws IOException {
        try (CaStore store = open()) {
            var nonces = new SharedNonces(store, clock);
            clock.pass(Duration.ofDays(365));
            sweep(store);
            clock.pass(Duration.ofDays(-365));
            assertFalse(nonces.use(nonces.fresh()));
            assertTrue(nonces.use(nonces.fresh()));
        }
    }

    @Test
    void afterAClockThatWasAheadUsedOnesAreForgottenAnHourLaterAsUsual() throws Exception {
        try (CaStore store = open()) {
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, clock);
            String before = one.fresh();
            clock.pass(Duration.ofDays(365));
            String ahead = one.fresh(), replayed = one.fresh();
            assertTrue(one.use(replayed));
            sweep(store);
            clock.pass(Duration.ofDays(-365));
            sweep(store);
            for (var each : List.of(one, other, new SharedNonces(store, clock)))
                for (String old : List.of(before, ahead, replayed)) assertFalse(each.use(old));
            for (var each : List.of(one, other)) {
                String next = each.fresh();
                assertTrue(each.use(next), "it goes on at both");
                sweep(store);
                assertFalse(each.use(next));
            }
            assertEquals(2, used());
            clock.pass(Duration.ofMinutes(61));
            sweep(store);
            assertEquals(0, used());
        }
    }

    private int used() throws SQLException {
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var statement = db.createStatement();
                var row = statement.executeQuery("select count(*) from used_nonce")) {
            return row.getInt(1);
        }
    }

    @Test
    void secondsBetweenTheClocksOfTwoProcessesCostNoNonce() throws IOException {
        try (CaStore store = open()) {
            var ahead = new TestClock(clock.instant().plusSeconds(30));
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, ahead);
            String early = one.fresh();
            store.sweep(ahead.instant().getEpochSecond());
            sweep(store);
            assertTrue(other.use(early));
            assertTrue(one.use(other.fresh()));
            assertTrue(other.use(one.fresh()));
        }
    }

    /// As of a machine in another time zone than it believes.
    @Test
    void oneThatWasMadeByAClockAnHourAheadCountsOnceAndNotForLong() throws Exception {
        try (CaStore store = open()) {
            var ahead = new TestClock(clock.instant().plus(Duration.ofHours(1)));
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, ahead);
            String used = other.fresh(), here = other.fresh(), left = other.fresh();
            assertTrue(other.use(used));
            assertTrue(one.use(here), "whoever got it there may come here");
            for (int minutes = 0; minutes <= 180; minutes += 20) {
                for (var each : List.of(one, other))
                    for (String old : List.of(used, here)) assertFalse(each.use(old), minutes + " minutes later");
                if (minutes == 120) assertFalse(one.use(left));
                clock.pass(Duration.ofMinutes(20));
                ahead.pass(Duration.ofMinutes(20));
                sweep(store);
            }
            assertEquals(0, used());
        }
    }

    @Test
    void theUseOfOneOfAClockFarAheadEndsAllOthersOfItAtTheNextSweep() throws Exception {
        try (CaStore store = open()) {
            var ahead = new TestClock(clock.instant().plus(Duration.ofDays(365)));
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, ahead);
            String first = other.fresh(), second = other.fresh();
            ahead.pass(Duration.ofDays(-365));
            boolean _ = one.use(first);
            sweep(store);
            for (var each : List.of(one, other)) for (String old : List.of(first, second)) assertFalse(each.use(old));
            clock.pass(Duration.ofMinutes(61));
            sweep(store);
            assertEquals(0, used());
        }
    }

    /// Each asks by turns at both, and once more with the nonce that comes with a refusal (RFC 8555, section 6.5).
    @Test
    void aProcessAnHourAheadStopsNoClient() throws Exception {
        try (CaStore store = open()) {
            var ahead = new TestClock(clock.instant().plus(Duration.ofHours(1)));
            var one = new SharedNonces(store, clock);
            var other = new SharedNonces(store, ahead);
            int turn = 0;
            String nonce = one.fresh();
            for (int round = 0; round < 40; round++) {
                int tries = 0;
                boolean taken = false;
                while (!taken) {
                    assertTrue(++tries <= 4, "in round " + round);
                    var asked = turn++ % 2 == 0 ? one : other;
                    taken = asked.use(nonce);
                    nonce = asked.fresh();
                }
                clock.pass(Duration.ofMinutes(5));
                ahead.pass(Duration.ofMinutes(5));
                nonce = one.fresh();
                if (round % 8 == 3) store.sweep(ahead.instant().getEpochSecond());
                if (round % 8 == 7) sweep(store);
            }
        }
    }
}
