package dev.starling.phone;

import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transport.Flow;
import java.util.List;

/// What phones talk to: the user of their transactions. What it is told of one flow comes in order, on a virtual
/// thread, so it may wait; [#knows] is asked on the thread that reads the sockets.
public interface PhoneUser {
    /// A request of an account that has proven itself, or one within a dialog that is known. An INVITE has been
    /// answered 100; a CANCEL comes by [RequestReceived#onCancel]. It must be answered.
    void request(String account, Flow flow, SipMessage request, RequestReceived server);

    /// The ACK of a 2xx; nobody has proven whose, except that it came over this flow.
    void acknowledged(Flow flow, SipMessage ack);

    /// Whether `account` has this dialog, as the end at this peer sees it: then requests within it that come over a
    /// flow at which the account is registered are not challenged.
    boolean knows(String account, DialogId dialog);

    /// The phones of the account have changed: [PhoneRegistrar#of].
    void registered(String account);

    /// A connection has ended.
    ///
    /// @param unanswered what came over it and nobody can be answered any more
    void closed(Flow flow, List<RequestReceived> unanswered);
}
