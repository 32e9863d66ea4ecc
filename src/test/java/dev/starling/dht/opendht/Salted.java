package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.function.Predicate;

/// The same engine with other keys, so that tests which use the same keys in one network do not meet.
record Salted(OpenDht dht, String salt) implements Dht {
    /// A key that is none stays none.
    String key(String key) {
        if (!key.matches("[0-9a-f]{40}")) return key;
        try {
            var sha = MessageDigest.getInstance("SHA-1");
            return HexFormat.of().formatHex(sha.digest((salt + key).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Caps caps() {
        return dht.caps();
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        dht.put(key(key), value, ttl);
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        dht.remove(key(key), owner, id);
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        return dht.lookup(key(key), limits, enough);
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        return dht.watch(key(key), watcher);
    }

    @Override
    public String health() {
        return dht.health();
    }

    @Override
    public void close() {
        dht.close();
    }
}
