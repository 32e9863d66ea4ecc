package dev.starling.cli;

import dev.starling.gate.Metrics;
import dev.starling.gate.SipSocket;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.locate.LocationService;
import dev.starling.locate.Memory;
import dev.starling.proxy.ConsentStore;
import dev.starling.proxy.EdgePeer;
import dev.starling.proxy.Forwarding;
import dev.starling.proxy.Self;
import dev.starling.record.RecordOpener;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TimerWheel;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.PeerTransport;
import dev.starling.sip.transport.Tap;
import dev.starling.sip.transport.TargetPolicy;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;

/// The SIP side of a peer: registrar and proxy, WebSockets of clients, TLS to other peers, and the keeper of
/// its users' records.
///
/// @param location finds people, with what this peer remembers of them
record PeerSip(EdgePeer edge, RecordKeeper keeper, LocationService location, TransactionLayer.Timers timers, Tap tap) {
    private static final int MAX_SEQUENCES = 200_000, MAX_SERVED = 20_000;

    static PeerSip open(
            Peer.Config config,
            Keys.Held key,
            CertificateVerifier verifier,
            TokenVerifier tokens,
            PeerStore store,
            Tap tap,
            Parts parts,
            Clock clock)
            throws IOException {
        var transport = new AtomicReference<Optional<PeerTransport>>(Optional.empty());
        var timers = parts.with(TimerWheel.started());
        var consent = parts.with(new ConsentStore(config.data().resolve("consent.db"), clock));
        var location = location(config, verifier, store, parts, clock);
        var keeper = keeper(config, location, store, parts, clock);
        var edge = new EdgePeer(
                new Self(
                        key.id(),
                        config.place().name(),
                        config.place().sipPort(),
                        // Routes hold tokens made with it: they must be known again after a restart.
                        PeerKey.secret(config.data().resolve("flow.secret"))),
                tokens,
                consent,
                new PeerConnector(transport),
                task -> Thread.ofVirtual().start(task),
                timers,
                clock,
                binding -> keeper.registered(binding.address()));
        transport.set(Optional.of(parts.with(new PeerTransport(
                PeerKey.tls(key),
                key.id().hex(),
                config.place().listen(),
                config.place().sipPort(),
                config.local() ? TargetPolicy.LOOPBACK : TargetPolicy.PUBLIC,
                PeerTransport.Limits.USUAL,
                tap,
                edge))));
        return new PeerSip(edge, keeper, location, timers, tap);
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

    private static LocationService location(
            Peer.Config config, CertificateVerifier verifier, PeerStore store, Parts parts, Clock clock)
            throws IOException {
        var memory =
                parts.with(new Memory(config.data().resolve("memory.db"), config.network(), MAX_SEQUENCES, MAX_SERVED));
        var opener = new RecordOpener(config.network(), verifier, memory, clock);
        return new LocationService(
                store.dht(), config.network(), verifier, opener, clock, config.local(), Optional.of(memory));
    }

    private static RecordKeeper keeper(
            Peer.Config config, LocationService location, PeerStore store, Parts parts, Clock clock)
            throws IOException {
        var served = parts.with(new Served(config.data().resolve("served.db"), MAX_SERVED));
        return parts.with(new RecordKeeper(location, store.publications(), served, clock, new SplittableRandom()));
    }

    void mount(Routes routes, Metrics metrics, Parts parts) {
        routes.socket("/sip", parts.with(new SipSocket(tap, edge)));
        metrics.gauge("starling.clients", "Registered devices", edge.registrar()::size);
        metrics.gauge("starling.transactions", "SIP transactions under way", edge::transactions);
    }
}
