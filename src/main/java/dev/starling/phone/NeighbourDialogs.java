package dev.starling.phone;

import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.ArrayList;
import java.util.List;

/// What ordinary SIP domains ask within calls, and which answers of ours they have not acknowledged yet.
final class NeighbourDialogs {
    private final TransactionLayer.Timers timers;
    private final List<CallFromNeighbour> unacknowledged = new ArrayList<>();

    NeighbourDialogs(TransactionLayer.Timers timers) {
        this.timers = timers;
    }

    /// Until its ACK comes, the 2xx is repeated.
    synchronized void await(CallFromNeighbour caller) {
        unacknowledged.removeIf(each -> each.call().isOver());
        unacknowledged.add(caller);
    }

    void within(PhoneCall call, Neighbour from, SipMessage request, RequestReceived server) throws SipException {
        switch (request.method()) {
            case "BYE" -> {
                call.deviceLeft(() -> ok(request, server));
            }
            case "INVITE" -> {
                var again = new CallFromNeighbour(server, from, call, timers);
                await(again);
                Reoffers.ofNeighbour(call, again);
            }
            case "INFO", "OPTIONS" -> ok(request, server);
            default ->
                throw new SipException(405, "Method Not Allowed", new SipException.Header("Allow", Neighbour.ALLOW));
        }
    }

    private static void ok(SipMessage request, RequestReceived server) throws SipException {
        server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
    }

    /// An ACK says by its number which of several INVITEs it means (RFC 3261, section 13.2.2.4).
    synchronized void acknowledged(DialogId id, long cseq) {
        for (var each : List.copyOf(unacknowledged)) {
            if (each.request().cseq() != cseq || !each.call().isWithDevice(id)) continue;
            each.acknowledged();
            unacknowledged.remove(each);
        }
    }
}
