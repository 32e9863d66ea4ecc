package dev.starling.dht;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// One DHT engine. Values are opaque, self-signed bytes under a key of 40 hex digits; the engine is never trusted,
/// and several values may lie under one key.
public interface Dht extends AutoCloseable {
    int MAX_VALUE_BYTES = 32 * 1024;

    /// What an engine does by itself.
    ///
    /// @param ttl how long a value lives without being put again
    /// @param refresh how often a publication is put again
    record Caps(int maxValueBytes, Duration ttl, Duration refresh) {}

    /// One stored value.
    ///
    /// @param id 64 bits, chosen by the publisher; with `owner` it names the slot that a later put replaces
    /// @param owner who put it, an opaque tag; nobody replaces another owner's value
    record Value(long id, String owner, byte[] data) {}

    /// A change under a watched key.
    record Event(Value value, boolean expired) {}

    /// Bounds on one lookup.
    record Limits(Duration time, int values, long bytes) {
        public static final Limits USUAL = new Limits(Duration.ofSeconds(5), 2048, 32L << 20);
    }

    /// Ends a watch.
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    Caps caps();

    /// Stores a value for `ttl` at most; durable when it returns.
    void put(String key, Value value, Duration ttl) throws DhtException;

    /// Gives each stored value to `enough` until it says so, the limits are reached or there are no more. The
    /// verifier stops early when content, so that a flood of junk costs little.
    void lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException;

    /// Present values first, then changes, until closed. A value may come twice.
    Subscription watch(String key, Consumer<Event> change) throws DhtException;

    /// One word and why, for doctor: `ok` when a put and a lookup would work now.
    String health();

    @Override
    void close();
}
