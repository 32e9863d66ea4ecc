package dev.starling.nat.stun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StunMessageTest {
    private static final byte[] ID = new byte[12];
    private static final byte[] KEY = "key".getBytes(StandardCharsets.UTF_8);

    private static StunWriter allocate() {
        return new StunWriter(3, StunClass.REQUEST, ID);
    }

    @Test
    void methodAndClassAreWovenIntoEachOther() throws Exception {
        for (int method = 0; method < 0x1000; method += 37)
            for (StunClass kind : StunClass.values()) {
                var message = StunMessage.parse(new StunWriter(method, kind, ID).bytes());
                assertEquals(method, message.method());
                assertEquals(kind, message.kind());
            }
    }

    @Test
    void whatFollowsTheProtectionIsNotThere() throws Exception {
        byte[] bytes = allocate()
                .put(Attribute.USERNAME, "bob")
                .protect(KEY)
                .put(Attribute.USERNAME, "mallory")
                .put(Attribute.LIFETIME, 600)
                .protect256(KEY)
                .put(Attribute.SOFTWARE, "x")
                .fingerprint()
                .bytes();
        var message = StunMessage.parse(bytes);
        assertEquals(Optional.of("bob"), message.text(Attribute.USERNAME, 100));
        assertFalse(message.has(Attribute.LIFETIME));
        assertFalse(message.has(Attribute.SOFTWARE));
        assertTrue(message.isIntact(KEY));
        assertTrue(message.isIntact256(KEY));
        assertTrue(message.hasRightFingerprint());
    }

    @Test
    void theFirstOfTwoCounts() throws Exception {
        var message = StunMessage.parse(
                allocate().put(Attribute.LIFETIME, 1).put(Attribute.LIFETIME, 2).bytes());
        assertEquals(Optional.of(1L), message.number(Attribute.LIFETIME));
    }

    @Test
    void attributesThatMustBeUnderstoodAreNamedOnce() throws Exception {
        var message = StunMessage.parse(allocate()
                .put(0x7001, 1)
                .put(0x7001, 2)
                .put(Attribute.LIFETIME, 3)
                .put(0x9001, 4)
                .bytes());
        assertEquals(List.of(0x7001), message.notUnderstood(Set.of(Attribute.LIFETIME)));
    }

    @Test
    void aFailureIsReadAsItWasWritten() throws Exception {
        var message = StunMessage.parse(new StunWriter(3, StunClass.ERROR, ID)
                .putError(438, "Stale Nonce")
                .putUnknown(List.of(0x7001, 0x7002))
                .bytes());
        assertEquals(Optional.of(new StunMessage.Failure(438, "Stale Nonce")), message.failure());
    }

    @Test
    void aCutProtectionOf256BitsCountsFrom16BytesOn() throws Exception {
        byte[] whole = allocate().protect256(KEY).bytes();
        for (int size : new int[] {4, 12, 16, 28}) {
            var writer = allocate();
            byte[] right = Protection.hmac(Protection.SHA256, KEY, writer.bytes(), writer.bytes().length, size);
            var message = StunMessage.parse(
                    writer.put(Attribute.MESSAGE_INTEGRITY_SHA256, java.util.Arrays.copyOf(right, size))
                            .bytes());
            assertEquals(size >= 16, message.isIntact256(KEY), size + " bytes");
        }
        assertTrue(StunMessage.parse(whole).isIntact256(KEY));
    }

    @Test
    void hostileMessagesAreRefused() {
        refused("not STUN", new byte[19]);
        byte[] good = allocate().put(Attribute.LIFETIME, 600).bytes();
        refused("not STUN", changed(good, 4, 0));
        refused("not STUN", changed(good, 0, 0x80));
        refused("wrong length", changed(good, 3, 4));
        refused("wrong length", changed(good, 3, 7));
        refused("an attribute is cut off", changed(good, 23, 5));
        refused("an attribute is cut off", changed(good, 22, 0xFF));
        var many = allocate();
        for (int i = 0; i <= StunMessage.MAX_ATTRIBUTES; i++) many.put(Attribute.LIFETIME, i);
        refused("too many attributes", many.bytes());
        refused(
                "something follows FINGERPRINT",
                allocate().fingerprint().put(1, 1).bytes());
    }

    @Test
    void attributesOfTheWrongFormAreRefusedWhenRead() throws Exception {
        var message = StunMessage.parse(allocate()
                .put(Attribute.LIFETIME, new byte[5])
                .put(Attribute.USERNAME, new byte[] {(byte) 0xC3})
                .put(Attribute.XOR_PEER_ADDRESS, new byte[] {0, 3, 1, 1, 1, 1, 1, 1})
                .put(Attribute.ERROR_CODE, new byte[] {0, 0, 7, 0})
                .bytes());
        assertThrows(StunException.class, () -> message.number(Attribute.LIFETIME));
        assertThrows(StunException.class, () -> message.text(Attribute.USERNAME, 100));
        assertThrows(StunException.class, () -> message.xorAddress(Attribute.XOR_PEER_ADDRESS));
        assertThrows(StunException.class, () -> message.xorAddresses(Attribute.XOR_PEER_ADDRESS));
        assertThrows(StunException.class, message::failure);
    }

    @Test
    void anyBytesAreReadOrRefused() {
        var random = new Random(20261129);
        byte[] good = allocate()
                .put(Attribute.USERNAME, "bob")
                .put(Attribute.XOR_PEER_ADDRESS, new byte[] {0, 1, 2, 3, 4, 5, 6, 7})
                .protect(KEY)
                .fingerprint()
                .bytes();
        int read = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = good.clone();
            for (int n = random.nextInt(3); n >= 0; n--)
                bytes[
                                (n == 2 ? 0 : StunMessage.HEADER_BYTES)
                                        + random.nextInt(good.length - StunMessage.HEADER_BYTES)] =
                        (byte) random.nextInt();
            if (random.nextInt(8) == 0) bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            if (readable(bytes)) read++;
        }
        assertTrue(read > 5_000, "most of the cases would say nothing");
    }

    private static boolean readable(byte[] bytes) {
        try {
            var message = StunMessage.parse(bytes);
            message.isIntact(KEY);
            message.isIntact256(KEY);
            message.hasRightFingerprint();
            message.notUnderstood(Set.of());
            message.text(Attribute.USERNAME, 513);
            message.xorAddress(Attribute.XOR_PEER_ADDRESS);
            message.failure();
            return true;
        } catch (StunException e) {
            return false;
        }
    }

    private static void refused(String why, byte[] bytes) {
        assertEquals(
                why,
                assertThrows(StunException.class, () -> StunMessage.parse(bytes))
                        .getMessage());
    }

    private static byte[] changed(byte[] bytes, int at, int to) {
        return ByteBuffer.wrap(bytes.clone()).put(at, (byte) to).array();
    }
}
