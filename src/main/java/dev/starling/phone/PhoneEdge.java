package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.InOrder;
import dev.starling.sip.transaction.Outgoing;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import dev.starling.sip.transport.Offences;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The side of a peer that ordinary SIP phones see. REGISTER and OPTIONS are answered here; what else a phone asks goes
/// to the [PhoneUser] once the phone has proven who it is. Nothing is kept of strangers.
public final class PhoneEdge implements Flow.Receiver {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration RINGING = Duration.ofSeconds(180), CANCELLED = Duration.ofSeconds(32);
    private static final int WAITING_OF_FLOW = 256, WAITING = 20_000;

    private final FlowSource flows;
    private final PhoneRegistrar registrar;
    private final PhoneUser user;
    private final Offences offences;
    private final TransactionLayer transactions;
    private final Answers answers;
    private final Gatekeeper gatekeeper;
    private final Outgoing outgoing;
    private final InOrder inOrder = new InOrder(WAITING_OF_FLOW, WAITING);

    /// @param flows the transport that hands what arrives to this
    /// @param offences where misbehaviour is counted, and named in the log
    public PhoneEdge(
            FlowSource flows,
            PhoneAccounts accounts,
            Digest digest,
            PhoneRegistrar registrar,
            PhoneUser user,
            TransactionLayer.Timers timers,
            Offences offences,
            Clock clock) {
        this.flows = flows;
        this.registrar = registrar;
        this.user = user;
        this.offences = offences;
        transactions = new TransactionLayer(timers);
        answers = new Answers(offences, clock);
        gatekeeper = new Gatekeeper(accounts, digest, registrar, user, answers, offences, clock);
        outgoing = new Outgoing(flows);
        registrar.onChange(account -> inOrder.run("account " + account, () -> user.registered(account)));
    }

    @Override
    public void received(Flow flow, byte[] bytes) {
        InetAddress from = flow.remote().map(InetSocketAddress::getAddress).orElseGet(() -> flows.local(flow));
        SipMessage message;
        try {
            message = SipMessage.received(bytes);
        } catch (SipException e) {
            offences.by(from, "Not SIP", e.reason());
            flow.close(e.reason());
            return;
        }
        Optional<SipException> invalid = invalid(message);
        if (message.isRequest()) request(flow, from, message, invalid);
        // RFC 3261, section 18.1.2: a response that says nothing we can use is dropped.
        else if (invalid.isEmpty()) response(flow, message);
    }

    @Override
    public void handing(boolean several) {
        if (several) inOrder.gather();
        else inOrder.begin();
    }

    private static Optional<SipException> invalid(SipMessage message) {
        try {
            message.validate();
            return Optional.empty();
        } catch (SipException e) {
            return Optional.of(e);
        }
    }

    // Only those that somebody waits for may take a place in a queue.
    private void response(Flow flow, SipMessage response) {
        transactions.awaited(response, flow).ifPresent(taken -> inOrder.run(flow.id(), taken));
    }

    private void request(Flow flow, InetAddress from, SipMessage request, Optional<SipException> invalid) {
        try {
            if (invalid.isPresent()) throw invalid.get();
            // A retransmission, or the ACK of a refusal.
            var key = TransactionLayer.key(request, flow);
            if (transactions.again(request, flow, key)) return;
            switch (request.method()) {
                case "ACK" -> acknowledged(flow, request);
                case "CANCEL" -> cancelled(flow, request);
                case "OPTIONS" -> options(flow, from, request);
                default -> {
                    Optional<String> account = gatekeeper.account(flow, from, request);
                    if (account.isPresent()) accept(account.get(), flow, request, key);
                }
            }
        } catch (SipException e) {
            answers.stranger(flow, from, request, e);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + request, e);
            answers.stranger(flow, from, request, new SipException(500, "Server Internal Error"));
        }
    }

    // Who it is of, the user knows by its dialog; a stranger has none at any flow of ours.
    private void acknowledged(Flow flow, SipMessage ack) {
        if (registrar.over(flow).isPresent() || transactions.isUsed(flow))
            inOrder.run(flow.id(), () -> user.acknowledged(flow, ack));
    }

    /// RFC 3261, section 9.2: never challenged, since it says nothing but what its INVITE's branch and flow say.
    private void cancelled(Flow flow, SipMessage cancel) throws SipException {
        RequestReceived invite = transactions
                .cancelled(cancel, flow)
                .orElseThrow(() -> new SipException(481, "Call/Transaction Does Not Exist"));
        Optional<RequestReceived> server = transactions.received(cancel, flow);
        if (server.isEmpty()) return;
        server.get().respond(invite.answerCancel(cancel));
        inOrder.run(flow.id(), () -> invite.cancel(cancel.all("reason")));
    }

    private void options(Flow flow, InetAddress from, SipMessage request) {
        Edit answer = Edit.response(request, 200, "OK", TransactionLayer.tag());
        answers.stranger(flow, from, request, answer.add("Allow", PhoneLine.ALLOW + ", REGISTER"));
    }

    private void accept(String account, Flow flow, SipMessage request, TransactionLayer.Key key) throws SipException {
        if (!request.elements("proxy-require").isEmpty())
            throw new SipException(
                    420,
                    "Bad Extension",
                    new SipException.Header("Unsupported", String.join(", ", request.elements("proxy-require"))));
        Optional<RequestReceived> taken = transactions.received(request, flow, key);
        if (taken.isEmpty()) return;
        RequestReceived server = taken.get();
        try {
            if (request.method().equals("REGISTER")) {
                server.respond(registrar.register(account, request, flow));
                return;
            }
            // RFC 3261, section 17.2.1: or the phone sends it again after half a second.
            if (request.method().equals("INVITE"))
                server.respond(Edit.response(request, 100, "Trying", "").build());
            // A text looks people up and waits for their devices: calls of the same phone do not wait for it.
            String queue = request.method().equals("MESSAGE") ? "texts " + flow.id() : flow.id();
            if (!inOrder.run(queue, () -> handled(account, flow, request, server)))
                throw new SipException(503, "Busy", new SipException.Header("Retry-After", "5"));
        } catch (SipException e) {
            Answers.respond(server, e);
        }
    }

    private void handled(String account, Flow flow, SipMessage request, RequestReceived server) {
        try {
            user.request(account, flow, request, server);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + request, e);
            Answers.respond(server, new SipException(500, "Server Internal Error"));
        }
    }

    @Override
    public void closed(Flow flow) {
        registrar.closed(flow);
        List<RequestReceived> unanswered = transactions.closed(flow);
        inOrder.run(flow.id(), () -> user.closed(flow, unanswered));
    }

    /// Sends a request that has neither Via nor, if it likes, Max-Forwards. Answers come in order of the flow, 408 and
    /// 480 of our own included. 503 when there are too many.
    public RequestSent send(Edit request, Flow flow, Consumer<SipMessage> responses) throws SipException {
        RequestSent sent = transactions.send(outgoing.request(request, flow), flow, responses);
        if (sent.isInvite()) sent.waitsFor(RINGING);
        return sent;
    }

    public RequestSent send(Edit request, Binding binding, Consumer<SipMessage> responses) throws SipException {
        return send(request, binding.flow(), responses);
    }

    /// The CANCEL of an INVITE of ours that was answered provisionally. `reasons` are Reason values to pass on.
    public void cancel(RequestSent invite, List<String> reasons) throws SipException {
        var _ = transactions.send(invite.cancel(reasons), invite.flow(), _ -> {});
        // RFC 3261, section 9.1: 64*T1 later nobody answers any more.
        invite.waitsFor(CANCELLED);
    }

    /// Sends the ACK of a 2xx, without Via.
    public void acknowledge(Edit ack, Flow flow) throws SipException {
        flow.send(outgoing.request(ack, flow).wire());
    }

    /// Value of Contact, by which the other end of the flow reaches us. `user` is written as it stands.
    public String contact(Flow flow, String user) {
        return outgoing.contact(flow, user);
    }

    public int transactions() {
        return transactions.size();
    }
}
