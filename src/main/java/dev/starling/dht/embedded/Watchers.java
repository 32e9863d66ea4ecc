package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// Who watches which key. A watcher hears of changes only after it has seen what was there before, so that an
/// old value never comes after a newer one.
final class Watchers {
    /// Reads what lies under a key now.
    interface Present {
        List<Dht.Value> values() throws DhtException;
    }

    private static final class Watcher {
        private final ReentrantLock telling = new ReentrantLock();
        private final Dht.Watcher change;
        private volatile boolean open = true;

        Watcher(Dht.Watcher change) {
            this.change = change;
        }

        void tell(Dht.Event event) {
            telling.lock();
            try {
                if (open) change.changed(event);
            } finally {
                telling.unlock();
            }
        }
    }

    private final Map<String, List<Watcher>> byKey = new ConcurrentHashMap<>();

    Dht.Subscription add(String key, Dht.Watcher change, Present present) throws DhtException {
        var watcher = new Watcher(change);
        watcher.telling.lock();
        try {
            byKey.merge(key, List.of(watcher), Watchers::joined);
            for (Dht.Value value : present.values()) watcher.tell(new Dht.Event(value, false));
            change.complete();
        } catch (DhtException e) {
            remove(key, watcher);
            throw e;
        } finally {
            watcher.telling.unlock();
        }
        return () -> remove(key, watcher);
    }

    private static List<Watcher> joined(List<Watcher> some, List<Watcher> more) {
        var all = new ArrayList<>(some);
        all.addAll(more);
        return List.copyOf(all);
    }

    private void remove(String key, Watcher watcher) {
        watcher.open = false;
        byKey.computeIfPresent(key, (_, all) -> {
            var rest = all.stream().filter(w -> w != watcher).toList();
            return rest.isEmpty() ? null : rest;
        });
    }

    boolean any(String key) {
        return byKey.containsKey(key);
    }

    void tell(String key, Dht.Event event) {
        for (Watcher watcher : byKey.getOrDefault(key, List.of())) watcher.tell(event);
    }

    void close() {
        byKey.values().forEach(all -> all.forEach(w -> w.open = false));
        byKey.clear();
    }
}
