package dev.starling.web;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.socket.SocketContext;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.WritableHeaders;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import io.helidon.websocket.WsUpgradeException;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/// One WebSocket on Helidon: joins fragments, offers the subprotocol of its path, writes from a bounded queue on a
/// thread of its own. Whoever sends is never held up by a slow reader: when the queue is full the connection is
/// ended.
final class HelidonSocket implements WsListener, WebSocket {
    private static final System.Logger LOG = System.getLogger("starling.web");
    private static final HeaderName PROTOCOLS = HeaderNames.create("Sec-WebSocket-Protocol");
    private static final HeaderName FORWARDED_FOR = HeaderNames.create("X-Forwarded-For");
    private static final int MAX_QUEUED_MESSAGES = 1000;
    private static final long MAX_QUEUED_BYTES = 4 << 20;
    private static final long MAX_QUEUED_BYTES_IN_ALL = Runtime.getRuntime().maxMemory() / 4;
    private static final int TOO_BIG = 1009, POLICY = 1008;

    private record Job(Runnable write, int bytes) {}

    private final Endpoint endpoint;
    private final String protocol;
    private final ConnectionGuard.Connection connection;
    private final int maxMessageBytes;
    private final LinkedBlockingQueue<Job> queue = new LinkedBlockingQueue<>(MAX_QUEUED_MESSAGES);
    private final AtomicLong queued = new AtomicLong();
    private final AtomicLong queuedInAll;
    private final Forwarded forwarded;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final AtomicBoolean over = new AtomicBoolean();
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private volatile Optional<WsSession> session = Optional.empty();
    private volatile Optional<Listener> listener = Optional.empty();
    private volatile String forwardedFor = "";

    /// @param queuedInAll bytes waiting in the queues of all sockets of this server
    /// @param forwarded whose it is
    HelidonSocket(
            Routes.Socket door,
            ConnectionGuard.Connection connection,
            int maxMessageBytes,
            AtomicLong queuedInAll,
            Forwarded forwarded) {
        this.forwarded = forwarded;
        this.endpoint = door.endpoint();
        this.protocol = door.protocol();
        this.connection = connection;
        this.maxMessageBytes = maxMessageBytes;
        this.queuedInAll = queuedInAll;
    }

    @Override
    public Optional<Headers> onHttpUpgrade(HttpPrologue prologue, Headers headers) throws WsUpgradeException {
        boolean offered = headers.contains(PROTOCOLS)
                && Arrays.stream(headers.get(PROTOCOLS).get().split(","))
                        .anyMatch(p -> p.trim().equals(protocol));
        if (!offered) throw new WsUpgradeException("the WebSocket subprotocol must be " + protocol);
        if (headers.contains(FORWARDED_FOR))
            forwardedFor = String.join(", ", headers.get(FORWARDED_FOR).allValues());
        WritableHeaders<?> answer = WritableHeaders.create();
        answer.set(PROTOCOLS, protocol);
        return Optional.of(answer);
    }

    @Override
    public void onOpen(WsSession opened) {
        connection.untimed();
        connection.whenOver(this::over);
        connection.writtenBy(Thread.ofVirtual().name("ws-writer").start(this::writeQueued));
        session = Optional.of(opened);
        listener = Optional.of(endpoint.open(this));
    }

    private void writeQueued() {
        try {
            while (!over.get()) {
                Job job = queue.take();
                job.write.run();
                release(job.bytes);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "WebSocket write: " + e.getMessage());
        }
        connection.abort();
    }

    private void enqueue(Runnable write, int bytes) {
        if (over.get()) return;
        long waiting = queued.addAndGet(bytes), everywhere = queuedInAll.addAndGet(bytes);
        boolean slow = waiting > MAX_QUEUED_BYTES || (waiting > bytes && everywhere > MAX_QUEUED_BYTES_IN_ALL);
        if (slow || !queue.offer(new Job(write, bytes))) {
            release(bytes);
            connection.abort();
        }
    }

    private void release(int bytes) {
        queued.addAndGet(-bytes);
        queuedInAll.addAndGet(-bytes);
    }

    @Override
    public void send(byte[] message) {
        session.ifPresent(s -> enqueue(() -> s.send(BufferData.create(message), true), message.length));
    }

    @Override
    public void sendText(String message) {
        int bytes = message.getBytes(StandardCharsets.UTF_8).length;
        session.ifPresent(s -> enqueue(() -> s.send(message, true), bytes));
    }

    @Override
    public void ping() {
        session.ifPresent(s -> enqueue(() -> s.ping(BufferData.create(new byte[] {1})), 1));
    }

    @Override
    public void close(int code, String reason) {
        if (!closing.compareAndSet(false, true)) return;
        // The goodbye may stand behind a write that never ends: the connection ends soon in any case.
        connection.leaving();
        session.ifPresent(s -> enqueue(() -> s.close(code, reason), 1));
    }

    @Override
    public InetSocketAddress local() {
        return address(SocketContext::localPeer);
    }

    @Override
    public InetSocketAddress remote() {
        InetSocketAddress from = address(SocketContext::remotePeer);
        return new InetSocketAddress(
                forwarded.of(Map.of("x-forwarded-for", forwardedFor), from.getAddress()), from.getPort());
    }

    private InetSocketAddress address(Function<SocketContext, PeerInfo> end) {
        var address = session.map(s -> end.apply(s.socketContext()).address());
        return address.isPresent() && address.get() instanceof InetSocketAddress ip ? ip : new InetSocketAddress(0);
    }

    @Override
    public void onMessage(WsSession from, String text, boolean last) {
        piece(text.getBytes(StandardCharsets.UTF_8), last);
    }

    @Override
    public void onMessage(WsSession from, BufferData data, boolean last) {
        byte[] bytes = new byte[data.available()];
        data.read(bytes);
        piece(bytes, last);
    }

    private void piece(byte[] bytes, boolean last) {
        if (closing.get()) return;
        if (partial.size() + bytes.length > maxMessageBytes) {
            close(TOO_BIG, "message too long");
            return;
        }
        byte[] whole = bytes;
        if (!last || partial.size() > 0) {
            partial.writeBytes(bytes);
            if (!last) return;
            whole = partial.toByteArray();
            partial.reset();
        }
        try {
            byte[] message = whole;
            listener.ifPresent(l -> l.message(message));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a WebSocket message", e);
            close(POLICY, "could not be processed");
        }
    }

    // RFC 6455, section 5.5.2: a ping is answered with what it carries. Through the queue, as everything else.
    @Override
    public void onPing(WsSession from, BufferData data) {
        byte[] bytes = new byte[data.available()];
        data.read(bytes);
        enqueue(() -> from.pong(BufferData.create(bytes)), bytes.length + 1);
    }

    @Override
    public void onPong(WsSession from, BufferData data) {
        listener.ifPresent(Listener::pong);
    }

    @Override
    public void onClose(WsSession from, int status, String reason) {
        leave();
    }

    @Override
    public void onError(WsSession from, Throwable error) {
        LOG.log(System.Logger.Level.DEBUG, () -> "WebSocket: " + error.getMessage());
        leave();
    }

    // The library answers the goodbye and returns; should it be kept from that, the connection is ended.
    private void leave() {
        closing.set(true);
        connection.leaving();
    }

    // The connection has ended: called once, on its own thread.
    private void over() {
        over.set(true);
        closing.set(true);
        for (Job job = queue.poll(); job != null; job = queue.poll()) release(job.bytes);
        boolean _ = queue.offer(new Job(() -> {}, 0));
        listener.ifPresent(Listener::closed);
    }
}
