package dev.starling.nat.turn;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSocketFactory;

/// A relay that runs: its sockets and threads. RFC 8656.
public final class TurnRelay implements AutoCloseable {
    /// Connections that carry TURN over TCP or TLS, over all listeners.
    private static final int MAX_STREAMS = 2_000;

    /// A bound socket of TCP, and what speaks TLS over its connections, if they do.
    public record Listener(ServerSocket socket, Optional<SSLSocketFactory> tls) {}

    /// Where it is.
    ///
    /// datagrams: where clients send to; streams: for TCP or TLS; their sockets it closes
    /// relays: where peers see its clients, an address of each family at most
    /// firstPort, lastPort: of these, both included
    public record Places(
            List<InetSocketAddress> datagrams,
            List<Listener> streams,
            List<InetAddress> relays,
            int firstPort,
            int lastPort) {
        public Places {
            datagrams = List.copyOf(datagrams);
            streams = List.copyOf(streams);
            relays = List.copyOf(relays);
        }
    }

    private final TurnServer server;
    private final UdpLoop loop;
    private final List<StreamClients> streams = new ArrayList<>();
    private final List<InetSocketAddress> datagrams = new ArrayList<>();
    private final Thread thread;

    private TurnRelay(Places places, TimedCredentials credentials, TurnLimits limits, PeerPolicy policy)
            throws IOException {
        loop = new UdpLoop(new UdpLoop.Places(places.relays, places.firstPort, places.lastPort));
        server = new TurnServer(credentials, limits, loop, policy, InstantSource.system(), System::nanoTime);
        for (InetSocketAddress each : places.datagrams) datagrams.add(loop.listen(each, server));
        int most = Math.max(1, MAX_STREAMS / Math.max(1, places.streams.size()));
        for (Listener each : places.streams) streams.add(new StreamClients(each, server, most, System::nanoTime));
        thread = Thread.ofPlatform().name("turn").daemon().unstarted(() -> loop.run(server, this::sweep));
    }

    /// policy: where it sends to and hears from at all; never an address of one's own network
    public static TurnRelay start(Places places, TimedCredentials credentials, TurnLimits limits, PeerPolicy policy)
            throws IOException {
        var relay = new TurnRelay(places, credentials, limits, policy);
        relay.thread.start();
        for (StreamClients each : relay.streams)
            Thread.ofVirtual().name("turn-accept").start(each::run);
        return relay;
    }

    private void sweep() {
        server.sweep();
        for (StreamClients each : streams) each.sweep();
    }

    /// Where clients send datagrams to, as bound.
    public List<InetSocketAddress> datagrams() {
        return List.copyOf(datagrams);
    }

    /// Allocations at this moment.
    public int size() {
        return server.size();
    }

    @Override
    public void close() throws IOException {
        for (StreamClients each : streams) each.close();
        server.close();
        loop.close();
    }
}
