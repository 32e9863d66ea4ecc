package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.DhtNodes;
import dev.starling.dht.opendht.EvilProxy;
import dev.starling.dht.opendht.EvilProxy.Malice;
import dev.starling.dht.opendht.OpenDht;
import dev.starling.dht.opendht.SlotKeys;
import dev.starling.record.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// One of the two proxies that bob's peer uses, and one of the two that the stranger's uses, is an attacker's; all of
/// them stand before real nodes. Whatever it does, he is found where he is, and what he publishes can be read.
@org.jspecify.annotations.NullUnmarked
class OpenDhtEvilProxyTest {
    private static final Duration LIFE = Duration.ofHours(1);
    // Three seconds of silence are waited for, by design; the rest is what a loaded machine takes.
    private static final Duration FOUND = Duration.ofSeconds(5), PUBLISHED = Duration.ofSeconds(12);
    // Each put goes through the evil one first with a chance of one half.
    private static final int PUTS = 30;
    private static DhtNodes nodes;

    @TempDir
    Path folder;

    private EvilProxy evil;
    private OpenDhtWorld it;
    private OpenDht honest;

    @BeforeAll
    static void startNodes() throws IOException, InterruptedException {
        nodes = DhtNodes.start(OpenDhtWorld.NODES, OpenDhtWorld.PROXIES);
    }

    @AfterAll
    static void stopNodes() {
        if (nodes != null) nodes.close();
    }

    @BeforeEach
    void aWorld() throws Exception {
        List<URI> real = Objects.requireNonNull(nodes).proxies();
        evil = new EvilProxy(real.get(3));
        it = new OpenDhtWorld(List.of(real.get(0), evil.base(), real.get(1), real.get(2)), folder);
        honest = engine("honest", real.get(2));
    }

    private OpenDht engine(String name, URI... proxies) throws IOException {
        return new OpenDht(List.of(proxies), SlotKeys.in(folder.resolve(name)), it.clock, OpenDht.Patience.USUAL);
    }

    @AfterEach
    void close() {
        honest.close();
        it.close();
        evil.close();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void besideAnHonestOneItHidesNobodyAndInventsNothing(Malice malice) throws Exception {
        String attack = "a proxy that "
                + malice.toString().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
        // What lay there before, for whoever replays it.
        it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.ELSEWHERE, "")));
        it.strangers.lookup(it.key(Kind.LOCATION), Dht.Limits.USUAL, _ -> false);
        it.publish();
        evil.be(malice);
        Duration found = it.reached(attack);
        if (malice != Malice.SWALLOWS) assertTrue(evil.played() > 0, "it was not asked");
        assertTrue(found.compareTo(FOUND) <= 0, attack + ": found in " + found);

        long start = System.nanoTime();
        byte[] record = it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.HERE, "")));
        var published = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(it.holds(honest, Kind.LOCATION, record), attack + ": not stored");
        OpenDhtWorld.figure(attack, "published and read back in " + published.toMillis() + " ms");
        assertTrue(published.compareTo(PUBLISHED) <= 0, attack + ": published in " + published);
    }

    @Test
    void whatOneSwallowsIsNoticedAndGivenToAnother() throws Exception {
        evil.be(Malice.SWALLOWS);
        int puts = 0;
        while (evil.played() == 0 && puts < PUTS) {
            byte[] record = it.publish(Kind.CERT, Optional.of(new dev.starling.identity.cbor.CborMap()));
            assertTrue(it.holds(honest, Kind.CERT, record), "put " + puts + " is lost");
            puts++;
        }
        assertTrue(evil.played() > 0, "it was not given anything");
        evil.be(Malice.SWALLOWS);
        for (int i = 0; i < puts; i++) it.publish();
        assertEquals(0, evil.played(), "it is left alone after that");
        it.reached("a proxy that swallows, after it was found out");
    }

    @Test
    void aloneOneThatSwallowsIsFoundOut() throws Exception {
        evil.be(Malice.SWALLOWS);
        try (var alone = engine("alone", evil.base())) {
            byte[] record = it.elsewhere(it.bob, World.BOB);
            long start = System.nanoTime();
            var thrown = assertThrows(
                    DhtException.class, () -> alone.put(it.key(Kind.LOCATION), it.value(Kind.LOCATION, record), LIFE));
            assertTrue(thrown.away(), thrown.toString());
            OpenDhtWorld.figure(
                    "a proxy that swallows, alone", "noticed in " + (System.nanoTime() - start) / 1_000_000 + " ms");
        }
    }
}
