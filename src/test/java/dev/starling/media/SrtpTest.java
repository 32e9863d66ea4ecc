package dev.starling.media;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.media.SrtpKeys.Label;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SrtpTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final SrtpKeys KEYS = new SrtpKeys(
            HEX.parseHex("e1f97a0d3e018be0d64fa32c06de4139"), HEX.parseHex("0ec675ad498afeebb6960b3aabe6"), 10);

    @Test
    void keysAreDerivedAsInRfc3711AppendixB3() {
        assertArrayEquals(HEX.parseHex("c61e7a93744f39ee10734afe3ff7a087"), KEYS.derive(Label.RTP_ENCRYPTION, 16));
        assertArrayEquals(HEX.parseHex("30cbbc08863d8c85d49db34a9ae1"), KEYS.derive(Label.RTP_SALT, 14));
        assertArrayEquals(
                HEX.parseHex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"), KEYS.derive(Label.RTP_AUTHENTICATION, 20));
    }

    /// The reference packet by which the field's usual library checks itself.
    @Test
    void aKnownPacketIsProtectedAndOpened() {
        byte[] plain = HEX.parseHex("800f1234decafbadcafebabe" + "ab".repeat(16));
        byte[] known = HEX.parseHex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
        byte[] packet = Arrays.copyOf(plain, plain.length + SrtpSender.ROOM_BYTES);
        int length = new SrtpSender(KEYS).protect(packet, plain.length);
        assertArrayEquals(known, Arrays.copyOf(packet, length));
        assertEquals(plain.length, new SrtpReceiver(KEYS).open(packet, length));
        assertArrayEquals(plain, Arrays.copyOf(packet, plain.length));
    }

    @Test
    void aKnownPacketOfRtcpIsOpened() {
        byte[] plain = HEX.parseHex("81c8000bcafebabe" + "ab".repeat(16));
        byte[] known = HEX.parseHex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
        assertEquals(plain.length, new SrtpReceiver(KEYS).openRtcp(known, known.length));
        assertArrayEquals(plain, Arrays.copyOf(known, plain.length));
    }

    @Test
    void nothingIsOpenedTwiceAndNothingForged() {
        var sender = new SrtpSender(KEYS);
        var receiver = new SrtpReceiver(KEYS);
        byte[] packet = packet(5);
        int length = sender.protect(packet, packet.length - SrtpSender.ROOM_BYTES);
        byte[] again = packet.clone(), forged = packet.clone(), cut = packet.clone();
        forged[14] ^= 1;
        assertEquals(-1, receiver.open(forged, length));
        assertEquals(-1, receiver.open(cut, 15));
        assertEquals(172, receiver.open(packet, length));
        assertEquals(-1, receiver.open(again, length));
    }

    @Test
    void noTwoPacketsShareAKeyStream() {
        var sender = new SrtpSender(KEYS);
        assertEquals(182, sender.protect(packet(5), 172));
        assertEquals(-1, sender.protect(packet(5), 172));
        assertEquals(182, sender.protect(packet(4), 172));
        assertEquals(182, sender.protect(packet(300), 172));
        assertEquals(-1, sender.protect(packet(6), 172)); // Too far back to know.
    }

    @Test
    void numbersRollOverWithLossAndDisorder() {
        var random = new Random(4);
        var sender = new SrtpSender(KEYS);
        var receiver = new SrtpReceiver(KEYS);
        int opened = 0, sent = 0;
        byte[] late = {};
        for (int i = 60_000; i < 140_000; i++) {
            byte[] packet = packet(i);
            int length = sender.protect(packet, 172);
            if (random.nextInt(100) < 5) continue;
            if (late.length == 0 && random.nextInt(50) == 0) {
                late = packet;
                continue;
            }
            sent++;
            if (receiver.open(packet, length) == 172) opened++;
            if (late.length > 0) {
                sent++;
                if (receiver.open(late, length) == 172) opened++;
                late = new byte[0];
            }
        }
        assertEquals(sent, opened);
    }

    @Test
    void manySourcesTakeNoMoreRoom() {
        var receiver = new SrtpReceiver(KEYS);
        for (int ssrc = 0; ssrc < 1000; ssrc++) {
            byte[] packet = packet(1);
            ByteBuffer.wrap(packet).putInt(8, ssrc);
            int length = new SrtpSender(KEYS).protect(packet, 172);
            assertEquals(172, receiver.open(packet, length));
        }
        byte[] first = packet(1);
        ByteBuffer.wrap(first).putInt(8, 0);
        // Forgotten long ago, so taken for new: the price of the bound, payable only by who has the keys.
        assertEquals(172, receiver.open(first, new SrtpSender(KEYS).protect(first, 172)));
    }

    @Test
    void rtcpGoesThereAndOnlyEncrypted() {
        byte[] compound = Rtcp.compound(new OutStream(7, 1, 1), new Reception(), "name", 0, 0);
        byte[] packet = Arrays.copyOf(compound, compound.length + SrtpSender.ROOM_BYTES);
        int length = new SrtpSender(KEYS).protectRtcp(packet, compound.length);
        byte[] plain = packet.clone();
        plain[compound.length] &= 0x7F;
        assertEquals(-1, new SrtpReceiver(KEYS).openRtcp(plain, length));
        assertEquals(compound.length, new SrtpReceiver(KEYS).openRtcp(packet, length));
        assertArrayEquals(compound, Arrays.copyOf(packet, compound.length));
    }

    private static byte[] packet(int sequence) {
        byte[] packet = new byte[172 + SrtpSender.ROOM_BYTES];
        new RtpPacket(false, 0, sequence & 0xFFFF, sequence * 160, 99, new byte[160]).write(packet);
        return packet;
    }
}
