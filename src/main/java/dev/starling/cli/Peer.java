package dev.starling.cli;

import dev.starling.ca.CertificateAuthority;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.dht.remote.RemoteDht;
import dev.starling.gate.AppFiles;
import dev.starling.gate.DhtRoutes;
import dev.starling.gate.SipSocket;
import dev.starling.gate.WriteAuthority;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.locate.LocationService;
import dev.starling.proxy.ConsentStore;
import dev.starling.proxy.EdgePeer;
import dev.starling.proxy.Forwarding;
import dev.starling.proxy.Self;
import dev.starling.record.RecordOpener;
import dev.starling.record.SequenceMemory;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.PeerTransport;
import dev.starling.sip.transport.TargetPolicy;
import dev.starling.web.RateLimit;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/// One running peer, wired by hand: DHT, gate, SIP, and in local mode the CA.
final class Peer implements AutoCloseable {
    private static final int MAX_SIP_MESSAGE = 65_535;

    /// @param dht base URL of the peer whose store is used; empty for an own embedded store
    /// @param joinToken what peers prove to store here, or there; empty for none
    /// @param caDirectory of the CA that clients are sent to; "" for the CA in this process
    /// @param peers base URLs of other peers to recommend
    record Config(
            Path data,
            String host,
            int port,
            int sipPort,
            boolean local,
            String network,
            Optional<URI> dht,
            String joinToken,
            List<X509Certificate> anchors,
            String caDirectory,
            boolean withCa,
            List<String> peers,
            Path client) {}

    private final List<AutoCloseable> parts = new ArrayList<>();
    private final Config config;
    private final Clock clock = Clock.systemUTC();
    private final Keys.Held key;
    private final String base;

    Peer(Config config) throws IOException, DhtException {
        this.config = config;
        Files.createDirectories(config.data());
        key = PeerKey.loadOrMake(config.data().resolve("peer.p12"), clock);
        var routes = new Routes();
        // The port is known before anything is mounted, because URLs are signed.
        base = "http://" + config.host() + ":" + config.port();
        var anchors = new ArrayList<>(config.anchors());
        Optional<CertificateAuthority> ca = Optional.empty();
        if (config.withCa()) {
            var authority = with(new CertificateAuthority(config.data().resolve("ca"), Optional.empty(), clock));
            authority.mount(routes, base);
            anchors.add(authority.root());
            ca = Optional.of(authority);
        }
        var verifier = new CertificateVerifier(new TrustAnchors(anchors), config.local());
        var tokens = new TokenVerifier(verifier, new ReplayCache(clock), clock, clock.instant());
        Dht dht = with(openDht());
        var publications = with(new Publications(dht, config.data().resolve("publications.db"), clock));
        byte[] join = config.joinToken().getBytes(StandardCharsets.UTF_8);
        boolean local = config.local();
        var authority = new WriteAuthority(
                key.id(), tokens, config.dht().isPresent() ? new byte[0] : join, new RateLimit(600, 200, clock));
        new DhtRoutes(dht, publications, authority, new RateLimit(local ? 60_000 : 600, local ? 20_000 : 300, clock))
                .mount(routes);
        var transport = new AtomicReference<Optional<PeerTransport>>(Optional.empty());
        var timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("sip-timer").factory());
        timer.setRemoveOnCancelPolicy(true);
        TransactionLayer.Timers timers = (delay, task) -> {
            var due = timer.schedule(() -> Thread.ofVirtual().start(task), delay.toMillis(), TimeUnit.MILLISECONDS);
            return () -> due.cancel(false);
        };
        parts.add(timer::shutdownNow);
        var self = new Self(
                key.id(),
                config.host(),
                config.sipPort(),
                Keys.sign(key.key(), "flow token secret".getBytes(StandardCharsets.US_ASCII)));
        var consent = with(new ConsentStore(config.data().resolve("consent.db"), clock));
        var location = new LocationService(
                dht,
                config.network(),
                verifier,
                new RecordOpener(config.network(), verifier, SequenceMemory.inMemory(100_000), clock),
                clock);
        var keeper = with(new RecordKeeper(location, publications, clock));
        var edge = new EdgePeer(
                selfWithSecret(self),
                tokens,
                consent,
                new PeerConnector(transport),
                task -> Thread.ofVirtual().start(task),
                timers,
                clock,
                binding -> keeper.registered(binding.address()));
        transport.set(Optional.of(with(new PeerTransport(
                PeerKey.tls(key),
                key.id().hex(),
                config.host(),
                config.sipPort(),
                local ? TargetPolicy.LOOPBACK : TargetPolicy.PUBLIC,
                PeerTransport.Limits.USUAL,
                edge))));
        routes.socket("/sip", with(new SipSocket(edge)));
        new AppFiles(config.client(), local).mount(routes);
        String description = description(ca);
        routes.get(
                "/peer.json", _ -> Response.json(200, description.replace("\"time\":0", "\"time\":" + clock.millis())));
        routes.get(
                "/health",
                _ -> Response.json(
                        200,
                        "{\"dht\":" + Response.quote(dht.health()) + ",\"clients\":"
                                + edge.registrar().size() + "}"));
        routes.get(
                "/metrics",
                request -> request.remote().isLoopbackAddress()
                        ? Response.of(
                                200,
                                "text/plain; version=0.0.4",
                                ("starling_clients " + edge.registrar().size() + "\nstarling_transactions "
                                                + edge.transactions() + "\n")
                                        .getBytes(StandardCharsets.US_ASCII))
                        : Response.problem(403, "Only from this computer."));
        var _ = with(WebServer.start(
                new WebServer.Config(config.host(), config.port(), Optional.empty(), MAX_SIP_MESSAGE), routes, clock));
    }

    /// The way to other peers, which listens only after the edge that takes what arrives.
    private record PeerConnector(AtomicReference<Optional<PeerTransport>> transport) implements Forwarding.Connector {
        @Override
        public Optional<Flow> open(String pin) {
            return transport.get().flatMap(t -> t.open(pin));
        }

        @Override
        public Flow to(String host, int port, String pin) throws SipException {
            return transport
                    .get()
                    .orElseThrow(() -> new SipException(503, "Starting"))
                    .to(host, port, pin);
        }
    }

    // The secret must be the same after a restart: ECDSA signatures are not, so it has a file of its own.
    private Self selfWithSecret(Self self) throws IOException {
        Path file = config.data().resolve("flow.secret");
        if (!Files.exists(file)) {
            byte[] random = new byte[32];
            new java.security.SecureRandom().nextBytes(random);
            Keys.writeOwnerOnly(file, random);
        }
        return new Self(self.id(), self.host(), self.port(), Files.readAllBytes(file));
    }

    private Dht openDht() throws DhtException, IOException {
        if (config.dht().isEmpty())
            return new EmbeddedDht(config.data().resolve("dht.db"), EmbeddedDht.Bounds.USUAL, clock);
        URI store = config.dht().get();
        byte[] join = config.joinToken().getBytes(StandardCharsets.UTF_8);
        var info = new AtomicReference<>("");
        return new RemoteDht(store, (method, path, body) -> {
            if (info.get().isEmpty()) info.set(PeerInfo.fetch(store).uri());
            return WriteAuthority.join(key, info.get(), join, clock.instant().getEpochSecond(), method, path, body);
        });
    }

    private String description(Optional<CertificateAuthority> ca) {
        String directory = config.caDirectory().isEmpty() ? base + "/acme/directory" : config.caDirectory();
        var anchors = new ArrayList<>(config.anchors());
        ca.ifPresent(c -> anchors.add(c.root()));
        String listed = config.local()
                ? String.join(",", anchors.stream().map(PeerInfo::anchor).toList())
                : "";
        String mailbox = config.local()
                ? ",\"mailbox\":" + Response.quote(directory.replace("/acme/directory", "/mailbox/"))
                : "";
        return "{\"version\":1,\"id\":\"" + key.id() + "\",\"uri\":\""
                + key.id().peerUri() + "\",\"network\":\"" + config.network() + "\",\"local\":" + config.local()
                + ",\"sip\":\"sip:" + config.host() + ":" + config.sipPort() + ";transport=tls\",\"ws\":\""
                + base.replaceFirst("^http", "ws") + "/sip\",\"base\":\"" + base
                + "/\",\"ca\":{\"directory\":" + Response.quote(directory) + mailbox + "},\"anchors\":[" + listed
                + "],\"peers\":["
                + String.join(",", config.peers().stream().map(Response::quote).toList()) + "],\"time\":0}";
    }

    private <T extends AutoCloseable> T with(T part) {
        parts.addFirst(part);
        return part;
    }

    String base() {
        return base + "/";
    }

    Keys.Held key() {
        return key;
    }

    @Override
    public void close() {
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                System.getLogger("starling").log(System.Logger.Level.WARNING, "while stopping", e);
            }
        }
    }
}
