package dev.starling.sip.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Datagrams by NIO: one system call each, on every system. NIO does not say to which of our addresses a datagram was
/// sent, so in place of the wildcard each address that the host has when it starts gets a channel of its own; one that
/// comes later is served from the next start on.
final class NioDatagrams implements Datagrams {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int BUFFER_BYTES = 4 << 20;

    /// Taken of one channel before the others are looked at.
    private static final int READS = 64;

    private final InetSocketAddress address;
    private final Map<InetAddress, DatagramChannel> channels;
    private final Selector selector;
    private final ByteBuffer buffer;
    private volatile boolean closed;

    private NioDatagrams(
            InetSocketAddress address, Map<InetAddress, DatagramChannel> channels, Selector selector, int longest) {
        this.address = address;
        this.channels = channels;
        this.selector = selector;
        // One more than is taken: a datagram that fills the buffer was too long.
        buffer = ByteBuffer.allocateDirect(longest + 1);
    }

    static NioDatagrams bind(InetSocketAddress address) throws IOException {
        return bind(address, MAX_BYTES);
    }

    /// @param longest datagrams with more bytes are dropped
    static NioDatagrams bind(InetSocketAddress address, int longest) throws IOException {
        var channels = new LinkedHashMap<InetAddress, DatagramChannel>();
        Selector selector = Selector.open();
        try {
            int port = address.getPort();
            for (InetAddress each : hosts(address.getAddress())) {
                DatagramChannel channel = DatagramChannel.open(family(each));
                channels.put(each, channel);
                channel.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
                channel.setOption(StandardSocketOptions.SO_SNDBUF, BUFFER_BYTES);
                channel.bind(new InetSocketAddress(each, port));
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ, each);
                if (port == 0 && channel.getLocalAddress() instanceof InetSocketAddress chosen) port = chosen.getPort();
            }
            return new NioDatagrams(new InetSocketAddress(address.getAddress(), port), channels, selector, longest);
        } catch (IOException | RuntimeException e) {
            for (DatagramChannel each : channels.values()) each.close();
            selector.close();
            throw e;
        }
    }

    private static ProtocolFamily family(InetAddress host) {
        return host instanceof Inet4Address ? StandardProtocolFamily.INET : StandardProtocolFamily.INET6;
    }

    private static List<InetAddress> hosts(InetAddress host) throws IOException {
        if (!host.isAnyLocalAddress()) return List.of(host);
        var hosts = new ArrayList<InetAddress>();
        for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (!each.isUp()) continue;
            for (InetAddress one : Collections.list(each.getInetAddresses()))
                if (family(one).equals(family(host))) hosts.add(one);
        }
        if (hosts.isEmpty()) throw new IOException("this host has no address of the family of " + host);
        return hosts;
    }

    @Override
    public void start(Receiver receiver) {
        Thread.ofPlatform().daemon().name("sip-udp").start(() -> run(receiver));
    }

    private void run(Receiver receiver) {
        while (!closed) {
            try {
                selector.select(key -> {
                    if (key.attachment() instanceof InetAddress local && key.channel() instanceof DatagramChannel from)
                        read(from, local, receiver);
                });
            } catch (ClosedSelectorException _) {
                return;
            } catch (IOException | UncheckedIOException e) {
                if (!closed) LOG.log(System.Logger.Level.WARNING, "UDP goes on after: {0}", e.getMessage());
            }
        }
    }

    private void read(DatagramChannel channel, InetAddress local, Receiver receiver) {
        for (int i = 0; i < READS && !closed; i++) {
            buffer.clear();
            try {
                if (!(channel.receive(buffer) instanceof InetSocketAddress remote)) return;
                hand(new Path(local, remote), receiver);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> "UDP: " + e.getMessage());
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking a datagram", e);
            }
        }
    }

    private void hand(Path path, Receiver receiver) {
        if (!buffer.flip().hasRemaining()) return;
        if (buffer.remaining() == buffer.capacity()) {
            receiver.truncated(path);
            return;
        }
        byte[] datagram = new byte[buffer.remaining()];
        buffer.get(datagram);
        receiver.received(datagram, path);
    }

    @Override
    public boolean send(byte[] datagram, Path path) {
        try {
            DatagramChannel channel = channels.get(path.local());
            if (channel == null) channel = towards(path.remote()).orElse(null);
            return channel != null && channel.send(ByteBuffer.wrap(datagram), path.remote()) == datagram.length;
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "UDP to " + path.remote() + ": " + e);
            return false;
        }
    }

    /// The channel whose address the system would take to get there.
    private Optional<DatagramChannel> towards(InetSocketAddress remote) throws IOException {
        DatagramChannel exact = channels.get(Networks.towards(remote));
        if (exact != null) return Optional.of(exact);
        for (var each : channels.entrySet())
            if (family(each.getKey()).equals(family(remote.getAddress()))) return Optional.of(each.getValue());
        return Optional.empty();
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public void close() {
        closed = true;
        try {
            for (DatagramChannel each : channels.values()) each.close();
            selector.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
    }
}
