package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a reader knows of people over restarts, restored backups, and a store that hides or replays.
@org.jspecify.annotations.NullUnmarked
class MemoryTest {
    private static final String OLD = "sip:192.0.2.1:5061;transport=tls", NEW = "sip:192.0.2.2:5061;transport=tls";

    @TempDir
    Path folder;

    private World world;
    private Keys.Held bob, phone;

    @BeforeEach
    void aWorldWithBob() throws Exception {
        world = new World(folder);
        bob = world.device("bob@example.net");
        phone = world.device("bob@example.net");
        world.enrol(bob, phone);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private Memory memory() throws IOException {
        return new Memory(folder.resolve("memory.db"), World.NETWORK, 1000, 1000);
    }

    /// One run of a reader.
    private LocationService.Lookup find() throws Exception {
        try (var memory = memory()) {
            return world.service(memory).find(World.BOB);
        }
    }

    private List<DeviceId> verified() throws Exception {
        return ((LocationService.Found) find())
                .verified().stream().map(LocationService.Device::id).toList();
    }

    private static String uri(LocationService.Lookup lookup, Keys.Held device) {
        return ((LocationService.Found) lookup)
                .devices()
                .get(device.id())
                .location()
                .map(l -> l.peers().getFirst().uri())
                .orElse("");
    }

    private byte[] location(long sequence, String uri) {
        return world.record(bob, Kind.LOCATION, World.BOB, sequence, Optional.of(world.location(bob, uri, "")));
    }

    private byte[] tombstone(Keys.Held device, Kind kind, long sequence) {
        return world.record(device, kind, World.BOB, sequence, Optional.empty());
    }

    @Test
    void whoWasFoundIsKnownEvenWhenTheDiskFails() throws Exception {
        try (var memory = memory()) {
            assertFalse(memory.knows(World.BOB));
        }
        find();
        Memory closed;
        try (var memory = memory()) {
            assertTrue(memory.knows(World.BOB));
            closed = memory;
        }
        // Nobody may be called unverified because something cannot be read.
        assertTrue(closed.knows(Address.parse("nobody@example.net")));
    }

    @Test
    void afterARestartAnOlderRecordIsStillOld() throws Exception {
        world.put(Kind.LOCATION, location(2000, NEW));
        assertEquals(NEW, uri(find(), bob));
        world.clear(Kind.LOCATION);
        world.put(Kind.LOCATION, location(1000, OLD));
        var found = find();
        assertEquals("", uri(found, bob));
        assertTrue(found.seen().stream().anyMatch(s -> s.verdict().equals("old-sequence")));
    }

    @Test
    void aWithdrawnRecordDoesNotComeBack() throws Exception {
        world.put(Kind.LOCATION, location(1000, OLD));
        world.put(Kind.LOCATION, tombstone(bob, Kind.LOCATION, 2000));
        assertEquals("", uri(find(), bob));
        world.clear(Kind.LOCATION);
        world.put(Kind.LOCATION, location(1000, OLD));
        assertEquals("", uri(find(), bob));
        var newest = ((LocationService.Found) find())
                .newest().stream().filter(r -> r.kind() == Kind.LOCATION).toList();
        assertEquals(List.of(), newest);
    }

    @Test
    void aRestoredBackupForgetsAndRefusesNothingNewer() throws Exception {
        world.put(Kind.LOCATION, location(1000, OLD));
        assertEquals(OLD, uri(find(), bob));
        Files.copy(folder.resolve("memory.db"), folder.resolve("backup"));
        world.put(Kind.LOCATION, location(2000, NEW));
        assertEquals(NEW, uri(find(), bob));
        for (String more : List.of("memory.db-wal", "memory.db-shm")) Files.deleteIfExists(folder.resolve(more));
        Files.copy(folder.resolve("backup"), folder.resolve("memory.db"), StandardCopyOption.REPLACE_EXISTING);
        assertEquals(NEW, uri(find(), bob));
    }

    @Test
    void anotherRootIsNotFollowedByWhoRemembersOne() throws Exception {
        assertEquals(2, verified().size());
        var ghost = world.device("bob@example.net");
        world.clear(Kind.DEVICES);
        world.publish(ghost, Kind.CERT, new CborMap());
        world.publish(ghost, Kind.DEVICES, World.list(List.of(world.root(ghost))));
        assertEquals(2, verified().size());
        assertFalse(verified().contains(ghost.id()));
        assertTrue(find().seen().stream().anyMatch(s -> s.verdict().equals("new-root")));
        try (var memory = memory()) {
            memory.forget(World.BOB);
        }
        assertEquals(List.of(ghost.id()), verified());
    }

    /// What `phone` says about the list: `before` and a version of its own, with nobody but itself and `ghost` on it.
    private void dispute(List<Object> before) throws Exception {
        var ghost = world.device("bob@example.net");
        world.publish(ghost, Kind.CERT, new CborMap());
        var own = world.link(phone, List.of(World.hash(before)), phone, ghost);
        world.publish(phone, Kind.DEVICES, World.list(List.of(before, own)));
    }

    private long refused(String reason) throws Exception {
        return find().seen().stream().filter(s -> s.verdict().equals(reason)).count();
    }

    @Test
    void whoWasRemovedDisputesNothing() throws Exception {
        var root = world.root(bob, phone);
        var without = world.link(bob, List.of(World.hash(root)), bob);
        world.publish(bob, Kind.DEVICES, World.list(List.of(root, without)));
        assertEquals(List.of(bob.id()), verified());
        dispute(root);
        assertEquals(List.of(bob.id()), verified());
        assertEquals(1, refused("not-a-device"));
        assertEquals(0, refused("fork"));
    }

    @Test
    void norDoesHeWhenTheRemovalIsSeenOnlyNow() throws Exception {
        var root = world.root(bob, phone);
        var tablet = world.device("bob@example.net");
        world.publish(tablet, Kind.CERT, new CborMap());
        var more = world.link(bob, List.of(World.hash(root)), bob, phone, tablet);
        world.publish(bob, Kind.DEVICES, World.list(List.of(root, more)));
        assertEquals(3, verified().size());
        var without = world.link(bob, List.of(World.hash(more)), bob, tablet);
        world.publish(bob, Kind.DEVICES, World.list(List.of(root, more, without)));
        dispute(root);
        assertEquals(Set.of(bob.id(), tablet.id()), Set.copyOf(verified()));
        // It is remembered.
        world.clear(Kind.DEVICES);
        assertEquals(2, verified().size());
    }

    @Test
    void whoIsStillListedDoes() throws Exception {
        var root = world.root(bob, phone);
        var tablet = world.device("bob@example.net");
        world.publish(tablet, Kind.CERT, new CborMap());
        var more = world.link(bob, List.of(World.hash(root)), bob, phone, tablet);
        world.publish(bob, Kind.DEVICES, World.list(List.of(root, more)));
        assertEquals(3, verified().size());
        dispute(root);
        assertEquals(List.of(phone.id()), verified());
        assertEquals(1, refused("fork"));
        assertEquals(0, refused("not-a-device"));
    }

    @Test
    void aRevocationThatIsKeptBackLaterStillCounts() throws Exception {
        world.revoke(bob, phone);
        assertEquals(List.of(bob.id()), verified());
        world.clear(Kind.REVOKED);
        assertEquals(List.of(bob.id()), verified());
    }

    @Test
    void onlyWhoeverRevokedTakesItBack() throws Exception {
        world.revoke(bob, phone);
        assertEquals(List.of(bob.id()), verified());
        world.clear(Kind.REVOKED);
        saysNothing(phone);
        assertEquals(List.of(bob.id()), verified());
        saysNothing(bob);
        assertEquals(2, verified().size());
    }

    private void saysNothing(Keys.Held device) throws Exception {
        long later = world.clock.millis() + 1000;
        world.put(Kind.REVOKED, world.record(device, Kind.REVOKED, World.BOB, later, Optional.empty()));
    }

    @Test
    void aLookUpThatBeganEarlierUndoesNothing() throws Exception {
        var root = world.root(bob, phone);
        var all = kept(List.of(root));
        var without = kept(List.of(root, world.link(bob, List.of(World.hash(root)), bob)));
        Map<DeviceId, Set<DeviceId>> taken = Map.of(phone.id(), Set.of(bob.id()));
        try (var memory = memory()) {
            memory.believed(World.BOB, all, taken, Map.of());
            memory.believed(World.BOB, all, Map.of(), Map.of());
            assertEquals(taken, memory.revoked(World.BOB));
            memory.believed(World.BOB, all, Map.of(), taken);
            assertEquals(Map.of(), memory.revoked(World.BOB), "taken back");
            memory.believed(World.BOB, without, Map.of(), Map.of());
            memory.believed(World.BOB, all, Map.of(), Map.of());
            assertFalse(memory.list(World.BOB).orElseThrow().lists(phone.id()));
        }
    }

    private static DeviceChain kept(List<List<Object>> links) throws IdentityException {
        return DeviceChain.decode(Cbor.encode(links), World.BOB, World.NETWORK);
    }

    @Test
    void aListThatIsKeptBackIsNotForgotten() throws Exception {
        assertEquals(2, verified().size());
        world.clear(Kind.DEVICES);
        assertEquals(2, verified().size());
        world.clear(Kind.CERT);
        assertInstanceOf(LocationService.Absent.class, find());
    }

    @Test
    void itIsBoundedAndForgetsWhatItSawLongestAgo() throws Exception {
        try (var memory = new Memory(folder.resolve("small.db"), World.NETWORK, 1000, 1000)) {
            for (int i = 0; i < 3000; i++) memory.saw(new Address("u" + i + "@example.net"), Kind.CERT, bob.id(), 7);
            int known = 0;
            for (int i = 0; i < 3000; i++)
                if (memory.last(new Address("u" + i + "@example.net"), Kind.CERT, bob.id())
                        .isPresent()) known++;
            assertTrue(known <= 2000, "remembers " + known);
            assertEquals(OptionalLong.of(7), memory.last(new Address("u2999@example.net"), Kind.CERT, bob.id()));
        }
    }
}
