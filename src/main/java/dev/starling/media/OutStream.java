package dev.starling.media;

/// The one stream that a leg sends, whoever it comes from: its source (SSRC) stays, numbers and times go on without a
/// break when another leg or another source takes over: RFC 3550, section 5.1. For one thread at a time.
final class OutStream {
    /// RFC 3550, appendix A.1: farther than that is no loss, but a new beginning.
    private static final int MAX_DROPOUT = 3000;

    private static final int CLOCK_PER_MILLI = 8;
    private static final int FRAME = 160;

    final int ssrc;
    private int source;
    private boolean isBegun;
    private int sequenceOffset;
    private int timestampOffset;
    private int lastSequence;
    private int lastTimestamp;
    private long lastAt;
    private long packets;
    private long octets;

    /// At random: RFC 3550, section 5.1. Half of the numbers lie ahead, so that none rolls over in the first minutes,
    /// where a lost beginning could not be told from it (RFC 3711, section 3.3.1).
    OutStream(int ssrc, int firstSequence, int firstTimestamp) {
        this.ssrc = ssrc;
        lastSequence = firstSequence & 0x7FFF;
        lastTimestamp = firstTimestamp;
    }

    RtpPacket next(RtpPacket packet, int payloadType, long now) {
        boolean isNew = !isBegun
                || packet.ssrc() != source
                || Math.abs((short) (packet.sequence() + sequenceOffset - lastSequence)) > MAX_DROPOUT;
        if (isNew) begin(packet, now);
        int sequence = packet.sequence() + sequenceOffset & 0xFFFF;
        int timestamp = packet.timestamp() + timestampOffset;
        if ((short) (sequence - lastSequence) > 0) {
            lastSequence = sequence;
            lastTimestamp = timestamp;
            lastAt = now;
        }
        packets++;
        octets += packet.payload().length;
        return new RtpPacket(packet.marker() || isNew, payloadType, sequence, timestamp, ssrc, packet.payload());
    }

    private void begin(RtpPacket packet, long now) {
        int passed = isBegun ? (int) Math.min(Integer.MAX_VALUE, Math.max(FRAME, (now - lastAt) * CLOCK_PER_MILLI)) : 0;
        sequenceOffset = lastSequence + 1 - packet.sequence();
        timestampOffset = lastTimestamp + passed - packet.timestamp();
        source = packet.ssrc();
        isBegun = true;
    }

    boolean isBegun() {
        return isBegun;
    }

    /// Modulo 2^32.
    int packets() {
        return (int) packets;
    }

    int octets() {
        return (int) octets;
    }

    /// What the time of RTP is now: RFC 3550, section 6.4.1.
    int timestampAt(long now) {
        return lastTimestamp + (int) ((now - lastAt) * CLOCK_PER_MILLI);
    }
}
