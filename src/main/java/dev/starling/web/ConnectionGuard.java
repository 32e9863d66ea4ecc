package dev.starling.web;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Ends connections that keep us waiting. The server beneath has a time-out for silence only, so one byte every
/// ten seconds, or an answer that is never read, would hold a thread and its buffers for ever. Each phase of a
/// connection therefore has an instant at which it is over: reading the head of a request, reading its body,
/// writing one piece of an answer. What runs in a handler is not timed here.
///
/// Ending means interrupting the connection's thread: blocked in the channel, that closes the channel, and
/// whoever writes to it from another thread fails too.
final class ConnectionGuard implements ServerConnectionSelector, AutoCloseable {
    /// Bounds of all connections.
    ///
    /// @param perNetwork connections of one /24 or /64
    /// @param firstHead from accepting the connection to the end of the first request's head
    /// @param head from the end of one answer to the end of the next request's head: the keep-alive time, too
    /// @param body for the whole body of a request
    /// @param write for one piece of an answer to be taken by the other side's network
    record Bounds(int connections, int perNetwork, Duration firstHead, Duration head, Duration body, Duration write) {
        static final Bounds USUAL = new Bounds(
                20_000,
                1_000,
                Duration.ofSeconds(15),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofSeconds(30));

        /// All connections are those of the proxy before it, which counts who comes from where.
        Bounds ofOneProxy() {
            return new Bounds(connections, connections, firstHead, head, body, write);
        }
    }

    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final ServerConnectionSelector http;
    private final Bounds bounds;
    private final Permits permits;
    private final Map<Thread, Connection> running = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("web-guard").factory());

    ConnectionGuard(ServerConnectionSelector http, Bounds bounds) {
        this.http = http;
        this.bounds = bounds;
        permits = new Permits(bounds.connections, bounds.perNetwork);
        long period = Math.clamp(bounds.write.toMillis() / 4, 20, 1_000);
        var _ = timer.scheduleWithFixedDelay(this::endWhatIsOver, period, period, TimeUnit.MILLISECONDS);
    }

    /// The connection whose thread this is; empty outside of one.
    Optional<Connection> current() {
        return Optional.ofNullable(running.get(Thread.currentThread()));
    }

    int size() {
        return permits.taken();
    }

    private void endWhatIsOver() {
        long now = System.nanoTime();
        for (Connection each : running.values()) if (each.isOver(now)) each.abort();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        InetAddress remote =
                context.remotePeer().address() instanceof InetSocketAddress address && address.getAddress() != null
                        ? address.getAddress()
                        : InetAddress.getLoopbackAddress();
        var permit = permits.take(remote);
        if (permit.isEmpty()) throw new CloseConnectionException("too many connections");
        return new Connection(http.connection(context), permit.get());
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return http.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    /// One TCP connection and the instant at which its present phase is over.
    final class Connection implements ServerConnection, InterruptableTask<Void> {
        private final ServerConnection beneath;
        private final Permits.Permit permit;
        private volatile Duration patience = Duration.ZERO;
        private volatile long since;
        private volatile Runnable whenOver = () -> {};
        private volatile Optional<Thread> writer = Optional.empty();

        private Connection(ServerConnection beneath, Permits.Permit permit) {
            this.beneath = beneath;
            this.permit = permit;
            allow(bounds.firstHead);
        }

        void readingHead() {
            allow(bounds.head);
        }

        void readingBody() {
            allow(bounds.body);
        }

        void writing() {
            allow(bounds.write);
        }

        /// Something else decides when this is over: a handler, or a WebSocket with its pings.
        void untimed() {
            allow(Duration.ZERO);
        }

        /// A goodbye has been said; the other side may take it, then this ends.
        void leaving() {
            allow(LAST_WORDS);
        }

        private void allow(Duration time) {
            patience = Duration.ZERO;
            since = System.nanoTime();
            patience = time;
        }

        private boolean isOver(long now) {
            Duration allowed = patience;
            return !allowed.isZero() && now - since > allowed.toNanos();
        }

        /// Called once when the connection has ended, however that came.
        void whenOver(Runnable task) {
            whenOver = task;
        }

        /// Another thread that writes to this connection. It is interrupted as well when the connection is aborted:
        /// the connection's own thread may be in a handler then, and says its goodbye behind what the writer is
        /// stuck in.
        void writtenBy(Thread thread) {
            writer = Optional.of(thread);
        }

        /// Ends the connection at once, from any thread, without waiting for anything.
        void abort() {
            beneath.close(true);
            writer.ifPresent(Thread::interrupt);
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            running.put(Thread.currentThread(), this);
            try {
                beneath.handle(limit);
            } finally {
                running.remove(Thread.currentThread());
                permit.close();
                whenOver.run();
            }
        }

        @Override
        public boolean canInterrupt() {
            return beneath instanceof InterruptableTask<?> task && task.canInterrupt();
        }

        @Override
        public Duration idleTime() {
            return beneath.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            beneath.close(interrupt);
        }
    }
}
