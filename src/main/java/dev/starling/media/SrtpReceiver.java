package dev.starling.media;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/// Checks and opens what the other side sends: RFC 3711, sections 3.3 and 3.4. Sources are remembered once a packet of
/// theirs was authentic, the eight that were heard last. For one thread at a time.
final class SrtpReceiver {
    private static final int MAX_SOURCES = 8;
    private static final int RTCP_CLEAR_BYTES = 8;

    private final SrtpTransform rtp;
    private final SrtpTransform rtcp;
    private final Map<Integer, PacketWindow> windows = latest();
    private final Map<Integer, PacketWindow> rtcpWindows = latest();

    SrtpReceiver(SrtpKeys keys) {
        rtp = SrtpTransform.rtp(keys);
        rtcp = SrtpTransform.rtcp(keys);
    }

    private static Map<Integer, PacketWindow> latest() {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, PacketWindow> eldest) {
                return size() > MAX_SOURCES;
            }
        };
    }

    /// In place; the new length, or -1: forged, replayed or no RTP.
    int open(byte[] packet, int length) {
        int end = length - rtp.tagBytes();
        int header = RtpPacket.headerBytes(packet, end);
        if (header < 0) return -1;
        var in = ByteBuffer.wrap(packet);
        int ssrc = in.getInt(8);
        PacketWindow window = windows.getOrDefault(ssrc, new PacketWindow());
        long index = window.index(in.getShort(2) & 0xFFFF);
        if (!window.isNew(index) || !rtp.isTag(packet, end, SrtpSender.rollOver(index))) return -1;
        window.add(index);
        windows.put(ssrc, window);
        rtp.crypt(packet, header, end, ssrc, index);
        return end;
    }

    /// The same of RTCP.
    int openRtcp(byte[] packet, int length) {
        int end = length - rtcp.tagBytes() - 4;
        if (end < RTCP_CLEAR_BYTES) return -1;
        var in = ByteBuffer.wrap(packet);
        int ssrc = in.getInt(4), word = in.getInt(end), index = word & 0x7FFF_FFFF;
        PacketWindow window = rtcpWindows.getOrDefault(ssrc, new PacketWindow());
        // What is not encrypted was not agreed on (section 3.4: the E flag).
        if (word >= 0 || !window.isNew(index) || !rtcp.isTag(packet, end + 4, ByteBuffer.allocate(0))) return -1;
        window.add(index);
        rtcpWindows.put(ssrc, window);
        rtcp.crypt(packet, RTCP_CLEAR_BYTES, end, ssrc, index);
        return end;
    }
}
