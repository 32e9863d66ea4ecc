package dev.starling.proxy;

import dev.starling.identity.DeviceId;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// The SIP side of a peer: takes every message of every flow. REGISTER and PUBLISH are answered here, SUBSCRIBE by
/// the presence agent, the rest is [Forwarding]'s.
public final class EdgePeer implements Flow.Receiver {
    private static final System.Logger LOG = System.getLogger("starling.proxy");
    private static final Duration SWEEP = Duration.ofSeconds(30);

    private final TransactionLayer transactions;
    private final TransactionLayer.Timers timers;
    private final Refusals refusals;
    private final Admission admission;
    private final Registrar registrar;
    private final Registration registration;
    private final PresenceAgent presence;
    private final Publication publication;
    private final Forwarding forwarding;
    private final Clients clients;
    private final Quota fromClients, fromPeers;

    /// @param connecting runs what waits for a connection to another peer
    /// @param registered hears of each successful REGISTER, so that the peer can look after the device's records
    public EdgePeer(
            Self self,
            TokenVerifier tokens,
            ConsentStore consent,
            Forwarding.Connector connector,
            Executor connecting,
            TransactionLayer.Timers timers,
            Clock clock,
            Consumer<Registrar.Binding> registered) {
        this.timers = timers;
        transactions = new TransactionLayer(timers);
        refusals = new Refusals(clock);
        admission = new Admission(tokens, consent, clock);
        registrar = new Registrar(clock, this::ended);
        registration = new Registration(self, tokens, registrar, consent, refusals, clock, registered);
        forwarding = new Forwarding(
                self, registrar, admission, refusals, transactions, timers, connector, connecting, clock);
        clients = new Clients(self, registrar, consent, transactions);
        presence = new PresenceAgent(
                self, clock, forwarding::sendOwn, device -> registrar.of(device).isPresent());
        publication = new Publication(self, tokens, registrar, consent, presence, refusals, clock);
        fromClients = new Quota(3600 * 50, 1_000, clock);
        fromPeers = new Quota(3600 * 500, 5_000, clock);
        var _ = timers.after(SWEEP, this::sweep);
    }

    private void sweep() {
        registrar.sweep();
        presence.sweep();
        var _ = timers.after(SWEEP, this::sweep);
    }

    /// Names who takes what clients ask for addresses.
    public void serve(Gateway gateway) {
        forwarding.serve(gateway);
    }

    /// For that one.
    public Clients clients() {
        return clients;
    }

    public Registrar registrar() {
        return registrar;
    }

    public int transactions() {
        return transactions.size();
    }

    public int subscriptions() {
        return presence.size();
    }

    private void ended(Registrar.Binding binding) {
        presence.gone(binding.device());
    }

    @Override
    public void closed(Flow flow) {
        registrar.closed(flow);
        forwarding.abandoned(transactions.closed(flow));
    }

    @Override
    public void received(Flow flow, byte[] bytes) {
        SipMessage message;
        try {
            message = SipMessage.read(bytes);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> flow.id() + ": " + e.getMessage());
            flow.close(e.reason());
            return;
        }
        Optional<SipException> invalid = invalid(message);
        if (message.isRequest()) request(flow, message, invalid);
        // RFC 3261, section 18.1.2: a response that says nothing we can use is dropped.
        else if (invalid.isEmpty()) response(flow, message);
    }

    private void response(Flow flow, SipMessage response) {
        try {
            transactions.answered(response, flow);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + response, e);
            flow.close("defect");
        }
    }

    private static Optional<SipException> invalid(SipMessage message) {
        try {
            message.validate();
            return Optional.empty();
        } catch (SipException e) {
            return Optional.of(e);
        }
    }

    private void request(Flow flow, SipMessage request, Optional<SipException> invalid) {
        Optional<RequestReceived> server;
        try {
            checkQuota(flow);
            if (invalid.isPresent()) throw invalid.get();
            server = transactions.received(request, flow);
        } catch (SipException e) {
            refusals.respondStatelessly(flow, request, e);
            return;
        }
        server.ifPresent(taken -> refusals.guard(taken, () -> handle(flow, request, taken)));
    }

    private void checkQuota(Flow flow) throws SipException {
        boolean allowed = flow.peer().isPresent() ? fromPeers.allows(flow.peer().get()) : fromClients.allows(flow.id());
        if (!allowed) throw Refusals.tooMany("Too many requests");
    }

    private void handle(Flow flow, SipMessage request, RequestReceived server) throws SipException, IOException {
        var extensions = request.elements("proxy-require");
        if (!extensions.isEmpty())
            throw new SipException(
                    420, "Bad Extension", new SipException.Header("Unsupported", String.join(", ", extensions)));
        switch (request.method()) {
            case "REGISTER" -> registration.take(flow, request, server);
            case "PUBLISH" -> publication.take(flow, request, server);
            case "SUBSCRIBE" -> subscribe(flow, request, server);
            case "OPTIONS" -> {
                if (flow.peer().isPresent()) throw Refusals.notAllowed();
                server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag())
                        .build());
            }
            case "CANCEL" -> forwarding.cancel(request, server);
            case "ACK" -> forwarding.acknowledge(flow, request);
            default -> forwarding.forward(flow, request, server);
        }
    }

    private void subscribe(Flow flow, SipMessage request, RequestReceived server) throws SipException {
        var target = forwarding.target(flow, request);
        forwarding.checkSender(flow, request);
        switch (target) {
            case Routing.Elsewhere elsewhere -> forwarding.onward(flow, request, server, elsewhere);
            case Routing.Person _ -> throw new SipException(404, "A device must be named");
            case Routing.ThisPeer _ -> presence.refresh(request, server);
            case Routing.Device(DeviceId device, boolean _) -> {
                if (request.toTag().isPresent()) throw new SipException(481, "Subscription does not exist");
                SipMessage marked = forwarding.recordRouted(flow, request).build();
                var judgement = admission.judge(request, device);
                presence.subscribe(marked, server, judgement.signer().device(), device, judgement.allowed());
            }
        }
    }
}
