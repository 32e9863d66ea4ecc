package dev.starling.dht.opendht;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// A simulated network with proxies, and engines over them, all closed together.
final class Fakes implements AutoCloseable {
    static final String KEY = "01".repeat(20);
    static final Duration HOUR = Duration.ofHours(1);
    static final OpenDht.Patience SHORT = new OpenDht.Patience(
            Duration.ofMillis(500),
            Duration.ofMillis(700),
            Duration.ofMillis(100),
            Duration.ofMinutes(4),
            150,
            Duration.ZERO);

    final StandingClock clock = new StandingClock();
    final FakeNetwork network = new FakeNetwork(clock);
    private final List<Runnable> open = new ArrayList<>();
    private final Path folder;

    Fakes(Path folder) {
        this.folder = folder;
    }

    FakeProxy proxy() throws IOException {
        var proxy = new FakeProxy(network);
        open.add(proxy::close);
        return proxy;
    }

    /// The same address again.
    FakeProxy again(FakeProxy gone) throws IOException {
        var proxy = new FakeProxy(network, gone.port());
        open.add(proxy::close);
        return proxy;
    }

    OpenDht dht(FakeProxy... proxies) throws IOException {
        return dht("slot.key", SHORT, proxies);
    }

    OpenDht dht(String key, OpenDht.Patience patience, FakeProxy... proxies) throws IOException {
        List<URI> bases = List.of(proxies).stream().map(FakeProxy::base).toList();
        var dht = new OpenDht(bases, SlotKeys.in(folder.resolve(key)), clock, patience);
        open.add(dht::close);
        return dht;
    }

    static Dht.Value value(long id, String user, String text) {
        return new Dht.Value(id, Dht.Owner.local(user), text.getBytes(StandardCharsets.UTF_8));
    }

    static List<String> all(Dht dht, Dht.Limits limits) throws DhtException {
        var found = new ArrayList<String>();
        dht.lookup(KEY, limits, v -> !found.add(new String(v.data(), StandardCharsets.UTF_8)));
        return found.stream().sorted().toList();
    }

    static List<String> all(Dht dht) throws DhtException {
        return all(dht, Dht.Limits.USUAL);
    }

    /// An unsigned value with any bytes.
    static String line(long id, byte[] data) {
        return "{\"id\":\"" + Long.toUnsignedString(id) + "\",\"data\":\""
                + Base64.getEncoder().encodeToString(data) + "\",\"type\":0}\n";
    }

    /// An unsigned value that is well-formed inside.
    String junk(long id, int bytes) {
        long end = clock.instant().getEpochSecond() + 600;
        return line(id, new Envelope(id, end, new byte[bytes]).bytes());
    }

    @Override
    public void close() {
        open.reversed().forEach(Runnable::run);
    }
}
