package dev.starling.web;

import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsRouting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;

/// The HTTP and WebSocket server (Helidon beneath): one virtual thread a request, bounds on connections, bodies and
/// frames, errors as problem documents, any
/// origin allowed without credentials.
public final class WebServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.web");
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);
    private static final String EXPOSED = "Date, Replay-Nonce, Location, Link, Retry-After, ETag";
    private static final int MAX_CONNECTIONS = 20_000;

    /// @param maxMessageBytes of a WebSocket message
    public record Config(String host, int port, Optional<SSLContext> tls, int maxMessageBytes) {}

    private final io.helidon.webserver.WebServer server;

    private WebServer(io.helidon.webserver.WebServer server) {
        this.server = server;
    }

    /// Listens at once; port 0 takes a free one.
    public static WebServer start(Config config, Routes routes, Clock clock) throws IOException {
        var sockets = WsRouting.builder();
        // By Helidon's session; at most as many as there are connections.
        var open = new ConcurrentHashMap<Object, HelidonSocket>();
        routes.sockets()
                .forEach((path, endpoint) ->
                        sockets.endpoint(path, () -> new HelidonSocket(endpoint, config.maxMessageBytes(), open)));
        var http = HttpRouting.builder().any((request, response) -> answer(routes, clock, request, response));
        var frames =
                WsConfig.builder().maxFrameLength(config.maxMessageBytes() + 16).build();
        var builder = io.helidon.webserver.WebServer.builder()
                .host(config.host())
                .port(config.port())
                .shutdownHook(false)
                .maxTcpConnections(MAX_CONNECTIONS)
                .maxPayloadSize(1 << 20)
                .idleConnectionTimeout(Duration.ofMinutes(2))
                .shutdownGracePeriod(Duration.ofMillis(200))
                .protocolsDiscoverServices(false)
                .addProtocol(frames)
                .addConnectionSelector(Http1ConnectionSelector.builder()
                        .config(Http1Config.create())
                        .addUpgrader(new AnyOrigin(frames, session -> {
                            var socket = open.get(session);
                            if (socket != null) socket.end();
                        }))
                        .build())
                .addRouting(http)
                .addRouting(sockets);
        config.tls().ifPresent(context -> builder.tls(t -> t.sslContext(context)));
        try {
            return new WebServer(builder.build().start());
        } catch (UncheckedIOException | IllegalStateException e) {
            throw new IOException("cannot listen on " + config.host() + ":" + config.port() + ": " + e.getMessage(), e);
        }
    }

    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }

    private static void answer(Routes routes, Clock clock, ServerRequest in, ServerResponse out) {
        String method = in.prologue().method().text();
        String path = in.path().rawPath();
        out.header("Date", HTTP_DATE.format(clock.instant()));
        out.header("Access-Control-Allow-Origin", "*");
        out.header("Access-Control-Expose-Headers", EXPOSED);
        out.header("X-Content-Type-Options", "nosniff");
        Response response = respond(routes, in, method, path);
        try {
            send(out, response, method.equals("HEAD"));
        } catch (IOException | UncheckedIOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "client went away: " + e.getMessage());
        }
    }

    // The one place where what went wrong becomes a status.
    private static Response respond(Routes routes, ServerRequest in, String method, String path) {
        try {
            if (method.equals(Method.OPTIONS.text())) return preflight(routes, path);
            var route = routes.find(method, path);
            if (route.isEmpty())
                return routes.methods(path).isEmpty()
                        ? Response.problem(404, "There is nothing at this address.")
                        : Response.problem(405, "This address does not take " + method + ".");
            return route.get()
                    .handler()
                    .handle(request(in, method, path, route.get().maxBodyBytes()));
        } catch (WebException e) {
            return Response.problem(e.status(), String.valueOf(e.getMessage()));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "request failed", e);
            return Response.problem(500, "The server could not do this now.");
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in answering " + method + " " + path, e);
            return Response.problem(500, "The server has a defect here.");
        }
    }

    private static Response preflight(Routes routes, String path) {
        return Response.empty(204)
                .with("access-control-allow-methods", String.join(", ", routes.methods(path)))
                .with("access-control-allow-headers", "authorization, content-type")
                .with("access-control-max-age", "600");
    }

    private static Request request(ServerRequest in, String method, String path, int maxBodyBytes)
            throws IOException, WebException {
        Map<String, String> headers = new HashMap<>();
        in.headers().forEach(h -> headers.put(h.name().toLowerCase(Locale.ROOT), h.get()));
        byte[] body = new byte[0];
        if (in.content().hasEntity()) {
            try (InputStream content = in.content().inputStream()) {
                body = content.readNBytes(maxBodyBytes + 1);
            } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
                throw new WebException(400, "The request's body could not be read.");
            }
            if (body.length > maxBodyBytes) throw new WebException(413, "At most " + maxBodyBytes + " bytes.");
        }
        var remote = ((InetSocketAddress) in.remotePeer().address()).getAddress();
        return new Request(
                method,
                path,
                in.query().rawValue(),
                headers,
                body,
                remote == null ? InetAddress.getLoopbackAddress() : remote);
    }

    private static void send(ServerResponse out, Response response, boolean headOnly) throws IOException {
        out.status(Status.create(response.status()));
        response.headers().forEach((name, value) -> out.header(HeaderNames.create(name), value));
        if (response.stream().isPresent() && !headOnly) {
            try (var stream = out.outputStream()) {
                response.stream().get().write(stream);
            }
        } else if (headOnly || response.body().length == 0) out.send();
        else out.send(response.body());
    }
}
