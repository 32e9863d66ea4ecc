package dev.starling.media;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/// What happened since the start, for /metrics.
public final class Counters {
    /// Why a packet goes no further.
    enum Drop {
        /// Longer than 1500 bytes.
        OVERSIZE,
        /// More than the leg may send.
        RATE,
        /// Not from where the other side is.
        STRANGER,
        /// Wrong tag, or seen before.
        FORGED,
        /// Neither RTP nor RTCP.
        MALFORMED,
        /// A payload type that was not agreed on.
        CODEC,
        /// Nobody listens: held, not answered yet, or another leg was kept.
        UNHEARD,
        /// The way is not there yet, or the system did not take it.
        UNSENT
    }

    final LongAdder bridges = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder packets = new LongAdder();
    final LongAdder bytes = new LongAdder();
    private final Map<Drop, LongAdder> drops = new EnumMap<>(Drop.class);
    private final Map<End, LongAdder> ends = new EnumMap<>(End.class);

    Counters() {
        for (Drop each : Drop.values()) drops.put(each, new LongAdder());
        for (End each : End.values()) ends.put(each, new LongAdder());
    }

    void dropped(Drop why) {
        drops.getOrDefault(why, refused).increment();
    }

    void ended(End why) {
        ends.getOrDefault(why, refused).increment();
    }

    /// By names such as `packets`, `dropped.forged`, `ended.silent`.
    public Map<String, Long> snapshot() {
        var all = new TreeMap<String, Long>();
        all.put("bridges", bridges.sum());
        all.put("refused", refused.sum());
        all.put("packets", packets.sum());
        all.put("bytes", bytes.sum());
        drops.forEach((why, count) -> all.put("dropped." + why.name().toLowerCase(Locale.ROOT), count.sum()));
        ends.forEach((why, count) -> all.put("ended." + why.name().toLowerCase(Locale.ROOT), count.sum()));
        return all;
    }
}
