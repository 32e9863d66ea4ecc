package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.starling.dht.opendht.DhtNodes;
import dev.starling.record.Kind;
import java.io.IOException;
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

/// Genuine records at the wrong time, on real nodes: of yesterday, withdrawn, stretched, and read by wrong clocks.
@org.jspecify.annotations.NullUnmarked
class OpenDhtReplayTest {
    private static DhtNodes nodes;

    @TempDir
    Path folder;

    private OpenDhtWorld it;

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
        it = new OpenDhtWorld(Objects.requireNonNull(nodes).proxies(), folder);
    }

    @AfterEach
    void close() {
        it.close();
    }

    private long count(String verdict) throws Exception {
        return it.verdicts(Kind.LOCATION).stream().filter(verdict::equals).count();
    }

    @Test
    void yesterdaysRecord() throws Exception {
        var now = it.clock.instant();
        byte[] old = it.elsewhere(it.bob, World.BOB, now, Duration.ofHours(24));
        byte[] yesterdays = it.sealed(Kind.LOCATION, old);
        it.clock.pass(Duration.ofHours(24).plusSeconds(1));
        // As it lay there yesterday, and sealed anew for today.
        it.attacker.put(it.key(Kind.LOCATION), yesterdays);
        it.forge(Kind.LOCATION, old);
        it.publish();
        it.reached("yesterday's record");
        assertEquals(1, count("not-sealed"));
        assertEquals(1, count("expired"));
    }

    @Test
    void aRecordThatWasWithdrawn() throws Exception {
        it.publish();
        byte[] old = it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.ELSEWHERE, "")));
        var regular = it.world.service(false);
        assertEquals(OpenDhtWorld.ELSEWHERE, it.place((LocationService.Found) regular.find(World.BOB)));
        it.publish(Kind.LOCATION, Optional.empty());
        it.forge(Kind.LOCATION, old);
        for (var reader : List.of(it.world.stranger(it.strangers), regular)) {
            var found = assertInstanceOf(LocationService.Found.class, reader.find(World.BOB));
            assertEquals(List.of(it.bob.id()), OpenDhtWorld.verified(found));
            assertEquals("", it.place(found), "he is nowhere");
        }
        it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.HERE, "")));
        it.reached("a withdrawn record");
        assertEquals(OpenDhtWorld.HERE, it.place((LocationService.Found) regular.find(World.BOB)));
    }

    @Test
    void anOlderRecordBesideTheNewOne() throws Exception {
        it.publish();
        byte[] old = it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.ELSEWHERE, "")));
        it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.HERE, "")));
        for (int i = 0; i < 10; i++) it.forge(Kind.LOCATION, old);
        it.reached("an older record, ten times");
    }

    @Test
    void aStretchedLifetime() throws Exception {
        it.forge(Kind.LOCATION, it.elsewhere(it.bob, World.BOB, it.clock.instant(), Duration.ofHours(25)));
        it.publish();
        it.reached("a lifetime of 25 hours, by his own key");
        assertEquals(1, count("too-long"));
    }

    @Test
    void aRecordFromTheFuture() throws Exception {
        it.forge(
                Kind.LOCATION,
                it.elsewhere(it.bob, World.BOB, it.clock.instant().plusSeconds(700), Duration.ofHours(1)));
        it.publish();
        it.reached("issued in 700 s");
        assertEquals(1, count("not-yet"));
    }

    @Test
    void aReaderWhoseClockIsWrong() throws Exception {
        // His certificate is older than that.
        it.clock.pass(Duration.ofMinutes(20));
        it.publish();
        it.clock.pass(Duration.ofMinutes(9));
        it.reached("the reader's clock is 9 minutes fast");
        it.clock.pass(Duration.ofMinutes(-18));
        it.reached("the reader's clock is 9 minutes slow");
    }
}
