package dev.starling.web;

import io.helidon.common.concurrency.limits.Limit;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsUpgrader;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Takes WebSockets from pages of any origin: a client may use any peer, and who speaks is proven by signature, never
/// by cookie or origin.
final class AnyOrigin extends WsUpgrader {
    private final Consumer<Object> ended;

    /// @param ended is told each connection (it is the session its listener knows) that is over, however it ended
    AnyOrigin(WsConfig config, Consumer<Object> ended) {
        super(config);
        this.ended = ended;
    }

    @Override
    protected void validateOrigin(Headers headers, String origin) {
        // Every origin is as good as any other.
    }

    @Override
    public @Nullable ServerConnection upgrade(
            ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
        ServerConnection connection = super.upgrade(context, prologue, headers);
        return connection == null ? null : new Watched(connection, ended);
    }

    /// Helidon tells a listener of a close frame, not of a TCP connection that ends without one: a killed browser would
    /// count as there until the next ping.
    private record Watched(ServerConnection connection, Consumer<Object> ended) implements ServerConnection {
        @Override
        public void handle(Limit limit) throws InterruptedException {
            try {
                connection.handle(limit);
            } finally {
                ended.accept(connection);
            }
        }

        @Override
        @SuppressWarnings("removal")
        public void handle(Semaphore requests) throws InterruptedException {
            try {
                connection.handle(requests);
            } finally {
                ended.accept(connection);
            }
        }

        @Override
        public Duration idleTime() {
            return connection.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            connection.close(interrupt);
        }
    }
}
