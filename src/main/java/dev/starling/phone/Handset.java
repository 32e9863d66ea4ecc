package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;

/// A phone that is registered now: how requests go to it.
public interface Handset {
    static Handset of(PhoneEdge edge, Binding binding) {
        return new RegisteredHandset(edge, binding);
    }

    /// Where it is: its Contact URI.
    String target();

    /// The Contact value by which it reaches us.
    String contact();

    /// Where it speaks SIP from; its sound may come from there too.
    InetAddress source();

    /// Whether it lives in a browser, and speaks ICE and DTLS-SRTP as those do.
    boolean isWeb();

    /// Whether nobody on the way reads what is said to it: keys may be told.
    boolean isSecure();

    /// Sends a request that has neither Via nor Max-Forwards yet.
    RequestSent send(Edit request, Consumer<SipMessage> answers) throws SipException;

    /// Cancels an INVITE that rings (RFC 3261, section 9.1); why, as values of Reason.
    void cancel(RequestSent invite, List<String> reasons);

    /// An ACK of a 2xx: a request without transaction.
    void acknowledge(Edit ack) throws SipException;
}
