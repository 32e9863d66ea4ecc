import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import dev.starling.web.WebSocket;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;

/// Our room `web`, with Helidon beneath, as it is shipped.
final class HelidonServer {
    private HelidonServer() {}

    static int start(Served served) throws IOException {
        var routes = new Routes()
                .get("/file.js", _ -> Response.of(200, "text/javascript", served.file))
                .get("/key/", request -> {
                    try {
                        return Response.of(
                                200, "application/json", served.lookup(request.path().substring(5)));
                    } catch (dev.starling.dht.DhtException e) {
                        throw new IOException(e);
                    }
                })
                .socket("/sip", Echo::new);
        return WebServer.start(
                        new WebServer.Config("127.0.0.1", 0, Optional.empty(), 65_535), routes, Clock.systemUTC())
                .port();
    }

    private record Echo(WebSocket socket) implements WebSocket.Listener {
        @Override
        public void message(byte[] message) {
            socket.send(message);
        }

        @Override
        public void pong() {}

        @Override
        public void closed() {}
    }
}
