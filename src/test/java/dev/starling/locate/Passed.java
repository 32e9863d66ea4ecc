package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.time.Duration;
import java.util.function.Predicate;

/// Passes everything on; tests change one thing of it.
class Passed implements Dht {
    final Dht beneath;

    Passed(Dht beneath) {
        this.beneath = beneath;
    }

    @Override
    public Caps caps() {
        return beneath.caps();
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        beneath.put(key, value, ttl);
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        beneath.remove(key, owner, id);
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        return beneath.lookup(key, limits, enough);
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
