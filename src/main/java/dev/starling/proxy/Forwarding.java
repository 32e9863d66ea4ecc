package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.IntConsumer;

/// Stateful forwarding (RFC 3261, section 16) under the rules of docs/protocols/sip.md, section 2: to a device that
/// is here, or along Route to the peer whose key it names; for own clients only.
public final class Forwarding {
    private static final System.Logger LOG = System.getLogger("starling.proxy");
    private static final long MAX_HOPS = 70;
    private static final Set<String> OF_A_CALL = Set.of("INVITE", "ACK", "INFO", "BYE");

    /// Finds or opens the flow to another peer.
    public interface Connector {
        /// The open flow to the peer with that key.
        Optional<Flow> open(String pin);

        /// That flow, or a new one to host and port; it may take some seconds.
        Flow to(String host, int port, String pin) throws SipException;
    }

    private final Self self;
    private final Registrar registrar;
    private final Routing routing;
    private final Admission admission;
    private final Refusals refusals;
    private final TransactionLayer transactions;
    private final TransactionLayer.Timers timers;
    private final Connector connector;
    private final Executor connecting;
    private volatile Gateway gateway = Gateway.NONE;
    private final Quota messages, calls, subscriptions, connections;

    Forwarding(
            Self self,
            Registrar registrar,
            Admission admission,
            Refusals refusals,
            TransactionLayer transactions,
            TransactionLayer.Timers timers,
            Connector connector,
            Executor connecting,
            Clock clock) {
        this.self = self;
        this.registrar = registrar;
        this.admission = admission;
        this.refusals = refusals;
        this.transactions = transactions;
        this.timers = timers;
        this.connector = connector;
        this.connecting = connecting;
        routing = new Routing(self, registrar);
        messages = new Quota(6000, 300, clock);
        calls = new Quota(600, 30, clock);
        subscriptions = new Quota(20_000, 2_000, clock);
        connections = new Quota(600, 60, clock);
    }

    void serve(Gateway next) {
        gateway = next;
    }

    Routing.Target target(Flow flow, SipMessage request) throws SipException {
        return routing.target(flow, request);
    }

    void forward(Flow flow, SipMessage request, RequestReceived server) throws SipException {
        var target = routing.target(flow, request);
        checkSender(flow, request);
        switch (target) {
            case Routing.Elsewhere elsewhere -> onward(flow, request, server, elsewhere);
            case Routing.Device(DeviceId device, boolean routed) -> deliver(flow, request, server, device, routed);
            case Routing.Person _ ->
                gateway.asks(sender(flow, request), signedBySender(flow, request), request, server);
            case Routing.ThisPeer _ -> toThisPeer(flow, request, server);
        }
    }

    /// Nothing goes further as it stands: this peer is the other end.
    private void toThisPeer(Flow flow, SipMessage request, RequestReceived server) throws SipException {
        if (flow.peer().isPresent() || request.toTag().isEmpty()) throw Refusals.notAllowed();
        if (request.method().equals("INVITE")) signedBySender(flow, request);
        gateway.within(sender(flow, request), request, server);
    }

    /// By the very device that is registered there: another one of its person has a flow of its own.
    private CertificateVerifier.Verified signedBySender(Flow flow, SipMessage request) throws SipException {
        var signer = admission.verify(request);
        if (!signer.device().equals(sender(flow, request).device())) throw new SipException(403, "Another device");
        return signer;
    }

    /// A client speaks for the address it registered, and only so often.
    void checkSender(Flow flow, SipMessage request) throws SipException {
        if (flow.peer().isPresent()) return;
        var sender = sender(flow, request);
        Quota quota = switch (request.method()) {
            case "INVITE" -> calls;
            case "SUBSCRIBE" -> subscriptions;
            default -> messages;
        };
        if (!quota.allows(sender.device().hex())) throw Refusals.tooMany("Too many requests");
    }

    private Registrar.Binding sender(Flow flow, SipMessage request) throws SipException {
        var sender = registrar.at(flow).orElseThrow(() -> new SipException(403, "Register first"));
        sameName(request.from().uri(), sender.address());
        return sender;
    }

    static void sameName(String uri, Address address) throws SipException {
        try {
            if (Address.ofUri(uri).equals(address)) return;
        } catch (IdentityException e) {
            throw new SipException(403, "Not your address");
        }
        throw new SipException(403, "Not your address");
    }

    /// To another peer, for a client of ours.
    void onward(Flow flow, SipMessage request, RequestReceived server, Routing.Elsewhere elsewhere)
            throws SipException {
        checkHops(request);
        if (needsIdentity(request)) admission.verify(request);
        var edit = recordRouted(flow, request).dropElements("Route", request.elements("route"), elsewhere.strip(), "");
        Optional<Flow> open = connector.open(elsewhere.pin());
        trying(server);
        if (open.isPresent()) {
            send(edit, request, server, open.get());
            return;
        }
        if (!connections.allows(sender(flow, request).device().hex()))
            throw Refusals.tooMany("Too many new connections");
        connecting.execute(() -> refusals.guard(server, () -> send(edit, request, server, connect(elsewhere.next()))));
    }

    private Flow connect(SipUri next) throws SipException {
        return connector.to(next.host(), next.port(), next.parameter("pin").orElse(""));
    }

    private static boolean needsIdentity(SipMessage request) {
        return switch (request.method()) {
            case "INVITE", "MESSAGE" -> true;
            case "SUBSCRIBE" -> request.toTag().isEmpty();
            default -> false;
        };
    }

    /// To a device of ours.
    private void deliver(Flow flow, SipMessage request, RequestReceived server, DeviceId device, boolean routed)
            throws SipException {
        checkHops(request);
        boolean fresh = request.toTag().isEmpty();
        if (request.method().equals("MESSAGE") || (fresh && request.method().equals("INVITE"))) {
            var judgement = admission.judge(request, device);
            if (!judgement.allowed()) {
                stranger(request, server, judgement.signer().address(), device);
                return;
            }
        } else if (fresh) {
            throw Refusals.notAllowed();
        } else if (!routed) {
            checkLost(request, device);
        } else if (request.method().equals("INVITE")) {
            admission.verify(request);
        }
        var binding = registrar.of(device).orElseThrow(() -> new SipException(480, "Not here"));
        trying(server);
        var edit = recordRouted(flow, request);
        if (formsDialog(request))
            edit.prepend("Record-Route", "<" + self.routeUri(self.token(device, request.callId())) + ">");
        send(withoutRoutes(edit, request), request, server, binding.flow());
    }

    /// Somebody whose peer died goes on with his call, or ends it, by another way than the dialog's: he must be one
    /// whom
    /// the device lets through, or such a request would tell strangers whether the device is here.
    private void checkLost(SipMessage request, DeviceId device) throws SipException {
        try {
            if (OF_A_CALL.contains(request.method())
                    && admission.judge(request, device).allowed()) return;
        } catch (SipException e) {
            throw new SipException(481, "Dialog does not exist");
        }
        throw new SipException(481, "Dialog does not exist");
    }

    // The answer is the same whether the device exists, is here, or not.
    private void stranger(SipMessage request, RequestReceived server, Address from, DeviceId device)
            throws SipException {
        if (!request.method().equals("MESSAGE")) throw new SipException(403, "Send a contact request");
        server.respond(
                Edit.response(request, 202, "Accepted", TransactionLayer.tag()).build());
        var binding = registrar.of(device);
        if (binding.isEmpty() || !admission.knocks(from, device)) return;
        var knock = withoutRoutes(request.edit(), request).set("Starling-Knock", "1");
        transactions.send(via(knock, request).build(), binding.get().flow(), _ -> {});
    }

    private static Edit withoutRoutes(Edit edit, SipMessage request) {
        var routes = request.elements("route");
        return edit.dropElements("Route", routes, routes.size(), "");
    }

    private static boolean formsDialog(SipMessage request) {
        return request.toTag().isEmpty()
                && (request.method().equals("INVITE") || request.method().equals("SUBSCRIBE"));
    }

    /// With our Record-Route, when the request forms a dialog and comes from a client of ours. What comes from
    /// another peer must lead back to that peer: else a dialog would make us connect to whomever a stranger names.
    Edit recordRouted(Flow flow, SipMessage request) throws SipException {
        if (!formsDialog(request)) return request.edit();
        List<String> recorded = request.elements("record-route");
        if (flow.peer().isPresent()) {
            boolean back = !recorded.isEmpty()
                    && NameAddr.parse(recorded.getFirst())
                            .sipUri()
                            .parameter("pin")
                            .equals(flow.peer());
            if (!back) throw new SipException(403, "Record-Route does not lead back");
            return request.edit();
        }
        if (!recorded.isEmpty()) throw new SipException(403, "Record-Route from a client");
        var device = sender(flow, request).device();
        return request.edit().prepend("Record-Route", "<" + self.routeUri(self.token(device, request.callId())) + ">");
    }

    /// RFC 3261, section 16.3, items 3 and 4.
    private void checkHops(SipMessage request) throws SipException {
        if (request.number("max-forwards", MAX_HOPS) <= 0) throw new SipException(483, "Too Many Hops");
        if (transactions.isLoop(request)) throw new SipException(482, "Loop Detected");
    }

    private Edit via(Edit edit, SipMessage request) {
        long hops = request.number("max-forwards", MAX_HOPS + 1) - 1;
        return edit.set("Max-Forwards", String.valueOf(hops)).prepend("Via", self.via());
    }

    // RFC 3261, section 16.2: at once, so that the caller waits no shorter than the connection takes.
    private static void trying(RequestReceived server) throws SipException {
        if (server.request().method().equals("INVITE"))
            server.respond(Edit.response(server.request(), 100, "Trying", "").build());
    }

    private void send(Edit edit, SipMessage request, RequestReceived server, Flow to) throws SipException {
        new ResponseContext(server, transactions, timers)
                .send(via(edit, request).build(), to);
    }

    /// RFC 3261, sections 9.2 and 16.10.
    void cancel(SipMessage cancel, RequestReceived server) throws SipException {
        var invite = transactions
                .cancelled(cancel, server.flow())
                .orElseThrow(() -> new SipException(481, "Transaction does not exist"));
        server.respond(invite.answerCancel(cancel));
        invite.cancel(cancel.all("reason"));
    }

    /// Requests whose senders are gone: nobody need ring for them.
    void abandoned(List<RequestReceived> requests) {
        for (var each : requests) each.cancel(List.of());
    }

    /// The ACK for a 2xx goes its own way, without a transaction (RFC 3261, section 16.11).
    void acknowledge(Flow flow, SipMessage ack) throws SipException {
        checkHops(ack);
        switch (routing.target(flow, ack)) {
            case Routing.Elsewhere elsewhere -> {
                var edit = ack.edit().dropElements("Route", ack.elements("route"), elsewhere.strip(), "");
                // The INVITE went over that flow just now; when it has ended, so has the call.
                connector
                        .open(elsewhere.pin())
                        .ifPresent(to -> to.send(via(edit, ack).toBytes()));
            }
            case Routing.Device(DeviceId device, boolean routed) -> {
                if (!routed) checkLost(ack, device);
                registrar
                        .of(device)
                        .ifPresent(b -> b.flow()
                                .send(via(withoutRoutes(ack.edit(), ack), ack).toBytes()));
            }
            case Routing.Person _ -> throw Refusals.notAllowed();
            case Routing.ThisPeer _ -> registrar.at(flow).ifPresent(sender -> gateway.acknowledged(sender, ack));
        }
    }

    /// Sends a request of this peer itself along its Route: NOTIFY. `status` hears of the final answer.
    void sendOwn(Dialog dialog, Edit request, IntConsumer status) throws SipException {
        List<String> routes = dialog.routes();
        String token = "";
        for (int strip = 0; strip < routes.size(); strip++) {
            SipUri next = NameAddr.parse(routes.get(strip)).sipUri();
            if (!self.is(next)) {
                sendOwnOnward(request.dropElements("Route", routes, strip, ""), Routing.named(next), status);
                return;
            }
            token = next.user();
        }
        String head =
                self.deviceHead(token, dialog.id().callId()).orElseThrow(() -> new SipException(403, "Not our Route"));
        DeviceId device = Routing.gr(dialog.target())
                .filter(gr -> gr.hex().startsWith(head))
                .orElseThrow(() -> new SipException(481, "No such watcher"));
        var binding = registrar.of(device).orElseThrow(() -> new SipException(480, "Not here"));
        sendOwn(request.dropElements("Route", routes, routes.size(), ""), binding.flow(), status);
    }

    // The watcher's own peer, which said itself where it is: see recordRouted.
    private void sendOwnOnward(Edit request, SipUri next, IntConsumer status) throws SipException {
        String pin = next.parameter("pin").orElse("");
        Optional<Flow> open = connector.open(pin);
        if (open.isPresent()) {
            sendOwn(request, open.get(), status);
            return;
        }
        if (!connections.allows(pin)) throw Refusals.tooMany("Too many new connections");
        connecting.execute(() -> {
            try {
                sendOwn(request, connect(next), status);
            } catch (SipException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> "a watcher's server: " + e.getMessage());
                status.accept(480);
            }
        });
    }

    private void sendOwn(Edit request, Flow to, IntConsumer status) throws SipException {
        SipMessage sent = request.set("Max-Forwards", String.valueOf(MAX_HOPS))
                .prepend("Via", self.via())
                .build();
        transactions.send(sent, to, answer -> {
            if (answer.status() >= 200) status.accept(answer.status());
        });
    }
}
