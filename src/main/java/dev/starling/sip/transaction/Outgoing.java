package dev.starling.sip.transaction;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.util.Locale;

/// Puts our name on what we send over the flows of a transport.
public final class Outgoing {
    private final FlowSource flows;

    public Outgoing(FlowSource flows) {
        this.flows = flows;
    }

    /// RFC 3581, section 3: by UDP we ask to be answered where we sent from.
    public static String via(Flow flow, String sentBy, String branch) {
        return "SIP/2.0/" + flow.transport() + " " + sentBy + ";branch=" + branch + (flow.isReliable() ? "" : ";rport");
    }

    /// Of a request that has no Via yet.
    public SipMessage request(Edit request, Flow flow) throws SipException {
        return request.prepend("Via", via(flow, flows.sentBy(flow), TransactionLayer.branch()))
                .addIfAbsent("Max-Forwards", "70")
                .build();
    }

    /// Value of Contact, by which the other end of the flow reaches us. `user` is written as it stands.
    public String contact(Flow flow, String user) {
        String transport = flow.transport().equals("UDP")
                ? ""
                : ";transport=" + flow.transport().toLowerCase(Locale.ROOT);
        return "<sip:" + user + "@" + flows.sentBy(flow) + transport + ">";
    }
}
