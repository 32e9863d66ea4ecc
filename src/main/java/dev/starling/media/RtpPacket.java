package dev.starling.media;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/// An RTP packet: RFC 3550, section 5.1. Header extensions, contributing sources and padding are between the neighbours
/// of one hop and are not kept.
///
/// @param sequence 16 bits
/// @param timestamp 32 bits
record RtpPacket(boolean marker, int payloadType, int sequence, int timestamp, int ssrc, byte[] payload) {
    static final int HEADER_BYTES = 12;

    /// Empty: no RTP packet.
    static Optional<RtpPacket> parse(byte[] bytes, int length) {
        int header = headerBytes(bytes, length);
        if (header < 0) return Optional.empty();
        int end = length;
        if ((bytes[0] & 0x20) != 0) {
            int padding = bytes[length - 1] & 0xFF;
            if (padding == 0 || header + padding > length) return Optional.empty();
            end -= padding;
        }
        var in = ByteBuffer.wrap(bytes);
        return Optional.of(new RtpPacket(
                (bytes[1] & 0x80) != 0,
                bytes[1] & 0x7F,
                in.getShort(2) & 0xFFFF,
                in.getInt(4),
                in.getInt(8),
                Arrays.copyOfRange(bytes, header, end)));
    }

    /// Header, sources and extension: what SRTP leaves in the clear. -1: no RTP packet.
    static int headerBytes(byte[] bytes, int length) {
        if (length < HEADER_BYTES || (bytes[0] & 0xC0) != 0x80) return -1;
        int at = HEADER_BYTES + 4 * (bytes[0] & 0x0F);
        if ((bytes[0] & 0x10) != 0) {
            if (at + 4 > length) return -1;
            at += 4 + 4 * (ByteBuffer.wrap(bytes).getShort(at + 2) & 0xFFFF);
        }
        return at <= length ? at : -1;
    }

    /// Whether it is RTCP that shares RTP's port: RFC 5761, section 4.
    static boolean isRtcp(byte[] bytes, int length) {
        return length >= 8 && (bytes[0] & 0xC0) == 0x80 && (bytes[1] & 0xFF) >= 192 && (bytes[1] & 0xFF) <= 223;
    }

    /// The length. out: has room
    int write(byte[] out) {
        ByteBuffer.wrap(out)
                .put((byte) 0x80)
                .put((byte) (payloadType | (marker ? 0x80 : 0)))
                .putShort((short) sequence)
                .putInt(timestamp)
                .putInt(ssrc)
                .put(payload);
        return HEADER_BYTES + payload.length;
    }
}
