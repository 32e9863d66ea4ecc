package dev.starling.classic;

import dev.starling.identity.Address;
import dev.starling.sip.locating.Names;
import dev.starling.sip.locating.NextHops;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.InOrder;
import dev.starling.sip.transaction.Outgoing;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import dev.starling.sip.transport.NeighbourTransport;
import dev.starling.sip.transport.Offences;
import dev.starling.sip.transport.TargetPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;

/// The side of a peer that ordinary SIP domains see: a user agent for people of this peer, and no proxy for anybody
/// (RFC 3261, section 8). Nothing is kept of strangers but their transactions.
public final class ClassicEdge implements Flow.Receiver {
    private static final System.Logger LOG = System.getLogger("starling.classic");
    private static final int WAITING_OF_FLOW = 64, WAITING = 5_000;
    /// By UDP an answer to a stranger is at most so many times as long as what was asked: the sender may be forged.
    private static final double FAIR = 1.5;

    private static final String ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO";

    private final FlowSource flows;
    private final NeighbourTransport ways;
    private final TargetPolicy policy;
    private final Names names;
    private final ClassicUser user;
    private final Offences offences;
    private final TransactionLayer transactions;
    private final StrangerLimits limits;
    private final Outgoing outgoing;
    private final NextHops next;
    private final InOrder inOrder = new InOrder(WAITING_OF_FLOW, WAITING);

    /// @param flows the transport that hands what arrives to this
    /// @param ways makes the ways to others, given whom to hand what arrives to
    /// @param policy with whom we speak at all
    public ClassicEdge(
            FlowSource flows,
            Function<Flow.Receiver, NeighbourTransport> ways,
            TargetPolicy policy,
            Names names,
            ClassicUser user,
            TransactionLayer.Timers timers,
            Offences offences,
            Clock clock) {
        this.flows = flows;
        this.ways = ways.apply(this);
        this.policy = policy;
        this.names = names;
        this.user = user;
        this.offences = offences;
        transactions = new TransactionLayer(timers);
        limits = new StrangerLimits(offences, clock);
        outgoing = new Outgoing(flows);
        next = new NextHops(names, new SplittableRandom());
    }

    @Override
    public void received(Flow flow, byte[] bytes) {
        InetAddress from = flow.remote().map(InetSocketAddress::getAddress).orElseGet(() -> flows.local(flow));
        if (!policy.allows(from)) {
            offences.by(from, "Request from an address that is not allowed", "");
            flow.close("address not allowed");
            return;
        }
        SipMessage message;
        try {
            message = SipMessage.parse(bytes);
        } catch (SipException e) {
            offences.by(from, "Not SIP", e.reason());
            flow.close(e.reason());
            return;
        }
        if (message.isRequest()) request(flow, from, message);
        else transactions.awaited(message, flow).ifPresent(taken -> inOrder.run(flow.id(), taken));
    }

    private void request(Flow flow, InetAddress from, SipMessage request) {
        if (!limits.hears(from, request.method())) return;
        // A retransmission, or the ACK of a refusal.
        if (transactions.again(request, flow, TransactionLayer.key(request, flow))) return;
        try {
            switch (request.method()) {
                case "ACK" -> inOrder.run(flow.id(), () -> user.acknowledged(request));
                case "CANCEL" -> cancelled(flow, request);
                case "OPTIONS" ->
                    stateless(flow, request, answer(request, 200, "OK").add("Allow", ALLOW));
                default -> {
                    if (request.toTag().isPresent()) within(flow, request);
                    else begins(flow, from, request);
                }
            }
        } catch (SipException e) {
            Edit refusal = answer(request, e.status(), e.reason());
            for (var header : e.headers()) refusal.add(header.name(), header.value());
            stateless(flow, request, refusal);
        }
    }

    private static Edit answer(SipMessage request, int status, String reason) {
        return Edit.response(request, status, reason, TransactionLayer.tag());
    }

    private void stateless(Flow flow, SipMessage request, Edit answer) {
        if (request.method().equals("ACK")) return;
        byte[] bytes = answer.toBytes();
        if (flow.isReliable() || bytes.length <= FAIR * request.length()) flow.send(bytes);
    }

    private void begins(Flow flow, InetAddress from, SipMessage request) throws SipException {
        if (!request.method().equals("INVITE") && !request.method().equals("MESSAGE"))
            throw new SipException(405, "Method Not Allowed", new SipException.Header("Allow", ALLOW));
        for (String header : List.of("require", "proxy-require"))
            if (!request.elements(header).isEmpty())
                throw new SipException(
                        420,
                        "Bad Extension",
                        new SipException.Header("Unsupported", String.join(", ", request.elements(header))));
        Address caller = Stranger.from(request), called = Stranger.to(request);
        if (!user.serves(called.domain())) {
            offences.by(from, "Asked to relay", called.domain());
            throw new SipException(403, "Nobody of that domain is here");
        }
        limits.check(from, caller, called);
        Optional<RequestReceived> taken = transactions.received(request, flow);
        if (taken.isEmpty()) return;
        flow.admit();
        RequestReceived server = taken.get();
        if (request.method().equals("INVITE"))
            server.respond(Edit.response(request, 100, "Trying", "").build());
        var stranger = new Stranger(caller, Stranger.name(request), called, request, server);
        // Whom they mean is looked up: what concerns running calls does not wait for it.
        run("new " + flow.id(), server, () -> user.asks(stranger));
    }

    private void within(Flow flow, SipMessage request) throws SipException {
        Optional<RequestReceived> taken = transactions.received(request, flow);
        if (taken.isPresent()) run(flow.id(), taken.get(), () -> user.within(request, taken.get()));
    }

    private void run(String queue, RequestReceived server, Runnable task) {
        boolean room = inOrder.run(queue, () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + server.request(), e);
                refuse(server, new SipException(500, "Server Internal Error"));
            }
        });
        if (!room) refuse(server, new SipException(503, "Busy", new SipException.Header("Retry-After", "5")));
    }

    /// Answers a request that has a transaction.
    public static void refuse(RequestReceived server, SipException why) {
        try {
            Edit refusal = answer(server.request(), why.status(), why.reason());
            for (var header : why.headers()) refusal.add(header.name(), header.value());
            server.respond(refusal.build());
        } catch (SipException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in refusing " + server.request(), e);
        }
    }

    private void cancelled(Flow flow, SipMessage cancel) throws SipException {
        RequestReceived invite = transactions
                .cancelled(cancel, flow)
                .orElseThrow(() -> new SipException(481, "Call/Transaction Does Not Exist"));
        Optional<RequestReceived> server = transactions.received(cancel, flow);
        if (server.isEmpty()) return;
        server.get().respond(invite.answerCancel(cancel));
        inOrder.run(flow.id(), () -> invite.cancel(cancel.all("reason")));
    }

    @Override
    public void closed(Flow flow) {
        List<RequestReceived> unanswered = transactions.closed(flow);
        if (!unanswered.isEmpty()) inOrder.run(flow.id(), () -> user.gone(unanswered));
    }

    /// Begins to send; see [Sending].
    public Sending send(Sending.Request request, Sending.Listener listener) {
        var sending = new Sending(this, request, listener);
        Thread.ofVirtual().name("to a neighbour").start(sending::run);
        return sending;
    }

    /// Value of Contact, by which the other end of the flow reaches us. `user` is written as it stands.
    public String contact(Flow flow, String user) {
        return outgoing.contact(flow, user);
    }

    NextHops next() {
        return next;
    }

    Names names() {
        return names;
    }

    NeighbourTransport ways() {
        return ways;
    }

    Outgoing outgoing() {
        return outgoing;
    }

    TransactionLayer transactions() {
        return transactions;
    }

    Offences offences() {
        return offences;
    }

    public int size() {
        return transactions.size();
    }
}
