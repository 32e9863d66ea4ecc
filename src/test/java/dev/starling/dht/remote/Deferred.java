package dev.starling.dht.remote;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;

/// An engine that is named after those who use it were made.
final class Deferred implements Dht {
    volatile @org.jspecify.annotations.Nullable Dht dht;

    private Dht dht() {
        return Objects.requireNonNull(dht);
    }

    @Override
    public Caps caps() {
        return dht().caps();
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        dht().put(key, value, ttl);
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        dht().remove(key, owner, id);
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        return dht().lookup(key, limits, enough);
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        return dht().watch(key, watcher);
    }

    @Override
    public String health() {
        return dht().health();
    }

    @Override
    public void close() {
        dht().close();
    }
}
