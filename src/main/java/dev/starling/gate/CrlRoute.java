package dev.starling.gate;

import dev.starling.identity.CrlStore;
import dev.starling.web.RateLimit;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;

/// `GET /crl?url=…`: a list of withdrawn certificates for a page, which cannot reach a CA's server itself and verifies
/// what it is given (docs/protocols/sip.md, section 1). Only lists that this server keeps for itself, fetched anew when
/// they are due: it is no way to anywhere else.
public record CrlRoute(CrlStore lists, RateLimit reads) {
    private static final int MAX_QUERY = 2000;

    public static CrlRoute usual(CrlStore lists, Clock clock) {
        return new CrlRoute(lists, new RateLimit(60, 60, clock));
    }

    public void mount(Routes routes) {
        routes.get("/crl", request -> {
            if (!reads.allows(request.remote())) throw new WebException(429, "Too many lists asked for.");
            return lists.list(url(request.query()))
                    .map(der -> Response.of(200, "application/pkix-crl", der))
                    // Not an error: nobody has met a certificate that names it yet.
                    .orElseGet(() -> Response.empty(204));
        });
    }

    private static String url(String query) throws WebException {
        if (query.length() > MAX_QUERY || !query.startsWith("url=")) throw new WebException(400, "Ask with ?url=…");
        try {
            return URLDecoder.decode(query.substring("url=".length()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new WebException(400, "This is no URL.");
        }
    }
}
