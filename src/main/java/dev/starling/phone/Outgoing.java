package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.util.Locale;

/// Puts our name on what goes to phones.
final class Outgoing {
    private final FlowSource flows;

    Outgoing(FlowSource flows) {
        this.flows = flows;
    }

    /// RFC 3581, section 3: by UDP we ask to be answered where we sent from.
    static String via(Flow flow, String sentBy, String branch) {
        return "SIP/2.0/" + flow.transport() + " " + sentBy + ";branch=" + branch + (flow.isReliable() ? "" : ";rport");
    }

    SipMessage request(Edit request, Flow flow) throws SipException {
        return request.prepend("Via", via(flow, flows.sentBy(flow), TransactionLayer.branch()))
                .addIfAbsent("Max-Forwards", "70")
                .build();
    }

    String contact(Flow flow, String user) {
        String transport = switch (flow.transport()) {
            case "UDP" -> "";
            // RFC 7118, section 5.3: over TLS it is called so too.
            case "WSS" -> ";transport=ws";
            default -> ";transport=" + flow.transport().toLowerCase(Locale.ROOT);
        };
        return "<sip:" + user + "@" + flows.sentBy(flow) + transport + ">";
    }
}
