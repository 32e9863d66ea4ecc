package dev.starling.dht;

import java.time.Duration;
import java.util.function.Predicate;

/// One DHT engine. Values are opaque, self-signed bytes under a key of 40 hex digits; the engine is never
/// trusted, and several values may lie under one key.
public interface Dht extends AutoCloseable {
    int MAX_VALUE_BYTES = 32 * 1024;

    /// What an engine does by itself.
    ///
    /// @param ttl how long a value lives without being put again, at most
    /// @param refresh how often a publication is put again
    record Caps(int maxValueBytes, Duration ttl, Duration refresh) {}

    /// Who put a value. Nobody replaces another owner's value, and quotas go by owner.
    ///
    /// @param peer the peer through which it came; empty for the one that runs this engine, or when unknown
    /// @param user what that peer calls its user; opaque
    record Owner(String peer, String user) {
        public static final Owner UNKNOWN = new Owner("", "");

        /// A user of the peer that runs this engine.
        public static Owner local(String user) {
            return new Owner("", user);
        }
    }

    /// One stored value.
    ///
    /// @param id 64 bits, chosen by the publisher; with `owner` it names the slot that a later put replaces
    record Value(long id, Owner owner, byte[] data) {}

    /// A change under a watched key. What expired carries its data too, so that a watcher knows which of several
    /// values under one id it was.
    record Event(Value value, boolean expired) {}

    /// Told what lies under a watched key. Called on a thread of the engine's; must not block or throw.
    interface Watcher {
        void changed(Event event);

        /// All that was there when the watch began has been told.
        default void complete() {}
    }

    /// Bounds on one lookup. Where several sources are asked that do not trust each other, each may tell so much: one
    /// that invents values keeps nobody from hearing the others.
    ///
    /// @param bytes of all values together
    record Limits(Duration time, int values, long bytes) {
        public static final Limits USUAL = new Limits(Duration.ofSeconds(20), 2048, 32L << 20);
    }

    /// Ends a watch; nothing is told afterwards.
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    Caps caps();

    /// Stores a value for `ttl` at most, in place of the same owner's value with this id. When it returns, the
    /// value survives the engine's sudden death.
    ///
    /// @throws DhtException 400 no key, 413 too large, 429 a quota, 502 or 503 the engine is not there: try
    /// again later
    void put(String key, Value value, Duration ttl) throws DhtException;

    /// Takes the owner's value with this id away before its time; where there is none, nothing happens. When it
    /// returns, no look-up through this engine gives it any more, and who watches has been told.
    ///
    /// @throws DhtException 400 no key, 502 or 503 the engine is not there: try again later
    void remove(String key, Owner owner, long id) throws DhtException;

    /// Gives each stored value to `enough` until it says so, a limit is reached or there are no more. The
    /// verifier stops early when content, so that a flood of junk costs little.
    ///
    /// @return false when it was cut off by a limit, or all who told something broke off: more may lie there, and
    /// that something was not given says nothing
    /// @throws DhtException when nothing can be said; finding nothing is no exception
    boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException;

    /// Present values first, then changes, each at least once, until closed. A value may come twice.
    Subscription watch(String key, Watcher watcher) throws DhtException;

    /// One word and why, for doctor: `ok` when a put and a lookup would work now.
    String health();

    /// Ends all watches too. Later calls fail with a [DhtException].
    @Override
    void close();
}
