package dev.starling.phone;

import dev.starling.proxy.Quota;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Networks;
import dev.starling.sip.transport.Offences;
import java.net.InetAddress;
import java.time.Clock;

/// Answers to whoever has not proven anything: without a transaction (RFC 3261, section 8.2.7), so nothing is kept; so
/// many a second for each network; and by UDP, where the sender may be forged, hardly longer than what was asked, so
/// that nobody is flooded by way of us. What goes beyond is not said.
final class Answers {
    static final int A_SECOND = 50, BURST = 400;

    /// Up to this many times the request, an answer counts as one; up to twice that as [#DEAR]; beyond it is not sent.
    static final double FAIR = 1.5;

    static final int DEAR = 4;
    private static final System.Logger LOG = System.getLogger("starling.phone");

    private final Quota perNetwork;
    private final Offences offences;

    Answers(Offences offences, Clock clock) {
        this.offences = offences;
        perNetwork = new Quota(3_600.0 * A_SECOND, BURST, clock);
    }

    static Edit refusal(SipMessage request, SipException why) {
        Edit answer = Edit.response(request, why.status(), why.reason(), TransactionLayer.tag());
        for (var header : why.headers()) answer.add(header.name(), header.value());
        return answer;
    }

    /// To a request that has no transaction. One so broken that its answer would be no message either ends the flow.
    void stranger(Flow flow, InetAddress from, SipMessage request, Edit answer) {
        if (request.method().equals("ACK")) return;
        byte[] bytes;
        try {
            bytes = answer.build().wire();
        } catch (SipException e) {
            offences.by(from, "Not SIP", e.reason());
            flow.close(e.reason());
            return;
        }
        double ratio = flow.isReliable() ? 1 : bytes.length / (double) request.length();
        boolean allowed = ratio <= 2 * FAIR && perNetwork.allows(Networks.of(from), ratio <= FAIR ? 1 : DEAR);
        if (allowed) flow.send(bytes);
        else offences.by(from, "Flood of requests", request.method());
    }

    void stranger(Flow flow, InetAddress from, SipMessage request, SipException why) {
        stranger(flow, from, request, refusal(request, why));
    }

    /// To a request that has a transaction.
    static void respond(RequestReceived server, SipException why) {
        try {
            server.respond(refusal(server.request(), why).build());
        } catch (SipException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in refusing " + server.request(), e);
        }
    }
}
