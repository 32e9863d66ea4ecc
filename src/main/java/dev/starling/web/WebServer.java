package dev.starling.web;

import io.helidon.http.DirectHandler;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsRouting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;

/// The HTTP and WebSocket server (Helidon beneath): one virtual thread a connection, bounds on connections, their
/// patience, bodies and frames, errors as problem documents, any origin allowed without credentials.
public final class WebServer implements AutoCloseable {
    private static final int MAX_BODY_BYTES = 1 << 20;
    private static final int SPARE_FILES = 256;

    /// @param maxMessageBytes of a WebSocket message
    /// @param forwarded whose requests they are
    public record Config(String host, int port, Optional<SSLContext> tls, int maxMessageBytes, Forwarded forwarded) {
        /// With nothing before it.
        public Config(String host, int port, Optional<SSLContext> tls, int maxMessageBytes) {
            this(host, port, tls, maxMessageBytes, new Forwarded(false));
        }
    }

    private final io.helidon.webserver.WebServer server;
    private final ConnectionGuard guard;

    private WebServer(io.helidon.webserver.WebServer server, ConnectionGuard guard) {
        this.server = server;
        this.guard = guard;
    }

    /// Listens at once; port 0 takes a free one.
    public static WebServer start(Config config, Routes routes, Clock clock) throws IOException {
        var usual = ConnectionGuard.Bounds.USUAL;
        return start(config, routes, clock, config.forwarded.behindProxy() ? usual.ofOneProxy() : usual);
    }

    static WebServer start(Config config, Routes routes, Clock clock, ConnectionGuard.Bounds bounds)
            throws IOException {
        var frames =
                WsConfig.builder().maxFrameLength(config.maxMessageBytes() + 16).build();
        var guard = new ConnectionGuard(
                Http1ConnectionSelector.builder()
                        .config(Http1Config.create())
                        .addUpgrader(new AnyOrigin(frames))
                        .build(),
                bounds);
        var builder = io.helidon.webserver.WebServer.builder()
                .host(config.host())
                .port(config.port())
                .shutdownHook(false)
                .maxTcpConnections(Math.min(bounds.connections(), openFiles() - SPARE_FILES))
                // A frame leaves when it is written: Nagle's algorithm would hold back a message that follows another
                // one until that is acknowledged, a round trip or 40 ms later.
                .connectionOptions(options -> options.tcpNoDelay(true))
                .maxPayloadSize(MAX_BODY_BYTES)
                .idleConnectionTimeout(Duration.ofMinutes(2))
                .shutdownGracePeriod(Duration.ofMillis(200))
                .protocolsDiscoverServices(false)
                .directHandlers(notUnderstood())
                .addProtocol(frames)
                .addConnectionSelector(guard)
                .addRouting(HttpRouting.builder().any(new Answering(routes, clock, guard, config)::answer))
                .addRouting(sockets(config, routes, guard));
        config.tls().ifPresent(context -> builder.tls(t -> t.sslContext(context)));
        try {
            return new WebServer(builder.build().start(), guard);
        } catch (UncheckedIOException | IllegalStateException e) {
            guard.close();
            throw new IOException("cannot listen on " + config.host() + ":" + config.port() + ": " + e.getMessage(), e);
        }
    }

    // What fails before a handler is asked, or between the frames of a WebSocket, is that the bytes make no
    // sense. The library calls it an internal error and writes a stack trace to the log for each.
    private static DirectHandlers notUnderstood() {
        return DirectHandlers.builder()
                .addHandler(
                        DirectHandler.EventType.INTERNAL_ERROR,
                        (_, _, _, headers, _) -> DirectHandler.TransportResponse.builder()
                                .status(Status.BAD_REQUEST_400)
                                .headers(headers)
                                .build())
                .build();
    }

    private static WsRouting.Builder sockets(Config config, Routes routes, ConnectionGuard guard) {
        var queuedInAll = new AtomicLong();
        var sockets = WsRouting.builder();
        routes.sockets()
                .forEach((path, socket) -> sockets.endpoint(
                        path,
                        () -> new HelidonSocket(
                                socket,
                                guard.current().orElseThrow(),
                                config.maxMessageBytes(),
                                queuedInAll,
                                config.forwarded())));
        return sockets;
    }

    // The server beneath stops listening for good when it cannot accept for want of file descriptors.
    private static int openFiles() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.UnixOperatingSystemMXBean system
                ? (int) Math.clamp(system.getMaxFileDescriptorCount(), 2L * SPARE_FILES, Integer.MAX_VALUE)
                : Integer.MAX_VALUE;
    }

    public int port() {
        return server.port();
    }

    /// Connections open now.
    public int connections() {
        return guard.size();
    }

    @Override
    public void close() {
        server.stop();
        guard.close();
    }
}
