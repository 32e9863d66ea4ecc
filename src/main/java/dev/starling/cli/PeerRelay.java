package dev.starling.cli;

import dev.starling.gate.Metrics;
import dev.starling.gate.RelayRoute;
import dev.starling.nat.turn.Interfaces;
import dev.starling.nat.turn.PeerPolicy;
import dev.starling.nat.turn.TimedCredentials;
import dev.starling.nat.turn.TurnLimits;
import dev.starling.nat.turn.TurnRelay;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The relay that a peer offers to its clients, or those of others that it sends them to.
///
/// @param uris where clients find it
record PeerRelay(TimedCredentials credentials, List<String> uris) implements RelayRoute.Relays {
    /// A call that lasts longer goes on with a newer name (RFC 8656, section 5, which we do not follow there).
    private static final Duration GOOD_FOR = Duration.ofHours(12);
    private static final int SECRET_BYTES = 32, BACKLOG = 100;

    /// Its routes are the caller's to mount; without a relay nothing is there.
    static PeerRelay open(Peer.Config config, Metrics metrics, Parts parts, Clock clock) throws IOException {
        return switch (config.relay()) {
            case RelayChoice.None() -> new PeerRelay(credentials(new byte[SECRET_BYTES], config, clock), List.of());
            case RelayChoice.Other(List<String> uris, String secret) ->
                new PeerRelay(credentials(secret.getBytes(StandardCharsets.UTF_8), config, clock), uris);
            case RelayChoice.Own own -> {
                try {
                    yield own(own, config, metrics, parts, clock);
                } catch (BindException e) {
                    throw new IOException(
                            "the relay cannot listen at port " + own.port() + " (" + e.getMessage()
                                    + "): choose another by --relay-port",
                            e);
                }
            }
        };
    }

    private static PeerRelay own(RelayChoice.Own own, Peer.Config config, Metrics metrics, Parts parts, Clock clock)
            throws IOException {
        Place place = config.place();
        var seen = own.addresses().isEmpty() ? place.seen() : own.addresses();
        // Clients know them still after a restart.
        var credentials = credentials(PeerKey.secret(config.data().resolve("relay.secret")), config, clock);
        var datagrams = new ArrayList<InetSocketAddress>();
        for (InetAddress each : seen) datagrams.add(new InetSocketAddress(Interfaces.at(each), own.port()));
        // All addresses of IPv6 are those of IPv4 too.
        if (datagrams.stream().allMatch(each -> each.getAddress().isAnyLocalAddress()) && datagrams.size() > 1)
            datagrams.removeIf(each -> each.getAddress() instanceof Inet4Address);
        // Closed with the relay.
        var streams = new ArrayList<TurnRelay.Listener>();
        InetAddress listen = InetAddress.getByName(place.listen());
        streams.add(new TurnRelay.Listener(new ServerSocket(own.port(), BACKLOG, listen), Optional.empty()));
        String at = "turn:" + place.name() + ":" + own.port();
        var uris = new ArrayList<>(List.of(at + "?transport=udp", at + "?transport=tcp"));
        if (place.tls().isPresent() && own.tlsPort() != 0) {
            streams.add(new TurnRelay.Listener(
                    new ServerSocket(own.tlsPort(), BACKLOG, listen),
                    Optional.of(place.tls().get().context().getSocketFactory())));
            uris.add("turns:" + place.name() + ":" + own.tlsPort() + "?transport=tcp");
        }
        var places = new TurnRelay.Places(datagrams, streams, seen, own.firstPort(), own.lastPort());
        PeerPolicy policy = config.local()
                ? InetAddress::isLoopbackAddress
                : new RelayedPeers(Set.copyOf(seen), own.firstPort(), own.lastPort());
        var relay = parts.with(TurnRelay.start(places, credentials, TurnLimits.OPEN, policy));
        metrics.gauge("starling.relay.allocations", "Relayed addresses in use", relay::size);
        return new PeerRelay(credentials, uris);
    }

    private static TimedCredentials credentials(byte[] secret, Peer.Config config, Clock clock) {
        return new TimedCredentials(secret, config.place().name(), clock);
    }

    @Override
    public RelayRoute.Grant grant(String device, String domain) {
        var issued = credentials.issue(device, domain, GOOD_FOR);
        return new RelayRoute.Grant(uris, issued.name(), issued.password(), GOOD_FOR.toSeconds());
    }
}
