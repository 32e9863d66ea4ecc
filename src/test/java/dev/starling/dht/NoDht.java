package dev.starling.dht;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Stands where none was opened yet.
final class NoDht implements Dht {
    @Override
    public Caps caps() {
        throw new IllegalStateException();
    }

    @Override
    public void put(String key, Value value, Duration ttl) {
        throw new IllegalStateException();
    }

    @Override
    public void lookup(String key, Limits limits, Predicate<Value> enough) {
        throw new IllegalStateException();
    }

    @Override
    public Subscription watch(String key, Consumer<Event> change) {
        throw new IllegalStateException();
    }

    @Override
    public String health() {
        throw new IllegalStateException();
    }

    @Override
    public void close() {}
}
