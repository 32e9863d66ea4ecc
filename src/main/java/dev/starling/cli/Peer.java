package dev.starling.cli;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.dht.DhtException;
import dev.starling.gate.AboutPage;
import dev.starling.gate.AppFiles;
import dev.starling.gate.CrlRoute;
import dev.starling.gate.Dns;
import dev.starling.gate.MediaRooms;
import dev.starling.gate.Metrics;
import dev.starling.gate.PeersRoute;
import dev.starling.gate.RelayRoute;
import dev.starling.identity.Anchor;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.CrlStore;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.TraceSocket;
import dev.starling.trace.hep.HepExport;
import dev.starling.web.Forwarded;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/// One running peer, wired by hand: DHT, gate, SIP, and in local mode the CA.
final class Peer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.peer");
    private static final int MAX_SIP_MESSAGE = 65_535;
    private static final Duration DNS_PATIENCE = Duration.ofMillis(800);

    /// @param place where it listens and how it is called
    /// @param dht the engine that is used
    /// @param joinToken what peers prove to store here, or there; empty for none
    /// @param caDirectory of the CA that clients are sent to; "" for the CA in this process
    /// @param peers base URLs of other peers to recommend
    /// @param relay that clients are sent to
    /// @param operator who runs it
    /// @param hep the collector that is told what passes; empty for none
    /// @param phones where ordinary SIP phones reach it
    /// @param classic where ordinary SIP servers reach it; empty: nowhere
    /// @param dns `host:port` of the DNS server to ask; empty for those of the system
    record Config(
            Path data,
            Place place,
            boolean local,
            String network,
            DhtChoice dht,
            String joinToken,
            List<Anchor> anchors,
            String caDirectory,
            boolean withCa,
            List<String> peers,
            Optional<String> dns,
            RelayChoice relay,
            AboutPage.Operator operator,
            Optional<HepExport.Config> hep,
            PhoneOptions.Choice phones,
            Optional<ClassicOptions.Choice> classic,
            Path client) {
        /// Without a slash at its end.
        String base() {
            return place.base();
        }
    }

    private final Parts parts;
    private final Config config;
    private final Clock clock = Clock.systemUTC();
    private final Keys.Held key;

    /// @param parts closed with it
    Peer(Config config, Parts parts) throws IOException, DhtException {
        this.config = config;
        this.parts = parts;
        Files.createDirectories(config.data());
        // Keys and the CA's store take most of a start and do not need each other.
        var authority = Opening.of(this::authority);
        boolean open = false;
        try {
            key = PeerKey.loadOrMake(config.data().resolve("peer.p12"), clock);
            open(authority);
            open = true;
        } finally {
            if (!open) parts.close();
        }
    }

    private Optional<CertificateAuthority> authority() throws IOException {
        return config.withCa()
                ? Optional.of(new CertificateAuthority(
                        config.data().resolve("ca"),
                        CertificateAuthority.Settings.LOCAL.with(ListPlace.beside(config.base())),
                        clock))
                : Optional.empty();
    }

    private void open(Opening<Optional<CertificateAuthority>> opening) throws IOException, DhtException {
        var routes = new Routes();
        var metrics = parts.with(new Metrics());
        var anchors = new ArrayList<>(config.anchors());
        Optional<CertificateAuthority> ca = opening.get();
        if (ca.isPresent()) {
            parts.with(ca.get()).mount(routes, config.base());
            anchors.add(ca.get().anchor(config.base()));
        }
        var believed = TrustAnchors.limited(anchors);
        var lists = new CrlStore(parts.with(CrlDownload.of(config.local())), Thread::startVirtualThread, clock);
        lists.watch(believed);
        CrlRoute.usual(lists, clock).mount(routes);
        var verifier = new CertificateVerifier(believed, config.local(), lists);
        var tokens = new TokenVerifier(verifier, new ReplayCache(clock), clock, clock.instant());
        var store = PeerStore.open(config, key, metrics, parts, clock);
        var tap = new Tap();
        if (config.hep().isPresent()) HepOptions.open(config.hep().get(), tap, metrics, parts);
        watched(tap);
        var sip = PeerSip.open(config, key, verifier, tokens, store, tap, parts, clock);
        var authority = PeerStore.authority(config, key, tokens, clock);
        store.mount(routes, config, authority, metrics, clock, sip.keeper()::published);
        new RelayRoute(authority, PeerRelay.open(config, metrics, parts, clock)).mount(routes);
        var rooms = parts.with(new MediaRooms(authority, MediaRooms.Bounds.usual(), clock));
        rooms.mount(routes);
        metrics.gauge("starling.media.rooms", "Calls whose sound a page carries", rooms::size);
        new PeersRoute(
                        new Dns(config.dns(), DNS_PATIENCE),
                        PeersRoute.Config.usual(config.local(), clock),
                        clock,
                        new SplittableRandom())
                .mount(routes);
        sip.mount(routes, metrics, parts);
        PeerPhones.open(config, key, verifier, store, sip, metrics, routes, parts, clock);
        new AppFiles(config.client(), config.local()).mount(routes);
        var witness = PeerWitness.open(config, key.id().hex(), anchors, routes, parts, clock);
        new PeerDescription(config, key.id(), anchors, witness).mount(routes, clock);
        about(key.id()).mount(routes);
        routes.get("/health", _ -> health(store, sip));
        metrics.mount(routes);
        var server = parts.with(WebServer.start(
                new WebServer.Config(
                        config.place().web(),
                        config.place().port(),
                        config.place().tls().map(WebTls::context),
                        MAX_SIP_MESSAGE,
                        new Forwarded(config.place().behindProxy())),
                routes,
                clock));
        metrics.gauge("starling.http.connections", "Connections open now", server::connections);
    }

    private AboutPage about(DeviceId id) {
        String ca = config.caDirectory().isEmpty() ? config.base() : config.caDirectory();
        return new AboutPage(new AboutPage.Facts(
                config.operator(),
                URI.create(config.base()).getAuthority(),
                URI.create(ca).getAuthority(),
                id.hex(),
                !(config.relay() instanceof RelayChoice.None)));
    }

    private void watched(Tap tap) {
        try {
            parts.with(new TraceSocket(config.data(), tap));
        } catch (IOException | UnsupportedOperationException e) {
            // A server that nobody can look into serves all the same.
            LOG.log(System.Logger.Level.WARNING, "starling trace will not work: {0}", e.getMessage());
        }
    }

    private static Response health(PeerStore store, PeerSip sip) {
        return Response.json(
                200,
                "{\"dht\":" + Response.quote(store.dht().health()) + ",\"clients\":"
                        + sip.edge().registrar().size() + "}");
    }

    String base() {
        return config.base() + "/";
    }

    Keys.Held key() {
        return key;
    }

    @Override
    public void close() {
        parts.close();
    }
}
