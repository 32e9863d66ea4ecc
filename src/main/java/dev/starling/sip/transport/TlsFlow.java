package dev.starling.sip.transport;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;

/// SIP over one TLS connection between two peers: a reader and a writer, each on a virtual thread; the queue to a
/// peer that does not read is bounded.
final class TlsFlow implements Flow {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final AtomicLong NUMBER = new AtomicLong();
    private static final int MAX_QUEUED = 2_000;
    private static final byte[] PING = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            PONG = "\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int READ_TIMEOUT_MILLIS = 75_000;
    private static final long PING_SECONDS = 30;

    private final String id = "tls-" + NUMBER.incrementAndGet();
    private final SSLSocket socket;
    private final String peer;
    private final Receiver receiver;
    private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>(MAX_QUEUED);
    private final AtomicBoolean open = new AtomicBoolean(true);

    TlsFlow(SSLSocket socket, String peer, Receiver receiver) {
        this.socket = socket;
        this.peer = peer;
        this.receiver = receiver;
    }

    void start() throws IOException {
        socket.setSoTimeout(READ_TIMEOUT_MILLIS);
        socket.setTcpNoDelay(true);
        Thread.ofVirtual().name(id + "-read").start(this::read);
        Thread.ofVirtual().name(id + "-write").start(this::write);
    }

    private void read() {
        try {
            var framing = new Framing(new BufferedInputStream(socket.getInputStream(), 8192), () -> offer(PONG));
            for (var message = framing.next(); message.isPresent(); message = framing.next())
                receiver.received(this, message.get());
            close("closed by the other side");
        } catch (IOException e) {
            close(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a message from a peer", e);
            close("defect");
        }
    }

    private void write() {
        try (OutputStream out = socket.getOutputStream()) {
            while (open.get()) {
                byte[] message = queue.poll(PING_SECONDS, TimeUnit.SECONDS);
                out.write(message == null ? PING : message);
            }
        } catch (IOException e) {
            close(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void offer(byte[] bytes) {
        if (open.get() && !queue.offer(bytes)) close("does not read");
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String transport() {
        return "TLS";
    }

    @Override
    public Optional<String> peer() {
        return Optional.of(peer);
    }

    @Override
    public void send(byte[] message) {
        offer(message);
    }

    @Override
    public boolean isOpen() {
        return open.get();
    }

    @Override
    public void close(String reason) {
        if (!open.compareAndSet(true, false)) return;
        LOG.log(System.Logger.Level.DEBUG, () -> id + " ends: " + reason);
        queue.clear();
        queue.offer(PONG);
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
        receiver.closed(this);
    }
}
