package dev.starling.sip.transport;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// A phone's TCP or TLS connection to us: a reader and a writer, each on a virtual thread. What waits for one that does
/// not read is bounded in number, bytes and time; what one may take for a message, and how long a stranger may stay, is
/// too. [#overdue] judges the times.
final class StreamFlow implements Flow {
    static final int MAX_QUEUED = 256;
    static final long MAX_QUEUED_BYTES = 1 << 20;
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final AtomicLong NUMBER = new AtomicLong();
    private static final byte[] PONG = "\r\n".getBytes(StandardCharsets.US_ASCII), NOTHING = new byte[0];
    private final Socket tcp, socket;
    private final String transport, id;
    private final PhoneTransport.Limits times;
    private final Tap tap;
    private final Receiver receiver;
    private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicBoolean open = new AtomicBoolean(true);
    private final long began;
    private final Runnable onAdmit, onDeaf;
    private volatile boolean admitted, inMessage, writing;
    private volatile long heard, messageBegan, writeBegan;

    /// @param tcp the connection below `socket`, or the same: closing it frees a writer that is stuck
    /// @param began when it was accepted, of [System#nanoTime]
    /// @param onAdmit run once the other side has proven who it is
    /// @param onDeaf run when it does not read what is said to it
    StreamFlow(
            Socket tcp,
            Socket socket,
            String transport,
            PhoneTransport.Limits times,
            long began,
            Runnable onAdmit,
            Runnable onDeaf,
            Tap tap,
            Receiver receiver) {
        this.tcp = tcp;
        this.socket = socket;
        this.transport = transport;
        this.times = times;
        this.began = began;
        this.onAdmit = onAdmit;
        this.onDeaf = onDeaf;
        this.tap = tap;
        this.receiver = receiver;
        heard = began;
        id = (transport.equals("TLS") ? "phone-tls-" : "tcp-") + NUMBER.incrementAndGet();
    }

    void start() {
        Thread.ofVirtual().name(id + "-read").start(this::read);
        Thread.ofVirtual().name(id + "-write").start(this::write);
    }

    private void read() {
        try {
            // RFC 5626, section 4.4.1: two line ends are a ping, one is the answer.
            var framing = new Framing(new Timed(socket.getInputStream()), () -> offer(PONG));
            for (var message = framing.next(); message.isPresent(); message = framing.next()) {
                inMessage = false;
                byte[] bytes = message.get();
                if (tap.isWatched()) tap.in(ends(), bytes);
                receiver.received(this, TopVia.isResponse(bytes) ? bytes : TopVia.stamped(bytes, address()));
            }
            close("closed by the other side");
        } catch (IOException e) {
            close(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a message from a phone", e);
            close("defect");
        }
    }

    /// Notes when a message begins; line ends between messages begin none.
    private final class Timed extends FilterInputStream {
        Timed(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int count = in.read(bytes, from, length);
            heard = System.nanoTime();
            for (int i = from; i < from + count && !inMessage; i++) {
                if (bytes[i] == '\r' || bytes[i] == '\n') continue;
                messageBegan = heard;
                inMessage = true;
            }
            return count;
        }
    }

    private void write() {
        try (OutputStream out = socket.getOutputStream()) {
            while (open.get()) {
                byte[] message = queue.take();
                if (message.length == 0) return;
                writeBegan = System.nanoTime();
                writing = true;
                out.write(message);
                writing = false;
                queuedBytes.addAndGet(-message.length);
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
        if (queued <= MAX_QUEUED_BYTES && queue.size() < MAX_QUEUED) {
            queue.add(bytes);
        } else {
            onDeaf.run();
            close("does not read");
        }
    }

    /// Why it must end now, if it must.
    Optional<String> overdue(long now) {
        if (!admitted && isOver(began, times.stranger(), now)) return Optional.of("Connection of a stranger kept open");
        if (inMessage && isOver(messageBegan, times.message(), now)) return Optional.of("Message sent too slowly");
        if (writing && isOver(writeBegan, times.write(), now)) return Optional.of("Messages not read");
        return isOver(heard, times.silence(), now) ? Optional.of("Connection silent") : Optional.empty();
    }

    private static boolean isOver(long since, Duration limit, long now) {
        return now - since > limit.toNanos();
    }

    private Tap.Ends ends() {
        var local = new InetSocketAddress(tcp.getLocalAddress(), tcp.getLocalPort());
        return new Tap.Ends(transport, local, address(), Optional.empty());
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(tcp.getInetAddress(), tcp.getPort());
    }

    InetAddress local() {
        return tcp.getLocalAddress();
    }

    @Override
    public void admit() {
        if (admitted) return;
        admitted = true;
        onAdmit.run();
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String transport() {
        return transport;
    }

    @Override
    public Optional<String> peer() {
        return Optional.empty();
    }

    @Override
    public Optional<InetSocketAddress> remote() {
        return Optional.of(address());
    }

    @Override
    public void send(byte[] message) {
        if (tap.isWatched()) tap.out(ends(), message);
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
