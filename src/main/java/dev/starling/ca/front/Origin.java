package dev.starling.ca.front;

import dev.starling.web.Request;
import java.net.InetAddress;
import java.util.Locale;

/// Whose request it is, for the limits.
///
/// @param behindProxy whether a reverse proxy on this machine passes the requests on: then the last entry of
/// `X-Forwarded-For`, the one that the proxy itself wrote, counts
public record Origin(boolean behindProxy) {
    InetAddress of(Request request) {
        if (!behindProxy || !request.remote().isLoopbackAddress()) return request.remote();
        String all = request.header("x-forwarded-for").orElse("");
        String last = all.substring(all.lastIndexOf(',') + 1).strip().toLowerCase(Locale.ROOT);
        try {
            return InetAddress.ofLiteral(last);
        } catch (IllegalArgumentException e) {
            // Without that header everybody is counted as one: too strict rather than not at all.
            return request.remote();
        }
    }
}
