package dev.starling.media;

import java.nio.ByteBuffer;

/// Protects what we send of one source: RFC 3711, sections 3.3 and 3.4. For one thread at a time.
final class SrtpSender {
    /// More than that is added to no packet.
    static final int ROOM_BYTES = 4 + SrtpKeys.LONGEST_TAG_BYTES;

    private static final int E_FLAG = 0x8000_0000;
    private static final int RTCP_CLEAR_BYTES = 8;

    private final SrtpTransform rtp;
    private final SrtpTransform rtcp;
    private final PacketWindow sent = new PacketWindow();
    private int rtcpIndex;

    SrtpSender(SrtpKeys keys) {
        rtp = SrtpTransform.rtp(keys);
        rtcp = SrtpTransform.rtcp(keys);
    }

    /// In place; the new length, or -1: a packet of this number was sent. Two under one number would share a key stream
    /// (section 9.1), and who is relayed chooses the numbers.
    int protect(byte[] packet, int length) {
        int header = RtpPacket.headerBytes(packet, length);
        var in = ByteBuffer.wrap(packet);
        long index = sent.index(in.getShort(2) & 0xFFFF);
        if (header < 0 || !sent.isNew(index)) return -1;
        sent.add(index);
        rtp.crypt(packet, header, length, in.getInt(8), index);
        rtp.tag(packet, length, rollOver(index), packet, length);
        return length + rtp.tagBytes();
    }

    static ByteBuffer rollOver(long index) {
        return ByteBuffer.allocate(4).putInt(0, (int) (index >>> 16));
    }

    /// A compound RTCP packet, in place; the new length.
    int protectRtcp(byte[] packet, int length) {
        int index = rtcpIndex++ & ~E_FLAG;
        var in = ByteBuffer.wrap(packet);
        rtcp.crypt(packet, RTCP_CLEAR_BYTES, length, in.getInt(4), index);
        in.putInt(length, index | E_FLAG);
        rtcp.tag(packet, length + 4, ByteBuffer.allocate(0), packet, length + 4);
        return length + 4 + rtcp.tagBytes();
    }
}
