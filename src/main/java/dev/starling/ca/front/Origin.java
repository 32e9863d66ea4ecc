package dev.starling.ca.front;

import dev.starling.web.Forwarded;
import dev.starling.web.Request;
import java.net.InetAddress;

/// Whose request it is, for the limits.
///
/// @param behindProxy whether a reverse proxy on this machine passes the requests on
public record Origin(boolean behindProxy) {
    /// Its network address.
    public InetAddress of(Request request) {
        return new Forwarded(behindProxy).of(request.headers(), request.remote());
    }
}
