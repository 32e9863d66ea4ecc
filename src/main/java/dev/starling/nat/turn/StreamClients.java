package dev.starling.nat.turn;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// Clients over TCP or TLS: RFC 8489, section 6.2.2, and RFC 8656, section 12.5. Two virtual threads for each. How many
/// there may be, of one network too, how long one may be here without an allocation, and what waits for one that does
/// not read, is bounded.
final class StreamClients implements AutoCloseable {
    private static final int PER_NETWORK = 200;
    private static final int WAITING_BYTES = 256 << 10;
    /// Whoever has an allocation refreshes it each ten minutes at least.
    private static final int SILENT_MILLIS = 660_000;
    /// From the connection to the allocation, a handshake included, and after an allocation has ended.
    private static final long UNSERVED_NANOS = 30_000_000_000L;
    private static final int FAILED_MILLIS = 100;
    private static final long TOLD_NANOS = 10_000_000_000L;
    private static final System.Logger LOG = System.getLogger(StreamClients.class.getName());

    private final TurnRelay.Listener listener;
    private final TurnServer server;
    private final int most;
    private final LongSupplier nanoTime;
    private final Set<StreamClient> here = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> networks = new HashMap<>();
    private long told = System.nanoTime() - TOLD_NANOS;

    StreamClients(TurnRelay.Listener listener, TurnServer server, int most, LongSupplier nanoTime) {
        this.listener = listener;
        this.server = server;
        this.most = most;
        this.nanoTime = nanoTime;
    }

    /// Until it is closed; on a thread of its own.
    void run() {
        ServerSocket socket = listener.socket();
        while (!socket.isClosed()) {
            try {
                Socket one = socket.accept();
                if (!(one.getRemoteSocketAddress() instanceof InetSocketAddress from)) {
                    one.close();
                    continue;
                }
                var client = new StreamClient(one, from, nanoTime.getAsLong());
                if (enter(client)) Thread.ofVirtual().name("turn-in").start(() -> serve(client));
                else client.end();
            } catch (IOException e) {
                // Closed, one that was gone before it was here, or no file is left: then the others need time.
                if (!socket.isClosed()) pause(e);
            }
        }
    }

    private static void pause(IOException why) {
        LOG.log(System.Logger.Level.WARNING, "relay: " + why.getMessage());
        try {
            Thread.sleep(FAILED_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean enter(StreamClient client) {
        synchronized (networks) {
            String network = Allocations.network(client.address.getAddress());
            int there = networks.getOrDefault(network, 0);
            if (here.size() >= most || there >= PER_NETWORK) {
                tell(network, there);
                return false;
            }
            networks.put(network, there + 1);
            return here.add(client);
        }
    }

    /// Names who it is, but not each time: whoever is refused would write the log.
    private void tell(String network, int there) {
        long now = System.nanoTime();
        if (now - told < TOLD_NANOS) return;
        told = now;
        LOG.log(System.Logger.Level.INFO, () -> "relay: too many connections, of network " + network + " " + there);
    }

    private void leave(StreamClient client) {
        synchronized (networks) {
            if (!here.remove(client)) return;
            networks.computeIfPresent(
                    Allocations.network(client.address.getAddress()), (_, n) -> n == 1 ? null : n - 1);
        }
    }

    private void serve(StreamClient client) {
        try (Socket tcp = client.tcp) {
            tcp.setTcpNoDelay(true);
            tcp.setSoTimeout(SILENT_MILLIS);
            Socket open = listener.tls().isPresent() ? over(tcp, listener.tls().get()) : tcp;
            Thread writer = Thread.ofVirtual().name("turn-out").start(() -> client.write(open));
            try {
                read(new DataInputStream(open.getInputStream()), client);
            } finally {
                writer.interrupt();
                server.gone(client);
            }
        } catch (IOException _) {
            // He is gone, or silent.
        } finally {
            leave(client);
        }
    }

    /// What is closed is always the connection beneath: whoever does not read holds up a goodbye over TLS for ever.
    private static Socket over(Socket tcp, SSLSocketFactory tls) throws IOException {
        var socket = (SSLSocket) tls.createSocket(tcp, tcp.getInetAddress().getHostAddress(), tcp.getPort(), false);
        socket.setUseClientMode(false);
        return socket;
    }

    private void read(DataInputStream in, StreamClient client) throws IOException {
        byte[] head = new byte[4];
        while (true) {
            in.readFully(head);
            // Before it is known how long it would be: other protocols begin so too.
            if (isChannelData(head) && !server.serves(client)) throw new IOException("no allocation");
            byte[] frame = Arrays.copyOf(head, head.length + rest(head));
            in.readFully(frame, head.length, frame.length - head.length);
            server.heard(client, ByteBuffer.wrap(frame));
        }
    }

    private static boolean isChannelData(byte[] frame) {
        return (frame[0] & 0xC0) == 0x40;
    }

    /// How much follows the first four bytes.
    private static int rest(byte[] frame) throws IOException {
        int length = (frame[2] & 0xFF) << 8 | frame[3] & 0xFF;
        if (isChannelData(frame)) return (length + 3) / 4 * 4;
        if ((frame[0] & 0xC0) == 0) return 16 + length;
        throw new IOException("neither STUN nor ChannelData");
    }

    /// Ends those that have been here for long without an allocation, however much they say.
    void sweep() {
        long now = nanoTime.getAsLong();
        for (StreamClient each : here) {
            if (server.serves(each)) each.served = now;
            else if (now - each.served > UNSERVED_NANOS) each.end();
        }
    }

    int size() {
        return here.size();
    }

    @Override
    public void close() throws IOException {
        listener.socket().close();
        for (StreamClient each : here) each.end();
    }

    private static final class StreamClient implements Client {
        private final Socket tcp;
        private final InetSocketAddress address;
        private final LinkedBlockingQueue<byte[]> waiting = new LinkedBlockingQueue<>();
        private final AtomicInteger waitingBytes = new AtomicInteger();
        private volatile long served;

        StreamClient(Socket tcp, InetSocketAddress address, long now) {
            this.tcp = tcp;
            this.address = address;
            served = now;
        }

        @Override
        public InetSocketAddress address() {
            return address;
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public void send(ByteBuffer message) {
            // ChannelData is padded here: RFC 8656, section 12.5.
            byte[] bytes = new byte[(message.remaining() + 3) / 4 * 4];
            message.get(bytes, 0, message.remaining());
            if (waitingBytes.addAndGet(bytes.length) > WAITING_BYTES) waitingBytes.addAndGet(-bytes.length);
            else waiting.add(bytes);
        }

        void write(Socket socket) {
            try {
                OutputStream out = socket.getOutputStream();
                while (true) {
                    byte[] next = waiting.take();
                    out.write(next);
                    waitingBytes.addAndGet(-next.length);
                }
            } catch (IOException | InterruptedException e) {
                end();
            }
        }

        /// Whoever reads or writes there is woken.
        void end() {
            try {
                tcp.close();
            } catch (IOException _) {
                // It is.
            }
        }
    }
}
