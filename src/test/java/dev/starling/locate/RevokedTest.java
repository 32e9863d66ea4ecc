package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Kind;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who can take a device out, and who cannot (docs/protocols/formats.md, section 6).
@org.jspecify.annotations.NullUnmarked
class RevokedTest {
    @TempDir
    Path folder;

    private World world;
    private Keys.Held laptop, phone;

    @BeforeEach
    void twoDevices() throws Exception {
        world = new World(folder);
        laptop = world.device("bob@example.net");
        phone = world.device("bob@example.net");
        world.enrol(laptop, phone);
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
    }

    @AfterEach
    void close() {
        world.close();
    }

    private Set<DeviceId> verified() throws Exception {
        return new HashSet<>(world.verified());
    }

    @Test
    void aListedDeviceTakesAnotherOut() throws Exception {
        world.revoke(laptop, phone);
        assertEquals(Set.of(laptop.id()), verified());
        assertTrue(world.found().devices().get(phone.id()).revoked());
    }

    @Test
    void itsWithdrawalBringsTheDeviceBack() throws Exception {
        world.revoke(laptop, phone);
        world.put(
                Kind.REVOKED,
                world.record(laptop, Kind.REVOKED, World.BOB, world.clock.millis() + 1000, java.util.Optional.empty()));
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
    }

    @Test
    void aStrangerTakesNobodyOut() throws Exception {
        world.revoke(world.device("eve@example.net"), phone, laptop);
        world.revoke(world.device("bob@example.net"), phone, laptop);
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
    }

    @Test
    void aRemovedDeviceHasNoSay() throws Exception {
        var root = world.root(laptop, phone);
        var removal = world.link(laptop, List.of(World.hash(root)), laptop);
        world.put(
                Kind.DEVICES,
                world.record(
                        laptop,
                        Kind.DEVICES,
                        World.BOB,
                        world.clock.millis() + 1000,
                        java.util.Optional.of(World.list(List.of(root, removal)))));
        world.revoke(laptop, phone);
        world.revoke(phone, laptop);
        assertEquals(Set.of(laptop.id()), verified());
    }

    @Test
    void whatADeviceSaysOfItselfCountsForNothing() throws Exception {
        world.revoke(phone, phone);
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
    }

    @Test
    void twoThatRevokeEachOtherAreBothOut() throws Exception {
        world.revoke(laptop, phone);
        world.revoke(phone, laptop);
        assertEquals(Set.of(), verified());
    }

    @Test
    void theIssuingCaTakesADeviceOut() throws Exception {
        world.revoke(world.ca, phone);
        assertEquals(Set.of(laptop.id()), verified());
    }

    @Test
    void anotherCaTakesNobodyOut() throws Exception {
        world.revoke(world.authority("CN=second"), phone);
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
        assertTrue(world.found().seen().stream().anyMatch(s -> s.verdict().equals("unknown-anchor")));
    }

    @Test
    void aCaTakesOutOnlyWhomItCertified() throws Exception {
        var second = world.believe("CN=second");
        world.revoke(second, phone);
        assertEquals(Set.of(laptop.id(), phone.id()), verified());
        var tablet = world.device("bob@example.net", second, "CN=second");
        world.publish(tablet, Kind.CERT, new CborMap());
        world.revoke(second, tablet);
        assertTrue(world.found().devices().get(tablet.id()).revoked());
    }
}
