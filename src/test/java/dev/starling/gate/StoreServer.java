package dev.starling.gate;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.dht.remote.RemoteDht;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.web.Permits;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// The real REST routes over a real store on a free port, with a clock that stands.
public final class StoreServer implements AutoCloseable {
    public static final byte[] JOIN = "the operator's secret".getBytes(StandardCharsets.UTF_8);
    public static final int LISTENERS = 3;

    public final StandingClock clock = new StandingClock();
    public final Devices devices = new Devices(clock.instant());
    public final Keys.Held key = devices.peer();
    public final Permits listeners;
    public final Routes routes = new Routes();
    public final WriteAuthority authority;
    public final Publications publications;
    public final List<Address> writers = new CopyOnWriteArrayList<>();
    private final Map<DhtRoutes.Outcome, AtomicInteger> outcomes = new EnumMap<>(DhtRoutes.Outcome.class);
    private final Dht dht;
    private final WebServer server;

    /// @param join what other peers have to know; empty when none may store here
    public StoreServer(Dht dht, Path folder, byte[] join) throws DhtException, IOException {
        this(dht, folder, join, LISTENERS);
    }

    /// @param most streams at once
    public StoreServer(Dht dht, Path folder, byte[] join, int most) throws DhtException, IOException {
        this.dht = dht;
        listeners = new Permits(most, most);
        publications = new Publications(
                dht, folder.resolve("publications.db"), new Publications.Bounds(8, 1 << 20, 4 << 20), clock);
        var tokens = new TokenVerifier(devices.verifier(), new ReplayCache(clock), clock, clock.instant());
        authority = new WriteAuthority(
                key.id(),
                tokens,
                join,
                new RateLimit(6_000, 2_000, clock),
                new RateLimit(60, 20, clock),
                new RateLimit(6_000, 1_500, clock));
        new DhtRoutes(
                        dht,
                        publications,
                        authority,
                        new DhtRoutes.Reading(new RateLimit(6_000, 3_000, clock), listeners, 1),
                        this::count,
                        writers::add)
                .mount(routes);
        server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 65_535), routes, clock);
    }

    private void count(DhtRoutes.Outcome outcome) {
        outcomes.computeIfAbsent(outcome, _ -> new AtomicInteger()).incrementAndGet();
    }

    public int counted(DhtRoutes.Outcome outcome) {
        AtomicInteger n = outcomes.get(outcome);
        return n == null ? 0 : n.get();
    }

    /// A store of its own, with the usual bounds.
    public static EmbeddedDht store(Path folder, StandingClock clock) throws DhtException {
        return new EmbeddedDht(folder.resolve("dht.db"), Bounds.USUAL, clock);
    }

    public URI base() {
        return URI.create("http://127.0.0.1:" + server.port() + "/");
    }

    public int port() {
        return server.port();
    }

    public long now() {
        return clock.instant().getEpochSecond();
    }

    /// Another peer that knows the secret.
    public RemoteDht.Authorization otherPeer(Keys.Held peer, byte[] join) {
        return (method, path, body) -> WriteAuthority.join(peer, key.id().peerUri(), join, now(), method, path, body);
    }

    /// What a client's put authorization claims, to be changed by a test.
    public Map<String, Object> claims(String address, String method, String path, byte[] body) {
        return new HashMap<>(Claims.fresh(
                Claims.http(method, path, "sip:" + address, key.id().peerUri(), body), now()));
    }

    public static String signed(Keys.Held key, Map<String, Object> claims) {
        return "PASSporT " + Token.sign(key, Token.PASSPORT, "", claims);
    }

    @Override
    public void close() {
        server.close();
        publications.close();
        dht.close();
    }
}
