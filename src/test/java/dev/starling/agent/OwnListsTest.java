package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.locate.World;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.SignedRecord;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whether a device still is one of its person's, by what lies in the store.
class OwnListsTest {
    private World world;
    private Keys.Held browser, phone;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        world = new World(folder);
        browser = world.device(World.BOB.text());
        phone = world.device(World.BOB.text());
    }

    @AfterEach
    void end() throws Exception {
        world.close();
    }

    private static DeviceChain.Device listed(Keys.Held device) {
        return new DeviceChain.Device(device.id(), device.publicKey().getEncoded(), "a device", 0);
    }

    private static List<Object> link(Keys.Held signer, List<String> parents, Keys.Held... devices) {
        var all = new ArrayList<DeviceChain.Device>();
        for (Keys.Held each : devices) all.add(listed(each));
        var pair = new KeyPair(signer.publicKey(), signer.key());
        return DeviceChain.link(pair, parents, all, 1, World.BOB, World.NETWORK);
    }

    private SignedRecord record(Keys.Held signer, List<List<Object>> links) throws Exception {
        var body = new CborMap().with(1, List.<Object>copyOf(links));
        return SignedRecord.parse(
                world.record(signer, Kind.DEVICES, World.BOB, 1, Duration.ofHours(1), Optional.of(body)));
    }

    private static String hash(List<Object> link) {
        return DeviceId.of(DeviceId.sha256((byte[]) link.getFirst())).hex();
    }

    private OwnLists found(boolean revoked, SignedRecord... records) {
        var devices = new TreeMap<DeviceId, LocationService.Device>();
        for (Keys.Held each : List.of(browser, phone))
            devices.put(
                    each.id(),
                    new LocationService.Device(
                            each.id(),
                            "",
                            true,
                            revoked && each.equals(phone),
                            Optional.of(world.verified(each)),
                            Optional.empty()));
        var found = new LocationService.Found(World.BOB, Map.copyOf(devices), List.of(records), List.of());
        return OwnLists.of(found, phone.id(), World.NETWORK);
    }

    @Test
    void whoStandsOnTheNewestListIsListed() throws Exception {
        var root = link(browser, List.of(), browser);
        var both = link(browser, List.of(hash(root)), browser, phone);
        var lists = found(false, record(browser, List.of(root, both)));
        assertEquals(
                2, lists.ours(Optional.of(browser.id())).orElseThrow().links().size());
        assertTrue(lists.ours(Optional.of(DeviceId.of(new byte[32]))).isEmpty());
    }

    @Test
    void ourOwnWordDoesNotKeepUsOnAListThatWentOn() throws Exception {
        var root = link(browser, List.of(), browser);
        var both = link(browser, List.of(hash(root)), browser, phone);
        var without = link(browser, List.of(hash(both)), browser);
        var lists = found(false, record(browser, List.of(root, both, without)), record(phone, List.of(root, both)));
        assertTrue(lists.isKnown());
        assertTrue(lists.ours(Optional.empty()).isEmpty());
    }

    @Test
    void whereNothingWasReadNothingIsKnown() {
        assertFalse(found(false).isKnown());
        assertTrue(found(true).isRevoked());
    }
}
