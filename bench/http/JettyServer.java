import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/// The same routes on Jetty, with virtual threads, as its documentation recommends.
final class JettyServer {
    private JettyServer() {}

    static int start(Served served) throws Exception {
        var threads = new QueuedThreadPool();
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        var server = new Server(threads);
        var connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        var sockets = WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxBinaryMessageSize(65_535);
            container.setIdleTimeout(java.time.Duration.ofHours(1));
            container.addMapping("/sip", JettyServer::upgrade);
        });
        sockets.setHandler(new Files(served));
        server.setHandler(sockets);
        server.start();
        return connector.getLocalPort();
    }

    private static Object upgrade(
            org.eclipse.jetty.websocket.server.ServerUpgradeRequest request,
            org.eclipse.jetty.websocket.server.ServerUpgradeResponse response,
            Callback callback) {
        response.setAcceptedSubProtocol("sip");
        return new Echo();
    }

    public static final class Echo extends Session.Listener.AbstractAutoDemanding {
        @Override
        public void onWebSocketBinary(ByteBuffer message, org.eclipse.jetty.websocket.api.Callback callback) {
            getSession().sendBinary(message, callback);
        }
    }

    private static final class Files extends Handler.Abstract {
        private final Served served;

        Files(Served served) {
            this.served = served;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String path = request.getHttpURI().getPath();
            byte[] body = path.startsWith("/key/") ? served.lookup(path.substring(5)) : served.file;
            response.getHeaders()
                    .put(HttpHeader.CONTENT_TYPE, path.startsWith("/key/") ? "application/json" : "text/javascript");
            response.getHeaders().put("access-control-allow-origin", "*");
            response.getHeaders().put("x-content-type-options", "nosniff");
            response.write(true, ByteBuffer.wrap(body), callback);
            return true;
        }
    }
}
