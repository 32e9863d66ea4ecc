package dev.starling.dht.remote;

import dev.starling.dht.Dht;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// What a watch has shown, so that what vanished while its stream was broken is told too. Bounded by bytes:
/// beyond that a value is shown all the same, but its end may go unnoticed.
final class Seen {
    private record Name(long id, ByteBuffer data) {}

    private final long maxBytes;
    private final Map<Name, Dht.Value> shown = new LinkedHashMap<>();
    private final Set<Name> again = new LinkedHashSet<>();
    private boolean present, told;
    private long bytes;

    Seen(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// A new stream begins: first comes what is there now.
    void reopened() {
        present = true;
        again.clear();
    }

    void event(Dht.Event event) {
        var name = new Name(event.value().id(), ByteBuffer.wrap(event.value().data()));
        if (event.expired()) {
            if (shown.remove(name) != null) bytes -= event.value().data().length;
            return;
        }
        if (present) again.add(name);
        if (bytes + event.value().data().length > maxBytes || shown.putIfAbsent(name, event.value()) != null) return;
        bytes += event.value().data().length;
    }

    /// All that is there now has been shown: what is missing has gone.
    void complete(Dht.Watcher watcher) {
        if (!present) return;
        present = false;
        var gone = shown.entrySet().stream()
                .filter(e -> !again.contains(e.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        for (Dht.Value value : gone) {
            var expired = new Dht.Event(value, true);
            event(expired);
            watcher.changed(expired);
        }
        again.clear();
        if (!told) watcher.complete();
        told = true;
    }
}
