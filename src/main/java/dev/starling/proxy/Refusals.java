package dev.starling.proxy;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/// The one place where what goes wrong in taking a request becomes a SIP status.
final class Refusals {
    private static final System.Logger LOG = System.getLogger("starling.proxy");
    private static final DateTimeFormatter DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);

    /// What is done with a request.
    interface Work {
        void run() throws SipException, IOException;
    }

    private final Clock clock;

    Refusals(Clock clock) {
        this.clock = clock;
    }

    /// Does the work; answers the request with what went wrong.
    void guard(RequestReceived server, Work work) {
        try {
            work.run();
        } catch (SipException e) {
            respond(server, e);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "failed: " + server.request(), e);
            respond(server, new SipException(500, "Server Internal Error"));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + server.request(), e);
            respond(server, new SipException(500, "Server Internal Error"));
        }
    }

    private void respond(RequestReceived server, SipException why) {
        // RFC 3261, section 17: an ACK is never answered.
        if (server.request().method().equals("ACK")) return;
        try {
            server.respond(answer(server.request(), why).build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    /// For a request that got no transaction. One so broken that its answer would be no message either ends the flow.
    void respondStatelessly(Flow flow, SipMessage request, SipException why) {
        LOG.log(System.Logger.Level.DEBUG, () -> request + " by " + flow.id() + ": refused, " + why.getMessage());
        if (request.method().equals("ACK")) return;
        try {
            flow.send(answer(request, why).build().wire());
        } catch (SipException e) {
            flow.close(why.reason());
        }
    }

    private Edit answer(SipMessage request, SipException why) {
        var answer = dated(Edit.response(request, why.status(), why.reason(), TransactionLayer.tag()));
        for (var header : why.headers()) answer.add(header.name(), header.value());
        return answer;
    }

    /// With Date, by which clients set their clock right.
    Edit dated(Edit answer) {
        return answer.add("Date", DATE.format(clock.instant()));
    }

    static SipException tooMany(String reason) {
        return new SipException(503, reason, new SipException.Header("Retry-After", "5"));
    }

    static SipException notAllowed() {
        return new SipException(
                405,
                "Method Not Allowed",
                new SipException.Header("Allow", "INVITE, ACK, CANCEL, BYE, MESSAGE, SUBSCRIBE"));
    }
}
