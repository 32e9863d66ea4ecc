package dev.starling.agent;

import dev.starling.identity.CertificateVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A request that came to this device, and the way to answer it. All answers to one request have one tag (RFC 3261,
/// section 8.2.6.2).
public final class Incoming {
    private final UserAgent ua;
    private final RequestReceived server;
    private final Optional<Authenticity.Believed> believed;
    private final String tag;

    Incoming(UserAgent ua, RequestReceived server, Optional<Authenticity.Believed> believed) {
        this.ua = ua;
        this.server = server;
        this.believed = believed;
        tag = server.request().toTag().orElseGet(TransactionLayer::tag);
    }

    public SipMessage request() {
        return server.request();
    }

    /// Whose device signed it; empty for what is not signed, such as BYE.
    public Optional<CertificateVerifier.Verified> signer() {
        return believed.map(Authenticity.Believed::signer);
    }

    public RequestReceived server() {
        return server;
    }

    public SipMessage answer(int status, String reason) throws SipException {
        return answer(status, reason, UnaryOperator.identity());
    }

    /// Answers, signed where the request was. `more` adds what the answer says beside the headers of every one; those
    /// that form a dialog carry Record-Route and Contact (RFC 3261, section 12.1.1).
    public SipMessage answer(int status, String reason, UnaryOperator<Edit> more) throws SipException {
        SipMessage request = server.request();
        Edit answer = Edit.response(request, status, reason, tag);
        if (request.method().equals("INVITE") && status > 100 && status < 300) {
            for (String route : request.all("record-route")) answer.add("Record-Route", route);
            answer.add("Contact", ua.contact());
        }
        Edit whole = more.apply(answer);
        if (believed.isPresent()) ua.authenticity().signAnswer(believed.get(), request, whole);
        SipMessage said = whole.build();
        server.respond(said);
        return said;
    }

    @Override
    public String toString() {
        return "Incoming[" + request() + "]";
    }
}
