package dev.starling.sip.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;

/// SIP over one TLS connection between two peers: a reader and a writer, each on a virtual thread; the queue to a
/// peer that does not read is bounded in number and in bytes.
final class TlsFlow implements Flow {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final AtomicLong NUMBER = new AtomicLong();
    private static final byte[] PING = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            PONG = "\r\n".getBytes(StandardCharsets.US_ASCII),
            NOTHING = new byte[0];
    private static final int READ_TIMEOUT_MILLIS = 75_000;
    private static final long PING_SECONDS = 30;

    /// A connection that another one has replaced is kept for the answers still to come over it: longer than the
    /// longest INVITE waits.
    private static final long RETIRED_NANOS = TimeUnit.SECONDS.toNanos(240);

    static final int MAX_QUEUED = 2_000;
    static final long MAX_QUEUED_BYTES = 8 << 20;

    private final String id = "tls-" + NUMBER.incrementAndGet();
    private final Socket tcp;
    private final SSLSocket tls;
    private final String peer;
    private final boolean outgoing;
    private final Tap tap;
    private final Tap.Ends ends;
    private final Receiver receiver;
    private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicBoolean open = new AtomicBoolean(true);
    private volatile boolean retired;
    private volatile long lastUsed = System.nanoTime();

    /// @param tcp the connection below `tls`: closing it frees a writer that is stuck, which closing `tls` does not
    TlsFlow(Socket tcp, SSLSocket tls, String peer, boolean outgoing, Tap tap, Receiver receiver) {
        this.tcp = tcp;
        this.tls = tls;
        this.peer = peer;
        this.outgoing = outgoing;
        this.tap = tap;
        this.ends = new Tap.Ends(
                transport(),
                new InetSocketAddress(tcp.getLocalAddress(), tcp.getLocalPort()),
                new InetSocketAddress(tcp.getInetAddress(), tcp.getPort()),
                Optional.of(peer));
        this.receiver = receiver;
    }

    void start() throws IOException {
        tls.setSoTimeout(READ_TIMEOUT_MILLIS);
        Thread.ofVirtual().name(id + "-read").start(this::read);
        Thread.ofVirtual().name(id + "-write").start(this::write);
    }

    /// We opened it.
    boolean isOutgoing() {
        return outgoing;
    }

    /// Another connection to the same peer is used from now on.
    void retire() {
        retired = true;
    }

    /// And again this one.
    void recall() {
        retired = false;
    }

    private void read() {
        try {
            var framing = new Framing(tls.getInputStream(), () -> offer(PONG));
            for (var message = framing.next(); message.isPresent(); message = framing.next()) {
                lastUsed = System.nanoTime();
                tap.in(ends, message.get());
                receiver.received(this, message.get());
            }
            close("closed by the other side");
        } catch (IOException e) {
            close(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a message from a peer", e);
            close("defect");
        }
    }

    private void write() {
        try (OutputStream out = tls.getOutputStream()) {
            while (open.get()) {
                byte[] message = queue.poll(PING_SECONDS, TimeUnit.SECONDS);
                if (message != null && message.length == 0) return;
                if (message != null) queuedBytes.addAndGet(-message.length);
                if (retired && System.nanoTime() - lastUsed > RETIRED_NANOS) {
                    close("not needed any more");
                    return;
                }
                out.write(message == null ? PING : message);
            }
        } catch (IOException e) {
            close(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close("interrupted");
        }
    }

    private void offer(byte[] bytes) {
        if (!open.get()) return;
        long queued = queuedBytes.addAndGet(bytes.length);
        if (queued > MAX_QUEUED_BYTES || queue.size() >= MAX_QUEUED) close("does not read");
        else queue.add(bytes);
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
        lastUsed = System.nanoTime();
        if (open.get()) tap.out(ends, message);
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
        queue.add(NOTHING);
        try {
            tcp.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
        receiver.closed(this);
    }
}
