package dev.starling.dht.opendht;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Keys that nobody watches any more, kept for a while: a client that loads its page again, changes network or asks for
/// other keys besides finds what was told so far, and the nodes are not asked for it again. Bounded by keys and bytes;
/// guarded by the lock of [Watches].
final class Lingering {
    private static final int MAX_KEYS = 512;
    private static final long MAX_BYTES = 32L << 20;

    private record Left(Watching watching, long until) {}

    private final long millis;
    // Who was left longest ago first.
    private final Map<String, Left> byKey = new LinkedHashMap<>();

    Lingering(Duration time) {
        millis = time.toMillis();
    }

    /// The last watcher left at `now`, of a clock that only goes forward.
    void add(String key, Watching watching, long now) {
        byKey.put(key, new Left(watching, now + millis));
    }

    /// Somebody came back.
    void remove(String key) {
        byKey.remove(key);
    }

    /// Takes out the keys whose time is over at `now`, those of which not everything is remembered, and those for which
    /// there is no room.
    List<String> over(long now) {
        long bytes =
                byKey.values().stream().mapToLong(l -> l.watching.heldBytes()).sum();
        int left = byKey.size();
        var over = new ArrayList<String>();
        for (var each : byKey.entrySet()) {
            var watching = each.getValue().watching;
            boolean kept = each.getValue().until > now && watching.remembersAll();
            if (kept && left <= MAX_KEYS && bytes <= MAX_BYTES) continue;
            bytes -= watching.heldBytes();
            left--;
            over.add(each.getKey());
        }
        over.forEach(byKey::remove);
        return over;
    }

    /// Takes out all: others need the room.
    List<String> all() {
        var all = List.copyOf(byKey.keySet());
        byKey.clear();
        return all;
    }
}
