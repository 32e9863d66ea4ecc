package dev.starling.dht.opendht;

import static dev.starling.dht.opendht.Fakes.HOUR;
import static dev.starling.dht.opendht.Fakes.KEY;
import static dev.starling.dht.opendht.Fakes.all;
import static dev.starling.dht.opendht.Fakes.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.FakeProxy.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Putting: numbers that rise whatever happens to us, slots that nobody shares, proxies that swallow what they take.
class WritingTest {
    @TempDir
    Path folder = Path.of("");

    private Fakes fakes = new Fakes(folder);

    @BeforeEach
    void open() {
        fakes = new Fakes(folder);
    }

    @AfterEach
    void close() {
        fakes.close();
    }

    @Test
    void aProxyThatSwallowsWhatItTakesIsNoticedAndAvoided() throws Exception {
        var swallows = fakes.proxy();
        var honest = fakes.proxy();
        swallows.tricks.put(Call.PUT, FakeProxy.NOTHING);
        var dht = fakes.dht(swallows, honest);
        for (int i = 0; i < 20; i++) dht.put(KEY, value(i, "a", "v" + i), HOUR);
        assertEquals(20, all(dht).size());
        assertEquals(20, fakes.network.size(KEY));
        assertTrue(swallows.count(Call.PUT) <= 2, "asked " + swallows.count(Call.PUT) + " times");
    }

    @Test
    void aSwallowerWithoutAnotherBesideItIsReported() throws Exception {
        var swallows = fakes.proxy();
        swallows.tricks.put(Call.PUT, FakeProxy.NOTHING);
        var dht = fakes.dht(swallows);
        var refused = assertThrows(DhtException.class, () -> dht.put(KEY, value(1, "a", "x"), HOUR));
        assertTrue(refused.away());
        assertTrue(String.valueOf(refused.getMessage()).contains("does not store"), refused.getMessage());
    }

    @Test
    void oneThatDeniesWhatLiesThereStopsNobody() throws Exception {
        var denies = fakes.proxy();
        var honest = fakes.proxy();
        denies.tricks.put(Call.GET, FakeProxy.EMPTY);
        var dht = fakes.dht(denies, honest);
        for (int i = 0; i < 10; i++) dht.put(KEY, value(i, "a", "v" + i), HOUR);
        assertEquals(10, fakes.network.size(KEY));
    }

    @Test
    void aStallingProxyIsNotWaitedFor() throws Exception {
        var stalls = fakes.proxy();
        var honest = fakes.proxy();
        stalls.tricks.put(Call.PUT, FakeProxy.STALL);
        var patient = new OpenDht.Patience(
                Duration.ofSeconds(2),
                Duration.ofMinutes(1),
                Duration.ofSeconds(10),
                Duration.ofMinutes(4),
                10,
                Duration.ZERO);
        var dht = fakes.dht("slot.key", patient, stalls, honest);
        for (int i = 0; i < 6; i++) {
            long start = System.nanoTime();
            dht.put(KEY, value(i, "a", "v" + i), HOUR);
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(20).toNanos());
        }
    }

    @Test
    void refusalsAndDeadProxiesAreWalkedAround() throws Exception {
        var refuses = fakes.proxy();
        var dead = fakes.proxy();
        var honest = fakes.proxy();
        refuses.tricks.put(Call.PUT, (exchange, _) -> FakeProxy.answer(exchange, 502, "{\"err\":\"Put failed\"}"));
        dead.close();
        var dht = fakes.dht(refuses, dead, honest);
        for (int i = 0; i < 10; i++) dht.put(KEY, value(i, "a", "v" + i), HOUR);
        assertEquals(10, fakes.network.size(KEY));
        assertEquals("ok", dht.health());
    }

    @Test
    void allProxiesDieAndComeBack() throws Exception {
        var one = fakes.proxy();
        var other = fakes.proxy();
        var dht = fakes.dht(one, other);
        dht.put(KEY, value(1, "a", "before"), HOUR);
        one.close();
        other.close();
        assertTrue(assertThrows(DhtException.class, () -> dht.put(KEY, value(1, "a", "lost"), HOUR))
                .away());
        assertTrue(assertThrows(DhtException.class, () -> all(dht)).away());
        assertTrue(dht.health().contains("no DHT proxy works"), dht.health());
        var _ = fakes.again(one);
        var _ = fakes.again(other);
        // Penalties or not: when none is free, all are tried.
        dht.put(KEY, value(1, "a", "after"), HOUR);
        assertEquals(List.of("after"), all(dht));
        assertEquals("ok", dht.health());
    }

    @Test
    void afterARestartTheSameSlotIsReplaced() throws Exception {
        var proxy = fakes.proxy();
        fakes.dht(proxy).put(KEY, value(1, "a", "one"), HOUR);
        fakes.clock.pass(Duration.ofSeconds(1));
        var restarted = fakes.dht(proxy);
        restarted.put(KEY, value(1, "a", "two"), HOUR);
        assertEquals(List.of("two"), all(restarted));
        assertEquals(1, fakes.network.size(KEY));
    }

    @Test
    void aClockThatWasSetBackIsMadeUpFor() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        for (int i = 0; i < 5; i++) dht.put(KEY, value(1, "a", "before " + i), HOUR);
        // Within the same period, so that the slot stays the same.
        fakes.clock.pass(Duration.ofMinutes(-30));
        var restarted = fakes.dht(proxy);
        restarted.put(KEY, value(1, "a", "after"), HOUR);
        assertEquals(List.of("after"), all(restarted));
        restarted.put(KEY, value(1, "a", "later"), HOUR);
        assertEquals(List.of("later"), all(restarted));
    }

    @Test
    void whenTheNumberBeginsAnewTheOldValueEnds() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        long second = fakes.clock.instant().getEpochSecond() % Slots.PERIOD.toSeconds();
        fakes.clock.pass(Slots.PERIOD.minusSeconds(second + 60));
        dht.put(KEY, value(1, "a", "old period"), HOUR);
        long before =
                Signed.parse(fakes.network.get(KEY).getFirst()).orElseThrow().id();
        fakes.clock.pass(Duration.ofSeconds(61));
        dht.put(KEY, value(1, "a", "new period"), HOUR);
        assertEquals(List.of("new period"), all(dht));
        assertEquals(2, fakes.network.size(KEY));
        assertNotEquals(
                before,
                Signed.parse(fakes.network.get(KEY).getLast()).orElseThrow().id());
    }

    @Test
    void noTwoPeersUsersIdsOrKeysShareASlot() throws Exception {
        var proxy = fakes.proxy();
        var mine = fakes.dht(proxy);
        var theirs = fakes.dht("other.key", Fakes.SHORT, proxy);
        mine.put(KEY, value(1, "a", "1"), HOUR);
        mine.put(KEY, value(1, "b", "2"), HOUR);
        mine.put(KEY, value(2, "a", "3"), HOUR);
        mine.put(KEY, new Dht.Value(1, new Dht.Owner("p", "a"), new byte[] {'4'}), HOUR);
        mine.put(KEY, new Dht.Value(1, new Dht.Owner("pa", ""), new byte[] {'5'}), HOUR);
        theirs.put(KEY, value(1, "a", "6"), HOUR);
        assertEquals(List.of("1", "2", "3", "4", "5", "6"), all(mine));
    }

    @Test
    void whatIsPutAgainUnchangedIsTheSameValueToTheNodes() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        long end = 3600;
        dht.put(KEY, value(1, "a", "x"), Duration.ofSeconds(end));
        String first = fakes.network.get(KEY).getFirst();
        fakes.clock.pass(Duration.ofSeconds(510));
        dht.put(KEY, value(1, "a", "x"), Duration.ofSeconds(end - 510));
        assertEquals(List.of(first), fakes.network.get(KEY));
        fakes.clock.pass(Duration.ofSeconds(510));
        assertEquals(List.of("x"), all(dht));
    }

    @Test
    void nothingIsEverPermanent() throws Exception {
        var proxy = fakes.proxy();
        fakes.dht(proxy).put(KEY, value(1, "a", "x"), Duration.ofDays(30));
        assertFalse(fakes.network.get(KEY).getFirst().contains("permanent"));
    }

    @Test
    void whatIsRemovedIsGoneForEverybody() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        dht.put(KEY, value(1, "a", "x"), HOUR);
        dht.put(KEY, value(2, "a", "stays"), HOUR);
        dht.remove(KEY, Dht.Owner.local("a"), 1);
        assertEquals(List.of("stays"), all(fakes.dht("other.key", Fakes.SHORT, proxy)));
        dht.put(KEY, value(1, "a", "again"), HOUR);
        assertEquals(List.of("again", "stays"), all(dht));
    }

    @Test
    void aUsersShareOfAKeyIsBoundedAndComesFreeAgain() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        for (int i = 0; i < 256; i++) dht.put(KEY, value(i, "a", "v"), Duration.ofMinutes(5));
        var refused = assertThrows(DhtException.class, () -> dht.put(KEY, value(256, "a", "v"), HOUR));
        assertEquals(429, refused.status());
        dht.put(KEY, value(3, "a", "an update is none more"), HOUR);
        dht.put(KEY, value(1, "b", "another's"), HOUR);
        dht.remove(KEY, Dht.Owner.local("a"), 4);
        dht.put(KEY, value(256, "a", "v"), HOUR);
        fakes.clock.pass(Duration.ofMinutes(11));
        for (int i = 300; i < 550; i++) dht.put(KEY, value(i, "a", "v"), HOUR);
    }

    @Test
    void theKeyIsMadeOnceAndIsTheOwnersOnly() throws IOException {
        Path file = folder.resolve("deep").resolve("slot.key");
        byte[] first = SlotKey.loadOrMake(file).owner();
        assertEquals(
                List.of(first.length, 294),
                List.of(294, SlotKey.loadOrMake(file).owner().length));
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                first, SlotKey.loadOrMake(file).owner());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        Files.write(file, new byte[] {1, 2, 3});
        var refused = assertThrows(IOException.class, () -> SlotKey.loadOrMake(file));
        assertTrue(String.valueOf(refused.getMessage()).contains("Move it away"), refused.getMessage());
    }

    @Test
    void whatIsThereIsAskedForHealthInWords() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        proxy.tricks.put(
                Call.INFO,
                (exchange, _) -> FakeProxy.answer(
                        exchange, 200, "{\"node_id\":\"0\",\"ipv4\":{\"good\":0,\"dubious\":0},\"ipv6\":{}}"));
        assertTrue(dht.health().contains("knows no other node"), dht.health());
        proxy.tricks.put(Call.INFO, (exchange, _) -> FakeProxy.answer(exchange, 200, "<html>"));
        assertTrue(dht.health().contains("is no OpenDHT proxy"), dht.health());
        proxy.tricks.remove(Call.INFO);
        assertEquals("ok", dht.health());
    }
}
