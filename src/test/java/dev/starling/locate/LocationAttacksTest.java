package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Kind;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A store that lies, floods and replays, and a CA that certifies a stranger: none of it is shown as true, and the
/// genuine device still gets through.
@org.jspecify.annotations.NullUnmarked
class LocationAttacksTest {
    private static final String PLACE = "sip:192.0.2.1:5061;transport=tls";

    @TempDir
    Path folder;

    private World world;
    private Keys.Held bob;

    @BeforeEach
    void aWorldWithBob() throws Exception {
        world = new World(folder);
        bob = world.device("bob@example.net");
        world.enrol(bob);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private long refused(LocationService.Lookup lookup, String reason) {
        return lookup.seen().stream().filter(s -> s.verdict().equals(reason)).count();
    }

    private static String uri(LocationService.Found found, Keys.Held device) {
        return found.devices()
                .get(device.id())
                .location()
                .map(l -> l.peers().getFirst().uri())
                .orElse("");
    }

    /// A stranger's look-up while more lies under a key of bob's than is read.
    private LocationService.Lookup findCut(Kind kind) throws DhtException {
        return world.stranger(new CutOff(world.dht, Set.of(world.place(kind).hexKey())))
                .find(World.BOB);
    }

    @Test
    void aListOrRevocationsThatCannotBeReadWholeSayNothing() throws Exception {
        for (Kind kind : List.of(Kind.DEVICES, Kind.REVOKED)) {
            var thrown = assertThrows(DhtException.class, () -> findCut(kind));
            assertTrue(thrown.away() && thrown.toString().contains(kind.toString()), thrown.toString());
        }
        assertEquals(List.of(bob.id()), world.verified());
    }

    @Test
    void certificatesAndPlacesMayBeCutOffAsLongAsThoseOfTheListAreSeen() throws Exception {
        for (Kind kind : List.of(Kind.CERT, Kind.LOCATION)) {
            var found = assertInstanceOf(LocationService.Found.class, findCut(kind));
            assertEquals(
                    List.of(bob.id()),
                    found.verified().stream().map(LocationService.Device::id).toList());
        }
        var phone = world.device("bob@example.net");
        world.publish(bob, Kind.DEVICES, World.list(List.of(world.root(bob, phone))));
        assertThrows(DhtException.class, () -> findCut(Kind.CERT));
    }

    @Test
    void nobodyIsCalledUnknownBecauseOfAReadThatWasCutOff() throws Exception {
        close();
        world = new World(Files.createTempDirectory(folder, "empty"));
        assertInstanceOf(LocationService.Absent.class, world.service(false).find(World.BOB));
        for (Kind kind : List.of(Kind.DEVICES, Kind.REVOKED, Kind.CERT))
            assertThrows(DhtException.class, () -> findCut(kind), kind.toString());
    }

    @Test
    void aDeviceThatIsCertifiedAndListedIsVerified() throws Exception {
        world.publish(bob, Kind.LOCATION, world.location(bob, PLACE, ""));
        assertEquals(List.of(bob.id()), world.verified());
        assertEquals(PLACE, uri(world.found(), bob));
    }

    @Test
    void aRecordSignedByAnotherKeyIsRefused() throws Exception {
        world.publish(bob, Kind.LOCATION, world.location(bob, PLACE, ""));
        var mallory = new Keys.Held(Keys.generate().getPrivate(), bob.chain());
        byte[] forged = world.record(
                mallory,
                Kind.LOCATION,
                World.BOB,
                world.clock.millis() + 1000,
                Optional.of(world.location(bob, "sip:198.51.100.66:5061;transport=tls", "")));
        world.put(Kind.LOCATION, forged);
        assertEquals(1, refused(world.found(), "bad-signature"));
        assertEquals(PLACE, uri(world.found(), bob));
    }

    @Test
    void aRecordForAnotherAddressIsRefused() throws Exception {
        var eve = world.device("eve@example.net");
        world.put(
                Kind.CERT, world.record(eve, Kind.CERT, new Address("eve@example.net"), 1, Optional.of(new CborMap())));
        world.put(Kind.CERT, world.record(eve, Kind.CERT, World.BOB, 1, Optional.of(new CborMap())));
        var found = world.found();
        assertEquals(1, refused(found, "wrong-address"));
        assertEquals(1, refused(found, "wrong-name"));
        assertEquals(List.of(bob.id()), world.verified());
    }

    @Test
    void anOldRecordDoesNotComeBack() throws Exception {
        var old = Optional.of(world.location(bob, "sip:198.51.100.1:5061;transport=tls", ""));
        byte[] before = world.record(bob, Kind.LOCATION, World.BOB, 1000, old);
        world.put(
                Kind.LOCATION,
                world.record(bob, Kind.LOCATION, World.BOB, 2000, Optional.of(world.location(bob, PLACE, ""))));
        assertEquals(PLACE, uri(world.found(), bob));
        world.put(Kind.LOCATION, before);
        assertEquals(1, refused(world.found(), "old-sequence"));
        assertEquals(PLACE, uri(world.found(), bob));
    }

    @Test
    void onlyJunkIsAbsentAndOnlyForgeriesAreForged() throws Exception {
        try (var other = new World(java.nio.file.Files.createDirectory(folder.resolve("other")))) {
            other.raw(Kind.CERT, new byte[1024]);
            assertInstanceOf(LocationService.Absent.class, other.service(false).find(World.BOB));
            other.put(Kind.CERT, new byte[200]);
            assertInstanceOf(LocationService.Forged.class, other.service(false).find(World.BOB));
        }
    }

    @Test
    void aFloodOf500ValuesHidesNothing() throws Exception {
        var random = new Random(20261124);
        byte[] largest = new byte[4 * 1024];
        byte[] genuine = world.record(
                bob, Kind.DEVICES, World.BOB, world.clock.millis(), Optional.of(World.list(List.of(world.root(bob)))));
        for (int i = 0; i < 500; i++) {
            random.nextBytes(largest);
            largest[0] = 1;
            world.raw(Kind.DEVICES, largest);
        }
        // Whoever knows the address can seal, too: these cost more, up to a signature each.
        for (int i = 0; i < 250; i++) {
            byte[] changed = genuine.clone();
            changed[changed.length - 1 - random.nextInt(60)] ^= 1;
            world.put(Kind.DEVICES, changed);
            byte[] noise = new byte[2000];
            random.nextBytes(noise);
            world.put(Kind.DEVICES, noise);
        }
        long start = processCpuNanos();
        var found = world.found();
        var took = Duration.ofNanos(processCpuNanos() - start);
        System.out.println("flooded look-up: " + took.toMillis() + " ms CPU, "
                + found.seen().size() + " values");
        assertEquals(List.of(bob.id()), world.verified());
        assertEquals(500, refused(found, "not-sealed"));
        assertEquals(250, refused(found, "malformed"));
        assertEquals(250, refused(found, "bad-signature"));
        assertTrue(took.compareTo(Duration.ofSeconds(5)) < 0, took + " of CPU");
    }

    private static long processCpuNanos() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getProcessCpuTime()
                : 0;
    }

    @Test
    void junkBehindACertificateIsNotReadToItsEnd() throws Exception {
        world.publish(bob, Kind.LOCATION, world.location(bob, PLACE, ""));
        for (int i = 0; i < 2000; i++) world.raw(Kind.CERT, new byte[900]);
        for (int i = 0; i < 100; i++) world.raw(Kind.LOCATION, new byte[900]);
        var found = world.found();
        assertEquals(List.of(bob.id()), world.verified());
        assertEquals(PLACE, uri(found, bob));
        assertTrue(refused(found, "not-sealed") < 2100, "read " + refused(found, "not-sealed"));
    }

    @Test
    void aPrivateTargetIsDroppedOutOfLocalMode() throws Exception {
        for (String host : List.of("127.0.0.1", "10.0.0.1", "[::1]", "localhost", "127.1")) {
            world.publish(bob, Kind.LOCATION, world.location(bob, "sip:" + host + ":5061;transport=tls", ""));
            assertEquals("", uri(world.found(), bob), host);
            assertTrue(refused(world.found(), "private-target") > 0, host);
            assertEquals(List.of(bob.id()), world.verified(), "the device itself is still there");
        }
    }

    @Test
    void aPrivateTargetIsKeptInLocalMode() throws Exception {
        String here = "sip:127.0.0.1:5061;transport=tls";
        world.publish(bob, Kind.LOCATION, world.location(bob, here, "http://127.0.0.1:8787/"));
        var found = (LocationService.Found) world.service(true).find(World.BOB);
        assertEquals(here, uri(found, bob));
    }

    @Test
    void aPrivateBaseUrlIsLeftOut() throws Exception {
        world.publish(bob, Kind.LOCATION, world.location(bob, PLACE, "http://169.254.169.254/"));
        var peer = world.found()
                .devices()
                .get(bob.id())
                .location()
                .orElseThrow()
                .peers()
                .getFirst();
        assertEquals("", peer.base());
        assertEquals(PLACE, peer.uri());
    }

    @Test
    void aGhostIsShownAsUnlistedAndNeverVerified() throws Exception {
        var ghost = world.device("bob@example.net");
        world.publish(ghost, Kind.CERT, new CborMap());
        world.publish(ghost, Kind.LOCATION, world.location(ghost, PLACE, ""));
        // It signs a list of its own onto bob's root, too.
        var root = world.root(bob);
        world.publish(
                ghost,
                Kind.DEVICES,
                World.list(List.of(root, world.link(ghost, List.of(World.hash(root)), bob, ghost))));
        var found = world.found();
        assertFalse(found.devices().get(ghost.id()).listed());
        assertEquals(List.of(bob.id()), world.verified());
        assertEquals(1, refused(found, "not-a-device"));
    }

    @Test
    void withTwoRootsAndNoMemoryNobodyIsVerified() throws Exception {
        var ghost = world.device("bob@example.net");
        world.publish(ghost, Kind.CERT, new CborMap());
        world.publish(ghost, Kind.DEVICES, World.list(List.of(world.root(ghost))));
        assertEquals(List.of(), world.verified());
        assertEquals(1, refused(world.found(), "two-roots"));
    }

    @Test
    void withAForkOnlyWhatStandsOnBothHeadsIsVerified() throws Exception {
        var second = world.device("bob@example.net");
        var third = world.device("bob@example.net");
        world.publish(second, Kind.CERT, new CborMap());
        world.publish(third, Kind.CERT, new CborMap());
        var root = world.root(bob, second);
        var parent = List.of(World.hash(root));
        world.publish(bob, Kind.DEVICES, World.list(List.of(root, world.link(bob, parent, bob))));
        world.publish(second, Kind.DEVICES, World.list(List.of(root, world.link(second, parent, bob, second, third))));
        assertEquals(List.of(bob.id()), world.verified());
        assertEquals(1, refused(world.found(), "fork"));
    }
}
