package dev.starling.web;

import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// One HTTP request through its route to its answer. Here alone, what went wrong becomes a status.
record Answering(Routes routes, Clock clock, ConnectionGuard guard, WebServer.Config config) {
    private static final System.Logger LOG = System.getLogger("starling.web");
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);
    private static final String EXPOSED = "Date, Replay-Nonce, Location, Link, Retry-After, ETag";
    private static final String HALF_A_YEAR = "max-age=15552000";
    private static final String PREFLIGHT_SECONDS = "600";

    void answer(ServerRequest in, ServerResponse out) {
        ConnectionGuard.Connection connection = guard.current().orElseThrow();
        String method = in.prologue().method().text();
        String path = in.path().rawPath();
        out.header("Date", HTTP_DATE.format(clock.instant()));
        out.header("Access-Control-Allow-Origin", "*");
        out.header("Access-Control-Expose-Headers", EXPOSED);
        out.header("X-Content-Type-Options", "nosniff");
        // RFC 6797: whoever came by HTTPS comes by nothing else.
        if (config.tls().isPresent()) out.header("Strict-Transport-Security", HALF_A_YEAR);
        Response response = respond(in, connection, method, path);
        routes.answered(response.status());
        try {
            send(out, connection, response, method.equals("HEAD"));
        } catch (IOException | UncheckedIOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "client went away: " + e.getMessage());
            connection.abort();
        } finally {
            connection.readingHead();
            // RFC 9112, section 9.6: the library says close, but leaves the closing to the other side.
            if (in.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) connection.close(false);
        }
    }

    private Response respond(ServerRequest in, ConnectionGuard.Connection connection, String method, String path) {
        try {
            var route = routes.find(method, path);
            if (route.isEmpty()) return withoutRoute(method, path);
            Request request = request(in, connection, method, path, route.get().maxBodyBytes());
            connection.untimed();
            return route.get().handler().handle(request);
        } catch (WebException e) {
            return e.answer();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "request failed", e);
            return Response.problem(500, "The server could not do this now.");
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in answering " + method + " " + path, e);
            return Response.problem(500, "The server has a defect here.");
        }
    }

    private Response withoutRoute(String method, String path) {
        var methods = routes.methods(path);
        if (methods.isEmpty()) return Response.problem(404, "There is nothing at this address.");
        String allowed = String.join(", ", methods);
        if (method.equals(Method.OPTIONS.text())) return preflight(allowed);
        // RFC 9110, section 15.5.6: Allow goes with 405.
        return Response.problem(405, "This address does not take " + method + ".")
                .with("allow", allowed);
    }

    // The Fetch standard's CORS preflight.
    private static Response preflight(String allowed) {
        return Response.empty(204)
                .with("allow", allowed)
                .with("access-control-allow-methods", allowed)
                .with("access-control-allow-headers", "authorization, content-type")
                .with("access-control-max-age", PREFLIGHT_SECONDS);
    }

    private Request request(
            ServerRequest in, ConnectionGuard.Connection connection, String method, String path, int maxBodyBytes)
            throws IOException, WebException {
        Map<String, String> headers = new HashMap<>();
        in.headers().forEach(h -> headers.put(h.name().toLowerCase(Locale.ROOT), String.join(", ", h.allValues())));
        byte[] body = new byte[0];
        if (in.content().hasEntity()) {
            connection.readingBody();
            try (InputStream content = in.content().inputStream()) {
                body = content.readNBytes(maxBodyBytes + 1);
            } catch (UncheckedIOException | IllegalArgumentException | IllegalStateException e) {
                throw new WebException(400, "The request's body could not be read.");
            }
            if (body.length > maxBodyBytes) throw new WebException(413, "At most " + maxBodyBytes + " bytes.");
        }
        var sender = ((InetSocketAddress) in.remotePeer().address()).getAddress();
        return new Request(
                method,
                path,
                in.query().rawValue(),
                headers,
                body,
                config.forwarded().of(headers, sender == null ? InetAddress.getLoopbackAddress() : sender));
    }

    private static void send(
            ServerResponse out, ConnectionGuard.Connection connection, Response response, boolean headOnly)
            throws IOException {
        out.status(Status.create(response.status()));
        response.headers().forEach((name, value) -> out.header(HeaderNames.create(name), value));
        connection.writing();
        if (response.stream().isPresent() && !headOnly) {
            // Closed only when whole: RFC 9112, section 8, what was broken off must be seen to be.
            var stream = new Timed(out.outputStream(), connection);
            response.stream().get().write(stream);
            stream.close();
        } else if (headOnly || response.body().length == 0) out.send();
        else out.send(response.body());
    }

    /// Between two pieces of a long answer nobody has to hurry; each piece has to be taken in time.
    private static final class Timed extends FilterOutputStream {
        private final ConnectionGuard.Connection connection;

        Timed(OutputStream out, ConnectionGuard.Connection connection) {
            super(out);
            this.connection = connection;
            connection.untimed();
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            connection.writing();
            out.write(bytes, from, length);
            connection.untimed();
        }

        @Override
        public void flush() throws IOException {
            connection.writing();
            out.flush();
            connection.untimed();
        }

        @Override
        public void close() throws IOException {
            connection.writing();
            out.close();
        }
    }
}
