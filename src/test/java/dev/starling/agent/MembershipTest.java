package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.cms.Content;
import dev.starling.identity.DeviceId;
import dev.starling.locate.World;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may let a device in: docs/protocols/formats.md, section 11.
class MembershipTest {
    private static final String CODE = "0123456789AB";
    private static final DeviceId GRANTING = DeviceId.of(DeviceId.sha256(new byte[] {1}));
    private final StandingClock clock = new StandingClock();
    private World world;
    private AgentStore store;
    private Profile us;
    private Membership membership;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        world = new World(folder);
        store = new AgentStore(folder.resolve("agent.db"));
        us = new Profile(World.BOB, world.device(World.BOB.text()));
        membership = new Membership(us, store, clock);
    }

    @AfterEach
    void end() throws Exception {
        store.close();
        world.close();
    }

    private static Content.EndorseGrant grant(Optional<byte[]> proof) {
        return new Content.EndorseGrant(key(1), key(2), 7, List.of(), OptionalLong.of(3), proof);
    }

    private static byte[] key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return key;
    }

    private byte[] proof(String code, String step, DeviceId... devices) throws Exception {
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(code.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
        mac.update(("starling/1 " + step + "\0bob@example.net\0").getBytes(StandardCharsets.US_ASCII));
        for (DeviceId each : devices) mac.update(each.bytes());
        return mac.doFinal();
    }

    @Test
    void whoKnowsTheCodeIsAskedWithAProofOfIt() throws Exception {
        assertEquals(Optional.empty(), membership.request("Desk").proof());
        Membership.tell(store, CODE, clock);
        assertArrayEquals(
                proof(CODE, "add", us.id()), membership.request("Desk").proof().orElseThrow());
    }

    @Test
    void onlyWhoShowedTheCodeLetsItIn() throws Exception {
        Membership.tell(store, CODE, clock);
        assertFalse(membership.take(grant(Optional.empty()), GRANTING));
        assertFalse(membership.take(grant(Optional.of(proof("another code", "grant", GRANTING, us.id()))), GRANTING));
        assertFalse(membership.take(grant(Optional.of(proof(CODE, "grant", us.id(), GRANTING))), GRANTING));
        assertFalse(membership.isJoined());
        assertTrue(membership.take(grant(Optional.of(proof(CODE, "grant", GRANTING, us.id()))), GRANTING));
        assertTrue(membership.isJoined());
        assertArrayEquals(key(1), membership.ownKey());
        assertEquals(Optional.of(GRANTING), membership.admittedBy());
    }

    @Test
    void withoutACodeTheFirstAnswerCountsOnce() throws Exception {
        assertTrue(membership.take(grant(Optional.empty()), GRANTING));
        assertFalse(membership.take(grant(Optional.empty()), us.id()));
        assertEquals(Optional.of(GRANTING), membership.admittedBy());
    }

    @Test
    void theLargerOfTwoKeysOfOneVersionStays() throws Exception {
        assertTrue(membership.take(grant(Optional.empty()), GRANTING));
        membership.take(new Content.OwnKey(key(0), 3));
        assertArrayEquals(key(1), membership.ownKey());
        membership.take(new Content.OwnKey(key(5), 3));
        assertArrayEquals(key(5), membership.ownKey());
        membership.take(new Content.OwnKey(key(4), 4));
        assertArrayEquals(key(4), membership.ownKey());
        membership.leave();
        assertFalse(membership.isJoined());
        membership.take(new Content.OwnKey(key(9), 9));
        assertFalse(membership.isJoined());
    }

    @Test
    void aCodeIsReadAsPeopleTypeIt() {
        assertEquals(Optional.of("0123456789AB"), DeviceCode.read(" o123-4567 89ab\n"));
        assertEquals(Optional.of("110000000000"), DeviceCode.read("il0000000000"));
        assertEquals(Optional.empty(), DeviceCode.read("0123456789AU"));
        assertEquals(Optional.empty(), DeviceCode.read("0123"));
        assertTrue(DeviceCode.checkNumber(us).matches("[0-9]{12}"));
    }
}
