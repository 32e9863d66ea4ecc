package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Stateful forwarding (RFC 3261, section 16) under the rules of docs/protocols/sip.md, section 2: to a device that
/// is here, or along Route to the peer whose key it names; for own clients only.
public final class Forwarding {
    private static final Duration TIMER_C = Duration.ofSeconds(190);
    private static final int MAX_ROUTES = 6;

    /// Finds or opens the flow to another peer.
    public interface Connector {
        Flow to(String host, int port, String pin) throws SipException;
    }

    sealed interface Target {}

    /// `strip`: how many leading Routes name this peer; `next` is where the request goes.
    record Elsewhere(int strip, SipUri next) implements Target {}

    /// A device of our own.
    record Device(DeviceId device) implements Target {}

    /// The presence agent, inside a dialog.
    record ThisPeer() implements Target {}

    private final Self self;
    private final TokenVerifier tokens;
    private final ConsentStore consent;
    private final Registrar registrar;
    private final TransactionLayer transactions;
    private final Connector connector;
    private final TransactionLayer.Timers timers;
    private final Quota messages, calls, knocks, strangers;

    Forwarding(
            Self self,
            TokenVerifier tokens,
            ConsentStore consent,
            Registrar registrar,
            TransactionLayer transactions,
            Connector connector,
            TransactionLayer.Timers timers,
            Clock clock) {
        this.self = self;
        this.tokens = tokens;
        this.consent = consent;
        this.registrar = registrar;
        this.transactions = transactions;
        this.connector = connector;
        this.timers = timers;
        messages = new Quota(6000, 300, clock);
        calls = new Quota(600, 30, clock);
        knocks = new Quota(3, 3, clock);
        strangers = new Quota(120, 30, clock);
    }

    /// Where a request goes. Own Routes in front are stripped; what then remains decides.
    Target target(Flow flow, SipMessage request) throws SipException {
        List<String> routes = request.elements("route");
        if (routes.size() > MAX_ROUTES) throw new SipException(400, "Too many Routes");
        int strip = 0;
        String token = "";
        for (; strip < routes.size(); strip++) {
            SipUri uri = NameAddr.parse(routes.get(strip)).sipUri();
            if (!self.is(uri)) return elsewhere(flow, request, strip, uri, token);
            token = uri.user();
        }
        boolean inDialog = request.toTag().isPresent();
        Optional<SipUri> uri =
                request.uri().startsWith("tel:") ? Optional.empty() : Optional.of(SipUri.parse(request.uri()));
        if (uri.isPresent() && uri.get().parameter("pin").isPresent())
            return self.is(uri.get()) ? new ThisPeer() : elsewhere(flow, request, strip, uri.get(), token);
        if (inDialog && !token.isEmpty()) {
            String head = self.deviceHead(token).orElseThrow(() -> new SipException(403, "Not our Route"));
            String gr = gr(request.uri()).orElse("");
            // The token names the device by its first half; the Request-URI by the whole.
            if (!gr.startsWith(head) || !DeviceId.isHex(gr)) throw new SipException(481, "Dialog does not exist");
            return new Device(new DeviceId(gr));
        }
        String gr = gr(request.uri())
                .filter(DeviceId::isHex)
                .orElseThrow(() -> new SipException(404, "A device must be named"));
        return new Device(new DeviceId(gr));
    }

    private Target elsewhere(Flow flow, SipMessage request, int strip, SipUri next, String token) throws SipException {
        boolean own = flow.peer().isEmpty() && registrar.at(flow).isPresent();
        boolean alongOwnRecordRoute =
                request.toTag().isPresent() && self.deviceHead(token).isPresent();
        if (!own && !alongOwnRecordRoute) throw new SipException(403, "Register first");
        String pin = next.parameter("pin").orElse("");
        if (!DeviceId.isHex(pin)
                || next.port() == 0
                || !next.parameter("transport").equals(Optional.of("tls")))
            throw new SipException(403, "Only to servers named with their key");
        return new Elsewhere(strip, next);
    }

    private static Optional<String> gr(String uri) {
        int at = uri.indexOf(";gr=");
        if (at < 0) return Optional.empty();
        int end = uri.indexOf(';', at + 1);
        return Optional.of(uri.substring(at + 4, end < 0 ? uri.length() : end));
    }

    void forward(Flow flow, SipMessage request, TransactionLayer.Server server) throws SipException {
        Target target = target(flow, request);
        if (flow.peer().isEmpty()) checkSender(flow, request);
        switch (target) {
            case Elsewhere elsewhere -> onward(flow, request, server, elsewhere);
            case Device(DeviceId device) -> deliver(flow, request, server, device);
            case ThisPeer _ -> throw new SipException(405, "Method Not Allowed");
        }
    }

    /// A client speaks for the address it registered, and only so often.
    private void checkSender(Flow flow, SipMessage request) throws SipException {
        var sender = registrar.at(flow).orElseThrow(() -> new SipException(403, "Register first"));
        EdgePeer.sameName(request.from().uri(), sender.address());
        Quota quota = request.method().equals("INVITE") ? calls : messages;
        if (!quota.allows(sender.device().hex())) throw new SipException(503, "Too many requests");
    }

    void onward(Flow flow, SipMessage request, TransactionLayer.Server server, Elsewhere elsewhere)
            throws SipException {
        if (needsIdentity(request) && flow.peer().isEmpty()) Authenticity.check(tokens, request, request.uri());
        if (request.method().equals("SUBSCRIBE") && flow.peer().isEmpty()) checkSender(flow, request);
        SipUri next = elsewhere.next;
        Flow to = connector.to(next.host(), next.port(), next.parameter("pin").orElse(""));
        SipMessage marked = fromOwnClient(flow, request);
        send(marked.edit().dropElements("Route", marked.elements("route"), elsewhere.strip, ""), marked, server, to);
    }

    private static boolean needsIdentity(SipMessage request) {
        return switch (request.method()) {
            case "INVITE", "MESSAGE" -> true;
            case "SUBSCRIBE" -> request.toTag().isEmpty();
            default -> false;
        };
    }

    private void deliver(Flow flow, SipMessage request, TransactionLayer.Server server, DeviceId device)
            throws SipException {
        boolean fresh = request.toTag().isEmpty();
        if (needsIdentity(request) && !isAllowed(request, device, tokens) && fresh) {
            stranger(request, server, device);
            return;
        }
        if (fresh && !needsIdentity(request)) throw new SipException(405, "Method Not Allowed");
        var binding = registrar.of(device).orElseThrow(() -> new SipException(480, "Not here"));
        var marked = fromOwnClient(flow, request).edit();
        if (formsDialog(request)) marked.prepend("Record-Route", "<" + self.routeUri(self.token(device)) + ">");
        marked.dropElements(
                "Route", request.elements("route"), request.elements("route").size(), "");
        send(marked, request, server, binding.flow());
    }

    /// Verifies the sender and says whether the device lets him through (docs/protocols/sip.md, section 4).
    boolean isAllowed(SipMessage request, DeviceId device, TokenVerifier verifier) throws SipException {
        var signer = Authenticity.check(verifier, request, request.uri()).signer();
        try {
            if (signer.address().equals(Address.ofUri(request.uri()))) return true;
        } catch (IdentityException e) {
            throw new SipException(404, "No such address");
        }
        var wishes = consent.of(device);
        byte[] token = Authenticity.token(request);
        boolean known = token.length == 32 && wishes.knows(token);
        if (!known && wishes.blocks(signer.address())) return false;
        return known || (request.method().equals("INVITE") && wishes.strangersRing());
    }

    // The answer is the same whether the device exists, is here, or not.
    private void stranger(SipMessage request, TransactionLayer.Server server, DeviceId device) throws SipException {
        if (!request.method().equals("MESSAGE")) throw new SipException(403, "Send a contact request");
        server.respond(
                Edit.response(request, 202, "Accepted", TransactionLayer.tag()).build());
        String from = request.from().uri();
        boolean blocked;
        try {
            blocked = consent.of(device).blocks(Address.ofUri(from));
        } catch (IdentityException e) {
            return;
        }
        var binding = registrar.of(device);
        if (binding.isEmpty() || blocked || !knocks.allows(from + " " + device) || !strangers.allows(device.hex()))
            return;
        var knock = request.edit()
                .dropElements(
                        "Route",
                        request.elements("route"),
                        request.elements("route").size(),
                        "")
                .add("Starling-Knock", "1");
        var sent = via(knock, request).build();
        transactions.send(sent, binding.get().flow(), _ -> {});
    }

    private static boolean formsDialog(SipMessage request) {
        return request.toTag().isEmpty()
                && (request.method().equals("INVITE") || request.method().equals("SUBSCRIBE"));
    }

    /// With our Record-Route, when the request forms a dialog and comes from a client of ours.
    SipMessage fromOwnClient(Flow flow, SipMessage request) throws SipException {
        if (!formsDialog(request) || flow.peer().isPresent()) return request;
        var sender = registrar.at(flow).orElseThrow(() -> new SipException(403, "Register first"));
        EdgePeer.sameName(request.from().uri(), sender.address());
        return request.edit()
                .prepend("Record-Route", "<" + self.routeUri(self.token(sender.device())) + ">")
                .build();
    }

    private Edit via(Edit edit, SipMessage request) {
        long hops = request.first("max-forwards").map(Long::parseLong).orElse(70L) - 1;
        return edit.set("Max-Forwards", String.valueOf(hops))
                .prepend(
                        "Via",
                        "SIP/2.0/TLS " + self.host() + ":" + self.port() + ";branch=" + TransactionLayer.branch());
    }

    private void send(Edit edit, SipMessage request, TransactionLayer.Server server, Flow to) throws SipException {
        SipMessage onward = via(edit, request).build();
        if (request.method().equals("INVITE"))
            server.respond(Edit.response(request, 100, "Trying", "").build());
        var client = transactions.send(onward, to, response -> back(response, server));
        server.forwarded(client);
        if (request.method().equals("INVITE")) timers.after(TIMER_C, () -> tooLong(server, client));
    }

    private void back(SipMessage response, TransactionLayer.Server server) {
        if (response.status() == 100) return;
        try {
            server.respond(response.edit()
                    .dropElements("Via", response.elements("via"), 1, "")
                    .build());
        } catch (SipException e) {
            System.getLogger("starling.proxy")
                    .log(System.Logger.Level.DEBUG, () -> "answer dropped: " + e.getMessage());
        }
    }

    // RFC 3261, section 16.8: nobody rings for ever.
    private void tooLong(TransactionLayer.Server server, TransactionLayer.Client client) {
        try {
            if (!client.isWaiting()) return;
            sendCancel(client, List.of());
            server.respond(Edit.response(server.request(), 408, "Request Timeout", TransactionLayer.tag())
                    .build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    void cancel(SipMessage cancel, TransactionLayer.Server server) throws SipException {
        var invite = transactions.cancelled(cancel, server.flow());
        if (invite.isEmpty()) throw new SipException(481, "Transaction does not exist");
        server.respond(Edit.response(cancel, 200, "OK", TransactionLayer.tag()).build());
        var client = invite.get().forwarded();
        if (client.isPresent() && client.get().isWaiting()) sendCancel(client.get(), cancel.all("reason"));
    }

    private void sendCancel(TransactionLayer.Client client, List<String> reasons) throws SipException {
        transactions.send(client.cancel(reasons), client.flow(), _ -> {});
    }

    /// The ACK for a 2xx goes its own way, without a transaction (RFC 3261, section 16.11).
    void acknowledge(Flow flow, SipMessage ack) throws SipException {
        Target target = target(flow, ack);
        Flow to;
        int strip;
        switch (target) {
            case Elsewhere(int own, SipUri next) -> {
                to = connector.to(
                        next.host(), next.port(), next.parameter("pin").orElse(""));
                strip = own;
            }
            case Device(DeviceId device) -> {
                to = registrar
                        .of(device)
                        .orElseThrow(() -> new SipException(480, "Not here"))
                        .flow();
                strip = ack.elements("route").size();
            }
            case ThisPeer _ -> throw new SipException(405, "Method Not Allowed");
        }
        to.send(via(ack.edit().dropElements("Route", ack.elements("route"), strip, ""), ack)
                .toBytes());
    }

    /// Sends a request of this peer itself along its Route: NOTIFY.
    void sendOwn(SipMessage request, java.util.function.IntConsumer status) throws SipException {
        List<String> routes = request.elements("route");
        int strip = 0;
        String token = "";
        Optional<SipUri> next = Optional.empty();
        for (; strip < routes.size() && next.isEmpty(); strip++) {
            SipUri uri = NameAddr.parse(routes.get(strip)).sipUri();
            if (self.is(uri)) token = uri.user();
            else next = Optional.of(uri);
        }
        Flow to;
        if (next.isPresent()) {
            to = connector.to(
                    next.get().host(),
                    next.get().port(),
                    next.get().parameter("pin").orElse(""));
            strip--;
        } else {
            String head = self.deviceHead(token).orElseThrow(() -> new SipException(403, "Not our Route"));
            String device = gr(request.uri())
                    .filter(g -> g.startsWith(head) && DeviceId.isHex(g))
                    .orElseThrow(() -> new SipException(481, "No such watcher"));
            to = registrar
                    .of(new DeviceId(device))
                    .orElseThrow(() -> new SipException(480, "Not here"))
                    .flow();
        }
        SipMessage sent =
                request.edit().dropElements("Route", routes, strip, "").build();
        transactions.send(sent, to, answer -> {
            if (answer.status() >= 200) status.accept(answer.status());
        });
    }
}
