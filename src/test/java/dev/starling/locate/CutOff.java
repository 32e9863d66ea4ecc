package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.util.Set;
import java.util.function.Predicate;

/// A store where more lies under some keys than is read: what it gives of these is not all.
final class CutOff extends Passed {
    private final Set<String> keys;

    CutOff(Dht beneath, Set<String> keys) {
        super(beneath);
        this.keys = keys;
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        return super.lookup(key, limits, enough) && !keys.contains(key);
    }
}
