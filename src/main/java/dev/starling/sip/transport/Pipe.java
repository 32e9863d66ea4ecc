package dev.starling.sip.transport;

import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// Two flows joined in memory: what is sent into one end, the receiver of the other end takes, in order. So a user
/// agent in a peer's own process is a client of it like any other.
public final class Pipe {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final AtomicLong NUMBER = new AtomicLong();
    private static final int MAX_QUEUED = 2_000;
    private static final byte[] NOTHING = new byte[0];

    private Pipe() {}

    /// Opens a pipe and gives the end into which `client` sends. Whoever is `server` gets the other end with what
    /// arrives.
    public static Flow open(Flow.Receiver client, Flow.Receiver server) {
        String id = "pipe-" + NUMBER.incrementAndGet();
        var open = new AtomicBoolean(true);
        var near = new End(id + "-client", client, open);
        var far = new End(id, server, open);
        near.join(far);
        far.join(near);
        return near;
    }

    private static final class End implements Flow {
        private final String id;
        private final Receiver receiver;
        private final AtomicBoolean open;
        private final LinkedBlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>(MAX_QUEUED);
        private volatile Optional<End> other = Optional.empty();

        End(String id, Receiver receiver, AtomicBoolean open) {
            this.id = id;
            this.receiver = receiver;
            this.open = open;
        }

        void join(End far) {
            other = Optional.of(far);
            Thread.ofVirtual().name(id).start(this::take);
        }

        private void take() {
            try {
                for (byte[] message = arrived.take(); message.length > 0; message = arrived.take()) hand(message);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            receiver.closed(this);
        }

        private void hand(byte[] message) {
            try {
                receiver.received(this, message);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking a message of our own", e);
            }
        }

        @Override
        public String id() {
            return id;
        }

        /// As RFC 7118 has it for clients that cannot be connected to.
        @Override
        public String transport() {
            return "WS";
        }

        @Override
        public Optional<String> peer() {
            return Optional.empty();
        }

        @Override
        public void send(byte[] message) {
            if (isOpen() && !other.orElseThrow().arrived.offer(message)) close("does not read");
        }

        @Override
        public void close(String reason) {
            if (!open.compareAndSet(true, false)) return;
            LOG.log(System.Logger.Level.DEBUG, () -> id + " ends: " + reason);
            end();
            other.orElseThrow().end();
        }

        private void end() {
            arrived.clear();
            var _ = arrived.offer(NOTHING);
        }

        @Override
        public boolean isOpen() {
            return open.get();
        }
    }
}
