package dev.starling.dht.opendht;

import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;

/// What all OpenDHT nodes of a network hold together, with a clock that a test moves. As real nodes do, it keeps a
/// value for ten minutes, replaces a signed one by its owner's with a higher number only, and takes everything else.
final class FakeNetwork {
    private record Stored(Signed value, String line, long until) {}

    private final Clock clock;
    private final Map<String, Map<Long, Stored>> byKey = new HashMap<>();
    private final Map<String, List<LinkedBlockingQueue<String>>> listeners = new HashMap<>();

    FakeNetwork(Clock clock) {
        this.clock = clock;
    }

    synchronized void put(String key, String json) {
        var value = Signed.parse(json).orElseThrow();
        if (value.owner().length > 0 && !value.genuine()) return;
        var slots = byKey.computeIfAbsent(key, _ -> new LinkedHashMap<>());
        var here = slots.get(value.id());
        boolean same = here != null && here.line.equals(json);
        boolean newer = here == null || here.value.sameSlot(value) && here.value.seq() < value.seq();
        if (!same && !newer) return;
        slots.put(value.id(), new Stored(value, json, clock.instant().getEpochSecond() + 600));
        if (!same) tell(key, json);
    }

    private void tell(String key, String line) {
        for (var queue : listeners.getOrDefault(key, List.of())) queue.add(line);
    }

    synchronized List<String> get(String key) {
        sweep();
        return byKey.getOrDefault(key, Map.of()).values().stream()
                .map(Stored::line)
                .toList();
    }

    /// Forgets what is ten minutes old, and tells who listens.
    synchronized void sweep() {
        long now = clock.instant().getEpochSecond();
        byKey.forEach((key, slots) -> {
            for (Iterator<Stored> all = slots.values().iterator(); all.hasNext(); ) {
                var each = all.next();
                if (each.until > now) continue;
                all.remove();
                tell(key, each.line.replaceFirst("\\{", "{\"expired\":true,"));
            }
        });
    }

    /// What is there, then what comes.
    synchronized LinkedBlockingQueue<String> listen(String key) {
        var queue = new LinkedBlockingQueue<>(get(key));
        listeners.computeIfAbsent(key, _ -> new ArrayList<>()).add(queue);
        return queue;
    }

    synchronized void leave(String key, LinkedBlockingQueue<String> queue) {
        listeners.getOrDefault(key, new ArrayList<>()).remove(queue);
    }

    /// Streams open now.
    synchronized int listening() {
        return listeners.values().stream().mapToInt(List::size).sum();
    }

    /// Values under a key, whoever put them.
    synchronized int size(String key) {
        return get(key).size();
    }
}
