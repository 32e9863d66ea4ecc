package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// A network of OpenDHT nodes that nobody here runs or trusts, through the REST proxies of some of them.
///
/// Each value of ours lies in a slot that only our key can change ([SlotKey], [Slots]) and carries its publisher's id
/// and end inside ([Envelope]). The nodes keep a value for ten minutes, so whoever publishes puts it again before
/// that; nothing is ever put as permanent, for then a peer that died would look alive for a day.
public final class OpenDht implements Dht {
    /// @param connect to a proxy
    /// @param put one attempt
    /// @param round between two questions to each proxy how it is
    /// @param reread about the time between two look-ups of a watched key
    /// @param streams of changes open at once; twenty times as many keys may be watched
    /// @param linger how long a key is watched on when nobody watches it any more
    public record Patience(
            Duration connect, Duration put, Duration round, Duration reread, int streams, Duration linger) {
        public static final Patience USUAL = new Patience(
                Duration.ofSeconds(2),
                Duration.ofSeconds(4),
                Duration.ofSeconds(10),
                Duration.ofMinutes(4),
                1000,
                Duration.ofMinutes(1));
    }

    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Caps CAPS = new Caps(MAX_VALUE_BYTES, Slots.LIFETIME, Duration.ofSeconds(510));
    private static final Duration LONGEST = Duration.ofDays(9);
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{40}");
    private static final int TRIES = 3;

    private final Rest rest;
    private final Clock clock;
    private final Slots slots;
    private final Proxies proxies;
    private final Writing writing;
    private final Watches watches;
    private volatile boolean closed;

    /// @param proxies base URLs
    /// @param key file of the key that owns our values; made when missing
    public OpenDht(List<URI> proxies, Path key, Clock clock, Patience patience) throws IOException {
        if (proxies.isEmpty()) throw new IllegalArgumentException("no proxy");
        this.clock = clock;
        slots = new Slots(SlotKey.loadOrMake(key), clock);
        rest = new Rest(patience.connect);
        this.proxies = new Proxies(proxies, rest, patience.put, patience.round);
        writing = new Writing(this.proxies, rest, clock, patience.put);
        watches = new Watches(this.proxies, rest, clock, patience);
    }

    @Override
    public Caps caps() {
        return CAPS;
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        check(key);
        if (value.data().length > MAX_VALUE_BYTES) throw new DhtException(413, "at most " + MAX_VALUE_BYTES + " bytes");
        if (value.data().length == 0) throw new DhtException(400, "an empty value");
        write(key, value, Math.clamp(ttl.toSeconds(), 1, LONGEST.toSeconds()));
    }

    /// It is replaced by an empty value, which the nodes forget after ten minutes.
    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        check(key);
        write(key, new Value(id, owner, new byte[0]), Slots.LIFETIME.toSeconds());
    }

    private void check(String key) throws DhtException {
        if (closed) throw new DhtException(502, "closed");
        if (!KEY.matcher(key).matches()) throw new DhtException(400, "a key has 40 hex digits");
    }

    private void write(String key, Value value, long seconds) throws DhtException {
        long end = clock.instant().getEpochSecond() + seconds;
        for (int i = 0; i < TRIES; i++) {
            var prepared = slots.prepare(key, value, end);
            var held = writing.put(key, prepared.value());
            if (held.isEmpty()) {
                prepared.before().ifPresent(ended -> end(key, ended));
                return;
            }
            slots.atLeast(key, value, held.get());
        }
        throw new DhtException(502, "the DHT holds a newer value of ours");
    }

    private void end(String key, Signed before) {
        try {
            var _ = writing.put(key, before);
        } catch (DhtException e) {
            // It ends by itself within ten minutes; until then readers may see it too.
            LOG.log(System.Logger.Level.DEBUG, () -> "not ended: " + e.getMessage());
        }
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        check(key);
        var search = new Search(
                proxies,
                rest,
                clock,
                key,
                limits,
                hit -> !slots.isWithdrawn(hit.signed())
                        && enough.test(hit.envelope().opened()));
        boolean _ = search.run();
        return !search.isCut();
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        check(key);
        return watches.watch(key, watcher);
    }

    /// Keys watched now.
    public int watchedKeys() {
        return watches.keys();
    }

    /// Proxies that work now.
    public int workingProxies() {
        return proxies.working();
    }

    /// Tells watchers what has ended; done every few seconds by itself.
    public void sweep() {
        watches.sweep();
    }

    @Override
    public String health() {
        return closed ? "closed" : proxies.health();
    }

    @Override
    public void close() {
        closed = true;
        watches.close();
        rest.close();
    }
}
