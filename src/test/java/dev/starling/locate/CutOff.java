package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.util.Set;
import java.util.function.Predicate;

/// A store where more lies under some keys than is read: what it gives of these is not all.
record CutOff(Dht beneath, Set<String> keys) implements Dht {
    @Override
    public Caps caps() {
        return beneath.caps();
    }

    @Override
    public void put(String key, Value value, java.time.Duration ttl) throws DhtException {
        beneath.put(key, value, ttl);
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        beneath.remove(key, owner, id);
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        return beneath.lookup(key, limits, enough) && !keys.contains(key);
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        return beneath.watch(key, watcher);
    }

    @Override
    public String health() {
        return beneath.health();
    }

    @Override
    public void close() {
        beneath.close();
    }
}
