package dev.starling.web;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/// Which handler answers which path. A path that ends in `/` stands for everything below it; the longest match wins.
public final class Routes {
    /// Answers one request, on a thread of its own.
    public interface Handler {
        Response handle(Request request) throws IOException, WebException;
    }

    record Route(String method, String path, int maxBodyBytes, Handler handler) {
        boolean matches(String asked) {
            return path.endsWith("/") ? asked.startsWith(path) : asked.equals(path);
        }
    }

    private final List<Route> routes = new ArrayList<>();
    /// @param protocol the subprotocol that must be offered (RFC 6455, section 4.2.2)
    record Socket(String protocol, WebSocket.Endpoint endpoint) {}

    private final Map<String, Socket> sockets = new LinkedHashMap<>();
    private volatile IntConsumer counter = _ -> {};

    public Routes get(String path, Handler handler) {
        return on("GET", path, 0, handler);
    }

    public Routes on(String method, String path, int maxBodyBytes, Handler handler) {
        routes.add(new Route(method, path, maxBodyBytes, handler));
        return this;
    }

    /// SIP over WebSocket: RFC 7118.
    public Routes socket(String path, WebSocket.Endpoint endpoint) {
        return socket(path, "sip", endpoint);
    }

    public Routes socket(String path, String protocol, WebSocket.Endpoint endpoint) {
        sockets.put(path, new Socket(protocol, endpoint));
        return this;
    }

    /// Who is told the status of each answer.
    public Routes counting(IntConsumer statuses) {
        counter = statuses;
        return this;
    }

    void answered(int status) {
        counter.accept(status);
    }

    Map<String, Socket> sockets() {
        return sockets;
    }

    /// HEAD is answered as GET without the body.
    Optional<Route> find(String method, String path) {
        String wanted = method.equals("HEAD") ? "GET" : method;
        return routes.stream()
                .filter(r -> r.method.equals(wanted) && r.matches(path))
                .max((a, b) -> Integer.compare(a.path.length(), b.path.length()));
    }

    List<String> methods(String path) {
        return routes.stream()
                .filter(r -> r.matches(path))
                .map(Route::method)
                .distinct()
                .toList();
    }
}
