package dev.starling.nat.turn;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;

/// The datagrams of a relay: one thread waits for clients and for the sockets of all allocations.
final class UdpLoop implements Relay.Opener, AutoCloseable {
    /// Reads from one socket before the others have their turn.
    private static final int READS = 64;
    private static final int MAX_DATAGRAM = 65_535;
    private static final int LISTENER_BUFFER = 4 << 20;
    private static final int RELAY_BUFFER = 1 << 18;
    private static final long SWEEP_MILLIS = 1_000;
    /// Ports that are tried before an allocation is refused.
    private static final int TRIES = 32;
    private static final System.Logger LOG = System.getLogger(UdpLoop.class.getName());

    /// relays: an address of each family at most, as others see them; ports from first to last, both included
    record Places(List<InetAddress> relays, int firstPort, int lastPort) {
        Places {
            relays = List.copyOf(relays);
            if (firstPort < 1024 || lastPort < firstPort || lastPort > 65_535) throw new IllegalArgumentException();
        }
    }

    private interface Reader {
        void read() throws IOException;
    }

    private final Places places;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(Packets.HEADER_BYTES + MAX_DATAGRAM);
    /// Sockets that other threads opened.
    private final ConcurrentLinkedQueue<UdpRelay> opened = new ConcurrentLinkedQueue<>();
    private final SecureRandom random = new SecureRandom();
    private volatile boolean closed;

    UdpLoop(Places places) throws IOException {
        this.places = places;
        this.selector = Selector.open();
    }

    /// Where clients send to. Before [#run].
    InetSocketAddress listen(InetSocketAddress address, TurnServer server) throws IOException {
        DatagramChannel channel = channel(address.getAddress(), LISTENER_BUFFER);
        channel.bind(address);
        channel.register(selector, SelectionKey.OP_READ, (Reader) () -> {
            for (int i = 0; i < READS; i++) {
                buffer.clear().position(Packets.HEADER_BYTES);
                if (!(channel.receive(buffer) instanceof InetSocketAddress from)) return;
                buffer.flip().position(Packets.HEADER_BYTES);
                server.heard(new UdpClient(channel, from), buffer);
            }
        });
        return (InetSocketAddress) channel.getLocalAddress();
    }

    private static DatagramChannel channel(InetAddress at, int bufferBytes) throws IOException {
        var family = at.getAddress().length == 4 ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
        DatagramChannel channel = DatagramChannel.open(family);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, bufferBytes);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, bufferBytes);
        channel.configureBlocking(false);
        return channel;
    }

    /// Until it is closed; on a thread of its own.
    ///
    /// @param sweep called each second or so
    void run(TurnServer server, Runnable sweep) {
        long swept = System.nanoTime();
        while (!closed) {
            try {
                selector.select(UdpLoop::read, SWEEP_MILLIS);
                for (UdpRelay relay = opened.poll(); relay != null; relay = opened.poll()) register(relay, server);
                if (System.nanoTime() - swept < SWEEP_MILLIS * 1_000_000) continue;
                swept = System.nanoTime();
                sweep.run();
            } catch (ClosedSelectorException _) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "the relay goes on after " + e);
            }
        }
    }

    private static void read(SelectionKey key) {
        try {
            ((Reader) key.attachment()).read();
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // What came to one socket must not end the others.
            LOG.log(System.Logger.Level.DEBUG, "relay: " + e);
        }
    }

    private void register(UdpRelay relay, TurnServer server) {
        try {
            relay.channel.register(selector, SelectionKey.OP_READ, (Reader) () -> {
                for (int i = 0; i < READS; i++) {
                    buffer.clear().position(Packets.HEADER_BYTES);
                    if (!(relay.channel.receive(buffer) instanceof InetSocketAddress from)) return;
                    buffer.flip().position(Packets.HEADER_BYTES);
                    server.heardFromPeer(relay.allocation, buffer, from);
                }
            });
        } catch (ClosedChannelException _) {
            // Ended before it began.
        }
    }

    @Override
    public boolean has(boolean isFour) {
        return host(isFour).isPresent();
    }

    private Optional<InetAddress> host(boolean isFour) {
        return places.relays.stream()
                .filter(each -> (each.getAddress().length == 4) == isFour)
                .findFirst();
    }

    @Override
    public Relay open(boolean isFour, boolean even, Allocation allocation) throws IOException {
        InetAddress host = host(isFour).orElseThrow(() -> new IOException("no relay of this family"));
        DatagramChannel channel = channel(host, RELAY_BUFFER);
        try {
            // Any of them, so that nobody can guess the next one.
            int port = bind(channel, Interfaces.at(host), even);
            var relay = new UdpRelay(channel, new InetSocketAddress(host, port), allocation);
            opened.add(relay);
            selector.wakeup();
            return relay;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private int bind(DatagramChannel channel, InetAddress host, boolean even) throws IOException {
        int count = places.lastPort - places.firstPort + 1;
        for (int i = 0; i < TRIES; i++) {
            int port = places.firstPort + random.nextInt(count);
            if (even && port % 2 != 0) continue;
            try {
                channel.bind(new InetSocketAddress(host, port));
                return port;
            } catch (BindException _) {
                // Somebody has it.
            }
        }
        throw new IOException("no port was free");
    }

    @Override
    public void close() throws IOException {
        closed = true;
        selector.wakeup();
        for (SelectionKey key : selector.keys()) key.channel().close();
        selector.close();
    }

    /// A client that speaks UDP. Two of one address at one socket are one.
    private record UdpClient(DatagramChannel channel, InetSocketAddress address) implements Client {
        @Override
        public boolean isConnected() {
            return false;
        }

        @Override
        public void send(ByteBuffer message) {
            put(channel, message, address);
        }
    }

    private record UdpRelay(DatagramChannel channel, InetSocketAddress address, Allocation allocation)
            implements Relay {
        @Override
        public void send(ByteBuffer data, InetSocketAddress peer) {
            put(channel, data, peer);
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "relay: " + e);
            }
        }
    }

    private static void put(DatagramChannel channel, ByteBuffer data, InetSocketAddress to) {
        try {
            channel.send(data, to);
        } catch (IOException e) {
            // No way to there now: as if it were lost on it.
            LOG.log(System.Logger.Level.TRACE, "relay: " + e);
        }
    }
}
