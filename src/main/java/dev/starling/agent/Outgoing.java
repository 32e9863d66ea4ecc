package dev.starling.agent;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A request of a user agent outside a dialog, as it will be sent along one or several ways.
///
/// @param dest whom the signature names; the Request-URI unless said otherwise
/// @param to the To value
/// @param more header fields besides those that every request has
/// @param token the addressee's contact token, or empty
record Outgoing(
        String method,
        String uri,
        String dest,
        String to,
        String callId,
        String fromTag,
        long cseq,
        List<SipException.Header> more,
        String type,
        byte[] body,
        byte[] token) {
    Outgoing {
        more = List.copyOf(more);
    }

    static Outgoing to(String method, String uri) {
        String to = "<" + uri.split(";", 2)[0] + ">";
        return new Outgoing(
                method,
                uri,
                uri,
                to,
                TransactionLayer.tag(),
                TransactionLayer.tag(),
                1,
                List.of(),
                "",
                new byte[0],
                new byte[0]);
    }

    Outgoing dest(String peer) {
        return new Outgoing(method, uri, peer, to, callId, fromTag, cseq, more, type, body, token);
    }

    Outgoing to(String address) {
        return new Outgoing(method, uri, dest, address, callId, fromTag, cseq, more, type, body, token);
    }

    Outgoing with(String name, String value) {
        var all = new ArrayList<>(more);
        all.add(new SipException.Header(name, value));
        return new Outgoing(method, uri, dest, to, callId, fromTag, cseq, all, type, body, token);
    }

    Outgoing body(String mediaType, byte[] bytes) {
        return new Outgoing(method, uri, dest, to, callId, fromTag, cseq, more, mediaType, bytes.clone(), token);
    }

    Outgoing token(Optional<byte[]> known) {
        return new Outgoing(method, uri, dest, to, callId, fromTag, cseq, more, type, body, known.orElse(new byte[0]));
    }

    /// The same once more, as another request.
    Outgoing anew() {
        return new Outgoing(
                method, uri, dest, to, TransactionLayer.tag(), TransactionLayer.tag(), cseq, more, type, body, token);
    }

    @Override
    public String toString() {
        return method + " " + uri;
    }
}
