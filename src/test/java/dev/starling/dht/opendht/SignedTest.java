package dev.starling.dht.opendht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The bytes that OpenDHT signs and sends, and those of ours inside.
class SignedTest {
    private static final HexFormat HEX = HexFormat.of();

    @Test
    void whatIsSignedIsAMapOfFourInThisOrder() {
        assertEquals(
                "84" + "a3736571" + "05" + "a56f776e6572" + "c402aabb" + "a474797065" + "00" + "a464617461" + "c40101",
                HEX.formatHex(Signed.toSign(5, new byte[] {(byte) 0xaa, (byte) 0xbb}, new byte[] {1})));
    }

    @Test
    void numbersAndBytesHaveTheirShortestForm() {
        for (var each :
                new Object[][] {{0, "00"}, {127, "7f"}, {128, "cc80"}, {255, "ccff"}, {256, "cd0100"}, {65535, "cdffff"}
                })
            assertEquals(
                    "84a3736571" + each[1] + "a56f776e6572c400a47479706500a464617461c400",
                    HEX.formatHex(Signed.toSign((int) each[0], new byte[0], new byte[0])));
        assertTrue(HEX.formatHex(Signed.toSign(0, new byte[0], new byte[255])).contains("c4ff00"));
        assertTrue(HEX.formatHex(Signed.toSign(0, new byte[0], new byte[256])).contains("c5010000"));
    }

    @Test
    void whatIsWrittenIsReadBackAndGenuineUntilAByteChanges() throws Exception {
        var value = SlotKeys.next().sign(-7, 40_000, new byte[] {1, 2, 3});
        var read = Signed.parse(value.json()).orElseThrow();
        assertEquals(-7, read.id());
        assertEquals(40_000, read.seq());
        assertArrayEquals(value.owner(), read.owner());
        assertArrayEquals(value.data(), read.data());
        assertTrue(read.genuine());
        assertTrue(read.sameSlot(value));
        assertFalse(new Signed(-7, 40_001, read.owner(), read.data(), read.signature(), false).genuine());
        assertFalse(new Signed(-7, 40_000, read.owner(), new byte[] {1, 2, 4}, read.signature(), false).genuine());
        assertFalse(new Signed(-7, 40_000, new byte[] {1}, read.data(), read.signature(), false).genuine());
    }

    @Test
    void anUnsignedValueSharesNoSlot() {
        var one = Signed.parse("{\"id\":\"5\",\"data\":\"AAAA\"}").orElseThrow();
        assertFalse(one.sameSlot(one));
        assertFalse(one.genuine());
    }

    @Test
    void theEnvelopeIsSeventeenBytesInFront() {
        byte[] bytes = new Envelope(Long.MIN_VALUE + 5, 1_800_000_000, new byte[] {(byte) 0xab}).bytes();
        assertEquals("01" + "8000000000000005" + "000000006b49d200" + "ab", HEX.formatHex(bytes));
        var read = Envelope.read(bytes).orElseThrow();
        assertEquals(Long.MIN_VALUE + 5, read.id());
        assertEquals(1_800_000_000, read.expires());
        assertArrayEquals(new byte[] {(byte) 0xab}, read.value());
        assertTrue(Envelope.read(HEX.parseHex("01" + "00".repeat(16)))
                .orElseThrow()
                .withdrawn());
    }

    @Test
    void anythingElseIsNoEnvelope() {
        byte[] good = new Envelope(1, 2, new byte[Dht.MAX_VALUE_BYTES]).bytes();
        assertTrue(Envelope.read(good).isPresent());
        assertEquals(Optional.empty(), Envelope.read(java.util.Arrays.copyOf(good, good.length + 1)));
        assertEquals(Optional.empty(), Envelope.read(java.util.Arrays.copyOf(good, 16)));
        assertEquals(Optional.empty(), Envelope.read(new byte[0]));
        good[0] = 0;
        assertEquals(Optional.empty(), Envelope.read(good));
    }

    @Test
    void anyLineIsReadOrPassedOver() throws Exception {
        var random = new Random(20_261_125);
        String good = SlotKeys.next().sign(3, 9, new byte[40]).json();
        int read = 0;
        for (int i = 0; i < 5_000; i++) {
            var line = new StringBuilder(good);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(line.length());
                switch (random.nextInt(3)) {
                    case 0 -> line.setCharAt(at, (char) random.nextInt(128));
                    case 1 -> line.deleteCharAt(at);
                    default -> line.insert(at, "{}[]\":,\\-0e".charAt(random.nextInt(11)));
                }
            }
            var parsed = Signed.parse(line.toString());
            if (parsed.isPresent()) {
                read++;
                var _ = Envelope.read(parsed.get().data());
                var _ = parsed.get().genuine();
            }
        }
        assertTrue(read > 100 && read < 5_000, read + " were read");
    }
}
