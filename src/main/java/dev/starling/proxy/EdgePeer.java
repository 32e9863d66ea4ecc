package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.Consumer;

/// The SIP side of a peer: takes every message of every flow, and is the one place where what goes wrong becomes a
/// SIP status. REGISTER and PUBLISH are answered here, SUBSCRIBE by the presence agent, the rest is [Forwarding].
public final class EdgePeer implements Flow.Receiver {
    private static final System.Logger LOG = System.getLogger("starling.proxy");
    private static final DateTimeFormatter DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);
    private static final long MIN_EXPIRES = 60, MAX_EXPIRES = 3600, FLOW_TIMER_SECONDS = 20;
    private static final Duration SWEEP = Duration.ofSeconds(30);

    private final Self self;
    private final TokenVerifier tokens;
    private final ConsentStore consent;
    private final Clock clock;
    private final TransactionLayer transactions;
    private final Registrar registrar;
    private final PresenceAgent presence;
    private final Forwarding forwarding;
    private final Quota requests;
    private final Consumer<Registrar.Binding> registered;

    /// @param registered hears of each successful REGISTER, so that the peer can look after the device's records
    public EdgePeer(
            Self self,
            TokenVerifier tokens,
            ConsentStore consent,
            Forwarding.Connector connector,
            TransactionLayer.Timers timers,
            Clock clock,
            Consumer<Registrar.Binding> registered) {
        this.self = self;
        this.tokens = tokens;
        this.consent = consent;
        this.clock = clock;
        this.registered = registered;
        transactions = new TransactionLayer(timers);
        registrar = new Registrar(clock, this::ended);
        requests = new Quota(3600 * 20, 200, clock);
        forwarding = new Forwarding(self, tokens, consent, registrar, transactions, connector, timers, clock);
        presence = new PresenceAgent(
                self, clock, forwarding::sendOwn, device -> registrar.of(device).isPresent());
        timers.after(SWEEP, () -> sweep(timers));
    }

    private void sweep(TransactionLayer.Timers timers) {
        presence.sweep();
        timers.after(SWEEP, () -> sweep(timers));
    }

    public Registrar registrar() {
        return registrar;
    }

    public int transactions() {
        return transactions.size();
    }

    private void ended(Registrar.Binding binding) {
        presence.gone(binding.address(), binding.device());
    }

    @Override
    public void closed(Flow flow) {
        registrar.closed(flow);
        transactions.closed(flow);
    }

    @Override
    public void received(Flow flow, byte[] bytes) {
        SipMessage message;
        try {
            message = SipMessage.parse(bytes);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> flow.id() + ": " + e.getMessage());
            flow.close(e.reason());
            return;
        }
        if (!message.isRequest()) transactions.received(message);
        else request(flow, message);
    }

    private void request(Flow flow, SipMessage request) {
        TransactionLayer.Server server;
        try {
            if (flow.peer().isEmpty() && !requests.allows(flow.id())) throw new SipException(503, "Too many requests");
            var fresh = transactions.received(request, flow);
            if (fresh.isEmpty()) return;
            server = fresh.get();
        } catch (SipException e) {
            if (!request.method().equals("ACK")) answerStatelessly(flow, request, e);
            return;
        }
        try {
            handle(flow, request, server);
        } catch (SipException e) {
            respond(server, e.status(), e.reason());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "request failed", e);
            respond(server, 500, "Server Internal Error");
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking " + request, e);
            respond(server, 500, "Server Internal Error");
        }
    }

    private void handle(Flow flow, SipMessage request, TransactionLayer.Server server)
            throws SipException, IOException {
        if (request.first("max-forwards").map(Long::parseLong).orElse(70L) <= 0
                && !request.method().equals("CANCEL")) throw new SipException(483, "Too Many Hops");
        for (String extension : request.elements("proxy-require"))
            throw new SipException(420, "Bad Extension " + extension.replaceAll("[^a-z0-9.-]", ""));
        switch (request.method()) {
            case "REGISTER" -> register(flow, request, server);
            case "PUBLISH" -> publish(flow, request, server);
            case "SUBSCRIBE" -> subscribe(flow, request, server);
            case "OPTIONS" -> {
                if (flow.peer().isEmpty())
                    server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag())
                            .build());
                else throw new SipException(405, "Method Not Allowed");
            }
            case "CANCEL" -> forwarding.cancel(request, server);
            case "ACK" -> forwarding.acknowledge(flow, request);
            default -> forwarding.forward(flow, request, server);
        }
    }

    private void register(Flow flow, SipMessage request, TransactionLayer.Server server) throws SipException {
        if (flow.peer().isPresent()) throw new SipException(403, "Not over a connection of servers");
        var signer = Authenticity.check(tokens, request, self.id().peerUri()).signer();
        sameName(request.to().uri(), signer.address());
        String contact = request.first("contact").orElseThrow(() -> new SipException(400, "No Contact"));
        if (request.elements("contact").size() != 1) throw new SipException(400, "One Contact only");
        long seconds = Tokens.parameter(contact, "expires")
                .or(() -> request.first("expires"))
                .filter(v -> v.matches("[0-9]{1,6}"))
                .map(Long::parseLong)
                .orElse(MAX_EXPIRES);
        if (seconds != 0 && seconds < MIN_EXPIRES) throw new SipException(423, "Interval Too Brief");
        seconds = Math.min(seconds, MAX_EXPIRES);
        DeviceId device = signer.device();
        var answer = dated(Edit.response(request, 200, "OK", TransactionLayer.tag()));
        if (seconds == 0) {
            registrar.unbind(device);
            server.respond(answer.build());
            return;
        }
        Instant until = clock.instant().plusSeconds(seconds);
        var chain = signer.leaf();
        var binding = new Registrar.Binding(
                signer.address(), device, flow, until, java.util.List.of(dev.starling.identity.Keys.encoded(chain)));
        if (!registrar.bind(binding)) throw new SipException(503, "This server is full");
        String bare = contact.replaceAll(";expires=[0-9]+", "");
        answer.add("Contact", bare + ";expires=" + seconds + ";pub-gruu=\"" + device.gruu(signer.address()) + "\"")
                .add("Require", "outbound")
                .add("Supported", "path, outbound, gruu")
                .add("Flow-Timer", String.valueOf(FLOW_TIMER_SECONDS));
        server.respond(answer.build());
        registered.accept(binding);
    }

    private void publish(Flow flow, SipMessage request, TransactionLayer.Server server)
            throws SipException, IOException {
        if (flow.peer().isPresent()) throw new SipException(403, "Not over a connection of servers");
        var signer = Authenticity.check(tokens, request, self.id().peerUri()).signer();
        switch (request.required("event").split(";")[0].trim()) {
            case "starling-consent" -> {
                try {
                    consent.replace(signer.address(), signer.device(), request.body());
                } catch (IdentityException e) {
                    throw new SipException(400, "Bad consent (" + e.reason() + ")");
                }
            }
            case "presence" -> {
                if (registrar
                        .at(flow)
                        .filter(b -> b.device().equals(signer.device()))
                        .isEmpty()) throw new SipException(403, "Register first");
                String signature = request.first("starling-signature")
                        .orElseThrow(() -> new SipException(428, "Presence must be signed"));
                if (request.body().length > 4096) throw new SipException(413, "Presence document too long");
                Instant until = tokens.presence(signature, request.body(), signer.address(), signer.device())
                        .orElseThrow(() -> new SipException(438, "Presence signature does not fit"));
                presence.publish(signer.device(), request.body(), signature, until);
            }
            default -> throw new SipException(489, "Bad Event");
        }
        server.respond(dated(Edit.response(request, 200, "OK", TransactionLayer.tag()))
                .add("SIP-ETag", TransactionLayer.tag())
                .add("Expires", request.first("expires").orElse("600"))
                .build());
    }

    private void subscribe(Flow flow, SipMessage request, TransactionLayer.Server server) throws SipException {
        var target = forwarding.target(flow, request);
        switch (target) {
            case Forwarding.Elsewhere elsewhere -> forwarding.onward(flow, request, server, elsewhere);
            case Forwarding.ThisPeer _ -> {
                SipMessage answer = presence.refresh(request);
                server.respond(answer);
                presence.afterwards(request, answer, self.id(), true);
            }
            case Forwarding.Device(DeviceId device) -> {
                SipMessage marked = forwarding.fromOwnClient(flow, request);
                boolean allowed = forwarding.isAllowed(marked, device, tokens);
                SipMessage answer = presence.subscribe(marked, device, allowed);
                server.respond(answer);
                presence.afterwards(marked, answer, device, allowed);
            }
        }
    }

    static void sameName(String uri, Address address) throws SipException {
        try {
            if (Address.ofUri(uri).equals(address)) return;
        } catch (IdentityException e) {
            throw new SipException(403, "Not your address");
        }
        throw new SipException(403, "Not your address");
    }

    private Edit dated(Edit answer) {
        return answer.add("Date", DATE.format(clock.instant()));
    }

    private void respond(TransactionLayer.Server server, int status, String reason) {
        if (server.request().method().equals("ACK")) return;
        try {
            var answer = dated(Edit.response(server.request(), status, reason, TransactionLayer.tag()));
            if (status == 503) answer.add("Retry-After", "5");
            if (status == 423) answer.add("Min-Expires", String.valueOf(MIN_EXPIRES));
            server.respond(answer.build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    private void answerStatelessly(Flow flow, SipMessage request, SipException why) {
        flow.send(dated(Edit.response(request, why.status(), why.reason(), TransactionLayer.tag()))
                .add("Retry-After", "5")
                .toBytes());
    }
}
