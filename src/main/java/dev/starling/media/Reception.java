package dev.starling.media;

import java.nio.ByteBuffer;

/// What came from the source that is heard now, for the other side's information: RFC 3550, sections 6.4.1, A.1, A.3
/// and
/// A.8. For one thread at a time.
final class Reception {
    static final int BLOCK_BYTES = 24;

    private static final int CLOCK_PER_MILLI = 8;
    private static final int MAX_LOST = 0x7F_FFFF;

    private boolean isBegun;
    private int ssrc;
    private int base;
    private long highest;
    private long received;
    private long expectedBefore;
    private long receivedBefore;
    private int transit;
    private double jitter;
    private int reportId;
    private long reportAt;

    void received(RtpPacket packet, long now) {
        int arrival = (int) (now * CLOCK_PER_MILLI) - packet.timestamp();
        if (!isBegun || packet.ssrc() != ssrc) begin(packet, arrival);
        int ahead = (short) (packet.sequence() - (int) highest);
        if (ahead > 0) highest += ahead;
        received++;
        jitter += (Math.abs((double) (arrival - transit)) - jitter) / 16;
        transit = arrival;
    }

    private void begin(RtpPacket packet, int arrival) {
        isBegun = true;
        ssrc = packet.ssrc();
        base = packet.sequence();
        highest = base;
        received = expectedBefore = receivedBefore = 0;
        transit = arrival;
        jitter = 0;
        reportId = 0;
    }

    /// A sender report of that source. ntp: the middle 32 bits of its time
    void reported(int of, int ntp, long now) {
        if (!isBegun || of != ssrc) return;
        reportId = ntp;
        reportAt = now;
    }

    boolean isBegun() {
        return isBegun;
    }

    /// 24 bytes: figure 1 of section 6.4.1.
    void write(ByteBuffer out, long now) {
        long expected = highest - base + 1, lost = expected - received;
        long expectedNow = expected - expectedBefore, lostNow = expectedNow - (received - receivedBefore);
        int fraction = expectedNow <= 0 || lostNow <= 0 ? 0 : (int) Math.min(255, (lostNow << 8) / expectedNow);
        expectedBefore = expected;
        receivedBefore = received;
        int cumulative = (int) Math.max(-MAX_LOST, Math.min(MAX_LOST, lost));
        int delay = reportId == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (now - reportAt) * 65_536 / 1000);
        out.putInt(ssrc)
                .putInt(fraction << 24 | cumulative & 0xFF_FFFF)
                .putInt((int) highest)
                .putInt((int) jitter)
                .putInt(reportId)
                .putInt(delay);
    }
}
