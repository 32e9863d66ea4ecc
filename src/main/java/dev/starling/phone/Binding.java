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
/// @param written until when it lasts by what is on disk, in Unix milliseconds
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
        boolean nat,
        long written) {
    static final long UNWRITTEN = 0;

    /// Kept over a restart: by UDP the way remains, a connection does not.
    boolean isDurable() {
        return flow.transport().equals("UDP");
    }

    /// The same phone asks the same way as before: its end is all that moves, and the count of its requests.
    boolean continues(Binding before) {
        return contact.equals(before.contact)
                && flow.id().equals(before.flow.id())
                && flow.equals(before.flow)
                && remote.equals(before.remote)
                && local.equals(before.local)
                && instance.equals(before.instance)
                && agent.equals(before.agent)
                && nat == before.nat;
    }

    /// This one, longer; nothing else of the new request is kept.
    Binding until(Instant end, String call, long number) {
        String same = call.equals(callId) ? callId : call;
        return new Binding(account, contact, flow, remote, local, end, instance, same, number, agent, nat, written);
    }

    /// As it is from when its end stands on disk.
    Binding asWritten() {
        long end = expires.toEpochMilli();
        return new Binding(account, contact, flow, remote, local, expires, instance, callId, cseq, agent, nat, end);
    }

    /// Whether it need not be written although its end has moved: at least half of its time is on disk. A phone that
    /// asks again when half is over, or earlier, will have done so before what is written ends; one that asks later
    /// has less than half on disk, so it is written each time. Either way no crash makes it unreachable.
    boolean isWrittenFor(Instant now) {
        return written - now.toEpochMilli() >= (expires.toEpochMilli() - now.toEpochMilli()) / 2;
    }
}
