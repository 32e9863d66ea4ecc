package dev.starling.media;

/// Which packets of one source were there, by their index: the replay list of RFC 3711, section 3.3.2, and the estimate
/// of an index out of its last 16 bits, section 3.3.1.
final class PacketWindow {
    private static final int SIZE = 64;

    private long highest = -1;
    private long seen;

    /// The index that these 16 bits most likely stand for.
    long index(int sequence) {
        if (highest < 0) return sequence;
        long rollOver = highest >>> 16;
        int last = (int) highest & 0xFFFF;
        if (last < 0x8000) {
            if (sequence - last > 0x8000 && rollOver > 0) rollOver--;
        } else if (last - 0x8000 > sequence) rollOver++;
        return rollOver << 16 | sequence;
    }

    boolean isNew(long index) {
        long back = highest - index;
        return back < 0 || back < SIZE && (seen >>> back & 1) == 0;
    }

    void add(long index) {
        long ahead = index - highest;
        if (ahead > 0) {
            seen = ahead >= SIZE ? 1 : seen << ahead | 1;
            highest = index;
        } else seen |= 1L << -ahead;
    }
}
