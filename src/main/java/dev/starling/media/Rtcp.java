package dev.starling.media;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Reports about the streams of one leg: RFC 3550, section 6. Each leg is an end of RTCP of its own; nothing of the
/// other
/// leg's reports is passed on, as they speak of other sources and other losses.
final class Rtcp {
    static final int SENDER_REPORT = 200, RECEIVER_REPORT = 201, SOURCE_DESCRIPTION = 202;

    private static final long NTP_EPOCH_SECONDS = 2_208_988_800L;
    private static final int MAX_BYTES = 200;

    private Rtcp() {}

    /// ntp: the middle 32 bits of the sender's time
    record SenderReport(int ssrc, int ntp) {}

    /// A sender or receiver report and the canonical name, as every compound packet has them: section 6.1.
    static byte[] compound(OutStream out, Reception in, String name, long now, long wallMillis) {
        var packet = ByteBuffer.allocate(MAX_BYTES);
        int blocks = in.isBegun() ? 1 : 0;
        packet.put((byte) (0x80 | blocks)).put((byte) (out.isBegun() ? SENDER_REPORT : RECEIVER_REPORT));
        packet.putShort((short) ((out.isBegun() ? 28 : 8) / 4 - 1 + blocks * Reception.BLOCK_BYTES / 4));
        packet.putInt(out.ssrc);
        if (out.isBegun()) {
            packet.putInt((int) (wallMillis / 1000 + NTP_EPOCH_SECONDS));
            packet.putInt((int) ((wallMillis % 1000 << 32) / 1000));
            packet.putInt(out.timestampAt(now)).putInt(out.packets()).putInt(out.octets());
        }
        if (in.isBegun()) in.write(packet, now);
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        int words = (4 + 2 + text.length) / 4 + 1; // Ends with one to four zeros: section 6.5.
        packet.put((byte) 0x81)
                .put((byte) SOURCE_DESCRIPTION)
                .putShort((short) words)
                .putInt(out.ssrc);
        packet.put((byte) 1).put((byte) text.length).put(text);
        byte[] all = new byte[packet.position() + 4 * words - 4 - 2 - text.length];
        packet.flip().get(all, 0, packet.limit());
        return all;
    }

    /// The sender report at the head of a compound packet. Empty: there is none, or it is no RTCP.
    static Optional<SenderReport> senderReport(byte[] bytes, int length) {
        if (length < 28 || (bytes[0] & 0xC0) != 0x80 || (bytes[1] & 0xFF) != SENDER_REPORT) return Optional.empty();
        var in = ByteBuffer.wrap(bytes, 0, length);
        if (4 * ((in.getShort(2) & 0xFFFF) + 1) > length) return Optional.empty();
        return Optional.of(new SenderReport(in.getInt(4), (int) (in.getLong(8) >>> 16)));
    }
}
