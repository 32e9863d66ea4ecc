package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.identity.DeviceId;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What devices of a person share before one of them has let this one in: its grant may be on its way, and nobody says
/// it again. Each device has room of its own, as many as stand on a list, so that one that says too much keeps out no
/// other; what does not fit is read in the store later.
final class EarlyEntries {
    static final int MAX_DEVICES = 16, MAX_BYTES = 128 * 1024;

    /// What an entry counts besides its name and its value.
    private static final int OVERHEAD = 20;

    private final Map<DeviceId, Kept> devices = new HashMap<>();

    private static final class Kept {
        final Map<String, Content.Entry> entries = new LinkedHashMap<>();
        int bytes;

        void keep(Content.Entry entry) {
            var old = Optional.ofNullable(entries.get(entry.name()));
            if (old.isPresent() && !OwnEntries.wins(entry, old.get())) return;
            int after = bytes + size(entry) - old.map(Kept::size).orElse(0);
            if (after > MAX_BYTES) return;
            bytes = after;
            entries.put(entry.name(), entry);
        }

        static int size(Content.Entry entry) {
            return entry.name().getBytes(StandardCharsets.UTF_8).length + entry.value().length + OVERHEAD;
        }
    }

    void keep(DeviceId from, List<Content.Entry> said) {
        if (!devices.containsKey(from) && devices.size() >= MAX_DEVICES) return;
        Kept kept = devices.computeIfAbsent(from, _ -> new Kept());
        said.forEach(kept::keep);
    }

    /// What that device said. That of all others is forgotten: nothing more is early.
    List<Content.Entry> take(DeviceId from) {
        var said = Optional.ofNullable(devices.get(from))
                .map(kept -> List.copyOf(kept.entries.values()))
                .orElse(List.of());
        devices.clear();
        return said;
    }
}
