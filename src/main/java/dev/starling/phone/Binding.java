package dev.starling.phone;

import dev.starling.sip.transport.Flow;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;

/// One phone of an account: what it is called and the way to it.
///
/// @param contact the URI it registered: the Request-URI of what is sent to it, never the place it is sent to
/// @param flow what its REGISTER came over; everything for it goes there
/// @param remote the address its REGISTER came from
/// @param local our address that it reached
/// @param instance `+sip.instance` and `reg-id` (RFC 5626), "" where it has none
/// @param agent its User-Agent, cut
/// @param nat whether it sees itself under another address than we do
public record Binding(
        String account,
        String contact,
        Flow flow,
        InetSocketAddress remote,
        InetAddress local,
        Instant expires,
        String instance,
        String callId,
        long cseq,
        String agent,
        boolean nat) {
    /// Kept over a restart: by UDP the way remains, a connection does not.
    boolean isDurable() {
        return flow.transport().equals("UDP");
    }
}
