package dev.starling.classic;

import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import java.util.List;

/// Whoever takes what comes from ordinary SIP domains. Told on virtual threads, in the order of each flow; it may wait.
public interface ClassicUser {
    /// Whether people of this domain (lower case) are here: nothing is passed on for others. Asked on the thread that
    /// reads the sockets.
    boolean serves(String domain);

    /// An INVITE, which has been answered 100, or a MESSAGE. It must be answered.
    void asks(Stranger stranger);

    /// A request within a dialog, whoever sent it. It must be answered.
    void within(SipMessage request, RequestReceived server);

    /// The ACK of a 2xx.
    void acknowledged(SipMessage ack);

    /// A connection ended over which nobody can be answered any more.
    void gone(List<RequestReceived> unanswered);
}
