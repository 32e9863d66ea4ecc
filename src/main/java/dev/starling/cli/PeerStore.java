package dev.starling.cli;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.dht.opendht.DhtNode;
import dev.starling.dht.opendht.OpenDht;
import dev.starling.dht.remote.RemoteDht;
import dev.starling.gate.DhtRoutes;
import dev.starling.gate.Metrics;
import dev.starling.gate.WriteAuthority;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.web.Permits;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/// The store of a peer, its own or another's, what is kept alive in it, and the gateway to it.
record PeerStore(Dht dht, Publications publications) {
    private static final int MAX_LISTENERS = 5_000, MAX_LISTENERS_PER_NETWORK = 256, ALIVE_SECONDS = 20;

    static PeerStore open(Peer.Config config, Keys.Held key, Metrics metrics, Parts parts, Clock clock)
            throws DhtException, IOException {
        Dht dht = parts.with(
                switch (config.dht()) {
                    case DhtChoice.Own _ -> embedded(config, metrics, clock);
                    case DhtChoice.Remote(URI base) -> remote(base, config, key, clock);
                    case DhtChoice.Proxies(List<URI> bases) -> openDht(bases, config, metrics, clock);
                    case DhtChoice.Node node -> {
                        var running = parts.with(DhtNode.start(node.config(config.data())));
                        yield openDht(List.of(running.proxy()), config, metrics, clock);
                    }
                });
        var publications = parts.with(
                new Publications(dht, config.data().resolve("publications.db"), Publications.Bounds.USUAL, clock));
        metrics.gauge("starling.publications", "Values kept alive for clients", publications::size);
        return new PeerStore(dht, publications);
    }

    private static EmbeddedDht embedded(Peer.Config config, Metrics metrics, Clock clock) throws DhtException {
        var store = new EmbeddedDht(config.data().resolve("dht.db"), Bounds.USUAL, clock);
        metrics.gauge("starling.dht.values", "Values in the embedded store", store::size);
        return store;
    }

    private static OpenDht openDht(List<URI> proxies, Peer.Config config, Metrics metrics, Clock clock)
            throws IOException {
        var dht = new OpenDht(proxies, config.data().resolve("dht-slot.key"), clock, OpenDht.Patience.USUAL);
        metrics.gauge("starling.dht.proxies", "DHT proxies that work now", dht::workingProxies);
        metrics.gauge("starling.dht.watched", "DHT keys watched now", dht::watchedKeys);
        return dht;
    }

    private static RemoteDht remote(URI store, Peer.Config config, Keys.Held key, Clock clock) {
        byte[] join = config.joinToken().getBytes(StandardCharsets.UTF_8);
        var known = new AtomicReference<>("");
        var authorization = new RemoteDht.Authorization() {
            @Override
            public String of(String method, String path, byte[] body) throws IOException {
                if (known.get().isEmpty()) known.set(PeerInfo.fetch(store).uri());
                long now = clock.instant().getEpochSecond();
                return WriteAuthority.join(key, known.get(), join, now, method, path, body);
            }

            @Override
            public void refused() {
                known.set("");
            }
        };
        return new RemoteDht(store, authorization);
    }

    /// Who may write here.
    static WriteAuthority authority(Peer.Config config, Keys.Held key, TokenVerifier tokens, Clock clock) {
        // Another peer's store is its to share; the join token then is what proves us there.
        byte[] join = config.dht() instanceof DhtChoice.Remote
                ? new byte[0]
                : config.joinToken().getBytes(StandardCharsets.UTF_8);
        return WriteAuthority.usual(key.id(), tokens, join, clock);
    }

    void mount(
            Routes routes,
            Peer.Config config,
            WriteAuthority authority,
            Metrics metrics,
            Clock clock,
            Consumer<Address> writers) {
        var listeners = new Permits(MAX_LISTENERS, MAX_LISTENERS_PER_NETWORK);
        metrics.gauge("starling.dht.listeners", "Streams of changes open now", listeners::taken);
        var reads = new RateLimit(config.local() ? 60_000 : 600, config.local() ? 20_000 : 300, clock);
        new DhtRoutes(
                        dht,
                        publications,
                        authority,
                        new DhtRoutes.Reading(reads, listeners, ALIVE_SECONDS),
                        metrics::dht,
                        writers)
                .mount(routes);
    }
}
