package dev.starling.web;

import io.helidon.http.Headers;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsUpgrader;

/// Takes WebSockets from pages of any origin: a client may use any peer, and who speaks is proven by signature,
/// never by cookie or origin.
final class AnyOrigin extends WsUpgrader {
    AnyOrigin(WsConfig config) {
        super(config);
    }

    @Override
    protected void validateOrigin(Headers headers, String origin) {
        // Every origin is as good as any other.
    }
}
