package dev.starling.web;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.WritableHeaders;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import io.helidon.websocket.WsUpgradeException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// One WebSocket on Helidon: joins fragments, offers the subprotocol `sip`, writes from a bounded queue on a
/// thread of
/// its own.
final class HelidonSocket implements WsListener, WebSocket {
    private static final System.Logger LOG = System.getLogger("starling.web");
    private static final String PROTOCOL = "sip";
    private static final int MAX_QUEUED_MESSAGES = 1000;
    private static final long MAX_QUEUED_BYTES = 4 << 20;
    private static final int TOO_BIG = 1009, POLICY = 1008;

    private record Job(Runnable write, int bytes) {}

    private final Endpoint endpoint;
    private final int maxMessageBytes;
    private final Map<Object, HelidonSocket> open;
    private final LinkedBlockingQueue<Job> queue = new LinkedBlockingQueue<>(MAX_QUEUED_MESSAGES);
    private final AtomicLong queued = new AtomicLong();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private Optional<WsSession> session = Optional.empty();
    private Optional<Listener> listener = Optional.empty();

    /// @param open where this stands while it is open, by its session
    HelidonSocket(Endpoint endpoint, int maxMessageBytes, Map<Object, HelidonSocket> open) {
        this.endpoint = endpoint;
        this.maxMessageBytes = maxMessageBytes;
        this.open = open;
    }

    @Override
    public Optional<Headers> onHttpUpgrade(HttpPrologue prologue, Headers headers) throws WsUpgradeException {
        var name = HeaderNames.create("Sec-WebSocket-Protocol");
        boolean offered = headers.contains(name)
                && Arrays.stream(headers.get(name).get().split(","))
                        .anyMatch(p -> p.trim().equals(PROTOCOL));
        if (!offered) throw new WsUpgradeException("the WebSocket subprotocol must be sip");
        WritableHeaders<?> answer = WritableHeaders.create();
        answer.set(name, PROTOCOL);
        return Optional.of(answer);
    }

    @Override
    public void onOpen(WsSession opened) {
        session = Optional.of(opened);
        open.put(opened, this);
        listener = Optional.of(endpoint.open(this));
        Thread.ofVirtual().name("ws-writer").start(this::writeQueued);
    }

    private void writeQueued() {
        try {
            while (!ended.get()) {
                Job job = queue.take();
                queued.addAndGet(-job.bytes);
                job.write.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "WebSocket write: " + e.getMessage());
            session.ifPresent(WsSession::terminate);
            end();
        }
    }

    private void enqueue(Runnable write, int bytes) {
        if (ended.get()) return;
        if (queued.addAndGet(bytes) > MAX_QUEUED_BYTES || !queue.offer(new Job(write, bytes))) {
            session.ifPresent(WsSession::terminate);
            end();
        }
    }

    @Override
    public void send(byte[] message) {
        session.ifPresent(s -> enqueue(() -> s.send(BufferData.create(message), true), message.length));
    }

    @Override
    public void sendText(String message) {
        session.ifPresent(s -> enqueue(() -> s.send(message, true), message.length()));
    }

    @Override
    public void ping() {
        session.ifPresent(s -> enqueue(() -> s.ping(BufferData.create(new byte[] {1})), 1));
    }

    @Override
    public void close(int code, String reason) {
        session.ifPresent(s -> enqueue(
                () -> {
                    s.close(code, reason);
                    s.terminate();
                    end();
                },
                1));
    }

    @Override
    public String remote() {
        return session.map(s -> s.socketContext().remotePeer().host()).orElse("");
    }

    @Override
    public void onMessage(WsSession from, String text, boolean last) {
        piece(from, text.getBytes(StandardCharsets.UTF_8), last);
    }

    @Override
    public void onMessage(WsSession from, BufferData data, boolean last) {
        byte[] bytes = new byte[data.available()];
        data.read(bytes);
        piece(from, bytes, last);
    }

    private void piece(WsSession from, byte[] bytes, boolean last) {
        if (partial.size() + bytes.length > maxMessageBytes) {
            from.close(TOO_BIG, "message too long");
            end();
            return;
        }
        byte[] whole = bytes;
        if (!last || partial.size() > 0) {
            partial.writeBytes(bytes);
            whole = partial.toByteArray();
            if (last) partial.reset();
        }
        if (!last) return;
        try {
            byte[] message = whole;
            listener.ifPresent(l -> l.message(message));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a WebSocket message", e);
            from.close(POLICY, "could not be processed");
            end();
        }
    }

    @Override
    public void onPong(WsSession from, BufferData data) {
        listener.ifPresent(Listener::pong);
    }

    @Override
    public void onClose(WsSession from, int status, String reason) {
        end();
    }

    @Override
    public void onError(WsSession from, Throwable error) {
        LOG.log(System.Logger.Level.DEBUG, () -> "WebSocket: " + error.getMessage());
        from.terminate();
        end();
    }

    /// The connection is over; what comes after the first call changes nothing.
    void end() {
        if (!ended.compareAndSet(false, true)) return;
        session.ifPresent(open::remove);
        queue.clear();
        queue.offer(new Job(() -> {}, 0));
        listener.ifPresent(Listener::closed);
    }
}
