package dev.starling.agent;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.record.Bodies;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Pipe;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/// A SIP user agent (RFC 3261, section 8) of one device, joined to a peer in its own process: sends signed requests,
/// believes only signed answers, and hands what comes to whoever takes that method, each on a thread of its own.
public final class UserAgent implements Flow.Receiver, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");

    /// Requests that are being worked on; more are told to come later.
    private static final int MAX_AT_ONCE = 64;

    /// Takes requests of one method; what it throws is the answer.
    public interface Taker {
        void take(Incoming incoming) throws SipException;
    }

    /// An answer, and whose device signed it; empty when nobody did, or not genuinely.
    public record Answer(SipMessage message, Optional<CertificateVerifier.Verified> signer) {
        public int status() {
            return message.status();
        }
    }

    /// The peer to which a user agent belongs.
    ///
    /// @param edge takes what is sent
    /// @param place what others find it by: goes into LOCATION
    public record Home(Flow.Receiver edge, Bodies.PeerPlace place) {
        String id() {
            return place.id().hex();
        }
    }

    private final Profile us;
    private final String contact;
    private final Home home;
    private final Authenticity authenticity;
    private final TransactionLayer transactions;
    private final String via = TransactionLayer.tag() + ".invalid";
    private final Map<String, Taker> takers = new ConcurrentHashMap<>();
    private final Semaphore room = new Semaphore(MAX_AT_ONCE);
    private final Flow flow;

    /// @param features what Contact says of this device besides its GRUU (RFC 3840), with a semicolon in front; or ""
    public UserAgent(
            Profile us,
            String features,
            Home home,
            CertificateVerifier certificates,
            TransactionLayer.Timers timers,
            Clock clock) {
        this.us = us;
        contact = "<" + us.gruu() + ">" + features;
        this.home = home;
        var tokens = new TokenVerifier(certificates, new ReplayCache(clock), clock, clock.instant());
        authenticity = new Authenticity(us, tokens, clock);
        transactions = new TransactionLayer(timers);
        flow = Pipe.open(this, home.edge());
    }

    public Profile us() {
        return us;
    }

    /// The value of Contact by which others reach this device.
    String contact() {
        return contact;
    }

    Home home() {
        return home;
    }

    Authenticity authenticity() {
        return authenticity;
    }

    /// Whoever takes requests of this method from now on.
    public void on(String method, Taker taker) {
        takers.put(method, taker);
    }

    /// A request to the peer itself: REGISTER, PUBLISH.
    Outgoing toHome(String method) {
        var place = home.place();
        return Outgoing.to(method, place.uri().split(";", 2)[0])
                .dest(place.id().peerUri())
                .to("<" + us.address().uri() + ">");
    }

    /// A request that was sent, to be cancelled by its sender.
    record Sent(RequestSent transaction, SipMessage request, UserAgent ua) {
        /// RFC 3261, section 9.1: only after a provisional answer.
        void cancel(List<String> reasons) {
            try {
                ua.transactions.send(transaction.cancel(reasons), ua.flow, _ -> {});
            } catch (SipException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> "CANCEL: " + e.getMessage());
            }
        }
    }

    /// Sends a request, signed, along `routes`; each of its answers goes to `user`, those that we make ourselves when
    /// none comes (408, 480) too.
    Sent send(Outgoing what, List<String> routes, Consumer<Answer> user) throws SipException {
        Edit request = base(what.method(), what.uri(), routes)
                .add("From", "<" + us.address().uri() + ">;tag=" + what.fromTag())
                .add("To", what.to())
                .add("Call-ID", what.callId())
                .add("CSeq", what.cseq() + " " + what.method());
        for (var header : what.more()) request.add(header.name(), header.value());
        if (what.token().length > 0)
            request.add(
                    "Starling-Token", Base64.getUrlEncoder().withoutPadding().encodeToString(what.token()));
        if (what.body().length > 0) request.body(what.type(), what.body());
        Token token = authenticity.sign(request, what.dest());
        SipMessage message = request.build();
        var sent = transactions.send(message, flow, answer -> user.accept(judged(message, answer, token)));
        return new Sent(sent, message, this);
    }

    /// Adds Identity to a request that goes another way than by our peer; it may lack Via.
    void sign(Edit request, String dest) throws SipException {
        // What is signed does not depend on it.
        Edit whole = request.copy().prepend("Via", "SIP/2.0/TLS " + via + ";branch=" + TransactionLayer.branch());
        var _ = authenticity.sign(whole, dest);
        request.add("Identity", whole.build().required("identity"));
    }

    private Answer judged(SipMessage sent, SipMessage answer, Token token) {
        try {
            return new Answer(answer, authenticity.answered(sent, answer, token));
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "an answer that is not believed: " + e.getMessage());
            return new Answer(answer, Optional.empty());
        }
    }

    /// A request within a dialog, not signed.
    public void send(Dialog.Outgoing what, Consumer<Answer> user) throws SipException {
        var _ = transactions.send(
                complete(what.request()).build(), flow, a -> user.accept(new Answer(a, Optional.empty())));
    }

    /// A new offer within a dialog, signed as the first one was (RFC 3261, section 14.1).
    public void send(Dialog.Outgoing what, byte[] sdp, Consumer<Answer> user) throws SipException {
        Edit request = complete(what.request()).add("Contact", contact).body("application/sdp", sdp);
        Token token = authenticity.sign(request, what.dialog().target());
        SipMessage message = request.build();
        var _ = transactions.send(message, flow, answer -> user.accept(judged(message, answer, token)));
    }

    /// An ACK of a 2xx: a request without transaction (RFC 3261, section 13.2.2.4).
    public void acknowledge(Edit ack) throws SipException {
        flow.send(complete(ack).build().bytes());
    }

    private Edit base(String method, String uri, List<String> routes) {
        Edit request = complete(Edit.request(method, uri));
        for (String route : routes) request.add("Route", route);
        return request;
    }

    private Edit complete(Edit request) {
        return request.prepend("Max-Forwards", "70")
                .prepend("Via", "SIP/2.0/WS " + via + ";branch=" + TransactionLayer.branch());
    }

    @Override
    public void received(Flow from, byte[] bytes) {
        SipMessage message;
        try {
            message = SipMessage.parse(bytes);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "dropped: " + e.getMessage());
            return;
        }
        if (!message.isRequest()) {
            var _ = transactions.answered(message, from);
            return;
        }
        try {
            transactions.received(message, from).ifPresent(this::begin);
        } catch (SipException e) {
            refuseStatelessly(message, e);
        }
    }

    private void refuseStatelessly(SipMessage request, SipException why) {
        if (request.method().equals("ACK")) return;
        try {
            flow.send(Edit.response(request, why.status(), why.reason(), TransactionLayer.tag())
                    .build()
                    .bytes());
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "not answered: " + e.getMessage());
        }
    }

    private void begin(RequestReceived server) {
        if (!room.tryAcquire()) {
            refuse(server, new SipException(503, "Too many requests", new SipException.Header("Retry-After", "5")));
            return;
        }
        Thread.ofVirtual().name("agent-" + server.request().method()).start(() -> {
            try {
                handle(server);
            } catch (SipException e) {
                refuse(server, e);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + server.request(), e);
                refuse(server, new SipException(500, "Server Internal Error"));
            } finally {
                room.release();
            }
        });
    }

    private void handle(RequestReceived server) throws SipException {
        SipMessage request = server.request();
        if (request.method().equals("CANCEL")) {
            cancel(server);
            return;
        }
        var taker = Optional.ofNullable(takers.get(request.method()))
                .orElseThrow(() -> new SipException(405, "Method Not Allowed"));
        boolean signed = request.method().equals("INVITE") || request.method().equals("MESSAGE");
        taker.take(new Incoming(this, server, signed ? Optional.of(authenticity.check(request)) : Optional.empty()));
    }

    private void cancel(RequestReceived server) throws SipException {
        SipMessage cancel = server.request();
        var invite = transactions
                .cancelled(cancel, server.flow())
                .orElseThrow(() -> new SipException(481, "Transaction does not exist"));
        server.respond(invite.answerCancel(cancel));
        invite.cancel(cancel.all("reason"));
    }

    private static void refuse(RequestReceived server, SipException why) {
        if (server.request().method().equals("ACK")) return;
        try {
            Edit answer = Edit.response(server.request(), why.status(), why.reason(), TransactionLayer.tag());
            for (var header : why.headers()) answer.add(header.name(), header.value());
            server.respond(answer.build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void closed(Flow ended) {
        var _ = transactions.closed(ended);
    }

    @Override
    public void close() {
        flow.close("the agent ends");
    }
}
