package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.record.Kind;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is kept of look-ups, and for how long.
@org.jspecify.annotations.NullUnmarked
class LocationCacheTest {
    private static final String OLD = "sip:192.0.2.1:5061;transport=tls", NEW = "sip:192.0.2.2:5061;transport=tls";

    @TempDir
    Path folder;

    private World world;
    private Keys.Held bob;
    private LocationCache cache;

    @BeforeEach
    void aWorldWithBob() throws Exception {
        world = new World(folder);
        bob = world.device("bob@example.net");
        world.enrol(bob);
        world.publish(bob, Kind.LOCATION, world.location(bob, OLD, ""));
        cache = new LocationCache(world.service(false), 2);
    }

    @AfterEach
    void close() {
        cache.close();
        world.close();
    }

    private String uri() throws Exception {
        var found = assertInstanceOf(LocationService.Found.class, cache.find(World.BOB));
        return found.devices()
                .get(bob.id())
                .location()
                .map(l -> l.peers().getFirst().uri())
                .orElse("");
    }

    @Test
    void somebodyWhoIsWatchedIsNotLookedUpAgainUntilSomethingChanges() throws Exception {
        var first = cache.find(World.BOB);
        world.clock.pass(Duration.ofMinutes(9));
        assertSame(first, cache.find(World.BOB));
        assertEquals(OLD, uri());
        world.publish(bob, Kind.LOCATION, world.location(bob, NEW, ""));
        assertEquals(NEW, uri());
        world.clock.pass(Duration.ofMinutes(11));
        assertNotSame(first, cache.find(World.BOB));
    }

    @Test
    void nothingIsKeptLongerThanItsRecordsLast() throws Exception {
        var first = cache.find(World.BOB);
        world.clock.pass(Duration.ofMinutes(55));
        var second = cache.find(World.BOB);
        assertNotSame(first, second);
        world.clock.pass(Duration.ofMinutes(4));
        assertSame(second, cache.find(World.BOB));
        world.clock.pass(Duration.ofMinutes(2));
        assertInstanceOf(LocationService.Forged.class, cache.find(World.BOB), "only what has expired lies there");
    }

    @Test
    void anAbsenceIsBelievedForTenSeconds() throws Exception {
        var carol = new Address("carol@example.net");
        var first = assertInstanceOf(LocationService.Absent.class, cache.find(carol));
        world.clock.pass(Duration.ofSeconds(9));
        assertSame(first, cache.find(carol));
        world.clock.pass(Duration.ofSeconds(2));
        assertNotSame(first, cache.find(carol));
    }

    @Test
    void itIsBounded() throws Exception {
        for (int i = 0; i < 4; i++)
            assertInstanceOf(LocationService.Absent.class, cache.find(new Address("u" + i + "@example.net")));
        assertEquals(2, cache.size());
    }
}
