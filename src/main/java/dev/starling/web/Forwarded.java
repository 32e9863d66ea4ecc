package dev.starling.web;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Map;

/// Whose request it is, for the limits.
///
/// @param behindProxy whether a reverse proxy on this machine passes the requests on: then the last entry of
/// `X-Forwarded-For`, the one that the proxy itself wrote, counts
public record Forwarded(boolean behindProxy) {
    /// @param headers names in lower case
    /// @param sender who opened the connection
    public InetAddress of(Map<String, String> headers, InetAddress sender) {
        if (!behindProxy || !sender.isLoopbackAddress()) return sender;
        String all = headers.getOrDefault("x-forwarded-for", "");
        String last = all.substring(all.lastIndexOf(',') + 1).strip().toLowerCase(Locale.ROOT);
        try {
            return InetAddress.ofLiteral(last);
        } catch (IllegalArgumentException e) {
            // Without that header everybody is counted as one: too strict rather than not at all.
            return sender;
        }
    }
}
