package dev.starling.cli;

import dev.starling.enrol.DomainCertificate;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Port 80 of a server that speaks HTTPS: it shows a CA what it asked for (RFC 8555, section 8.3), and sends everybody
/// else to where they want to go.
final class HttpDoor implements DomainCertificate.Challenges, AutoCloseable {
    private static final String PATH = "/.well-known/acme-challenge/";
    private static final int MAX_MESSAGE = 1024;

    private final Map<String, String> shown = new ConcurrentHashMap<>();
    private final WebServer server;
    private final String base;

    /// @param base where HTTPS is, without a slash at its end
    HttpDoor(String listen, int port, String base, Clock clock) throws IOException {
        this.base = base;
        var routes = new Routes().get("/", this::elsewhere).get(PATH, this::answer);
        server = WebServer.start(new WebServer.Config(listen, port, Optional.empty(), MAX_MESSAGE), routes, clock);
    }

    @Override
    public void show(String token, String keyAuthorization) {
        shown.put(token, keyAuthorization);
    }

    @Override
    public void hide(String token) {
        shown.remove(token);
    }

    private Response answer(Request request) throws WebException {
        String answer = shown.get(request.path().substring(PATH.length()));
        if (answer == null) throw new WebException(404, "Nothing was asked for under this name.");
        return Response.of(200, "application/octet-stream", answer.getBytes(StandardCharsets.US_ASCII));
    }

    private Response elsewhere(Request request) {
        return Response.empty(308).with("location", base + request.target());
    }

    @Override
    public void close() {
        server.close();
    }
}
