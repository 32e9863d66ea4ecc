package dev.starling.cli;

import dev.starling.classic.ClassicEdge;
import dev.starling.gate.SipSocket;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.PortRange;
import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import dev.starling.phone.Browsers;
import dev.starling.phone.Digest;
import dev.starling.phone.Handset;
import dev.starling.phone.Neighbours;
import dev.starling.phone.PhoneAccount;
import dev.starling.phone.PhoneEdge;
import dev.starling.phone.PhoneRegistrar;
import dev.starling.phone.Phones;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import dev.starling.sip.transport.Offences;
import dev.starling.sip.transport.PhoneTransport;
import dev.starling.sip.transport.Tap;
import dev.starling.sip.transport.TargetPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/// Where ordinary SIP phones come in: opened for the first of them, and not before.
final class PhoneDoor implements AutoCloseable, Flow.Receiver {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final int BINDING = 1, HTTP = 80, HTTPS = 443;

    /// Of phones by WebSocket.
    static final String PATH = "/phone";

    private final Peer.Config config;
    private final PeerSip sip;
    private final TransactionLayer.Timers timers;
    private final Tap tap;
    private final Clock clock;
    private final Parts parts = new Parts();
    private Optional<Side> side = Optional.empty();
    private boolean closed;

    PhoneDoor(Peer.Config config, PeerSip sip, Clock clock) {
        this.config = config;
        this.sip = sip;
        timers = sip.timers();
        tap = sip.tap();
        this.clock = clock;
    }

    /// What is open: the signalling of phones, their sound, the way to ordinary SIP domains, if that is wanted, and
    /// what was done against them.
    record Side(
            PhoneEdge edge,
            PhoneRegistrar registrar,
            Bridges bridges,
            Optional<ClassicEdge> classic,
            Offences offences) {
        /// The phone of an account that was heard last.
        Supplier<Optional<Handset>> handset(String user) {
            return () -> registrar.of(user).stream().findFirst().map(binding -> Handset.of(edge, binding));
        }
    }

    /// Where phones that live in browsers come in (RFC 7118): by digest, as over TLS.
    SipSocket socket() {
        boolean secure = config.base().startsWith("https:");
        return new SipSocket(
                tap,
                this,
                new SipSocket.Door(
                        secure ? "WSS" : "WS",
                        Optional.of(PhoneTransport.Limits.USUAL.stranger()),
                        who -> offences().ifPresent(all -> all.by(who, "Connection of a stranger kept open", ""))));
    }

    private synchronized Optional<Offences> offences() {
        return side.map(Side::offences);
    }

    private synchronized Optional<ClassicEdge> classic() {
        return side.flatMap(Side::classic);
    }

    private synchronized Optional<PhoneEdge> edge() {
        return side.map(Side::edge);
    }

    /// By WebSocket.
    @Override
    public void received(Flow flow, byte[] message) {
        edge().ifPresentOrElse(edge -> edge.received(flow, message), () -> flow.close("there are no phones here"));
    }

    @Override
    public void closed(Flow flow) {
        edge().ifPresent(edge -> edge.closed(flow));
    }

    /// Where phones reach this server, in lines for people.
    String places() {
        String name = config.place().name();
        var choice = config.phones();
        String tls = isSecure() ? name + ":" + choice.tls().orElseThrow() + " by TLS\n" : "";
        return name + ":" + choice.port() + " by UDP or TCP\n" + tls
                + config.base().replaceFirst("^http", "ws") + PATH + " from a page in a browser\n";
    }

    private boolean isSecure() {
        return config.place().tls().isPresent() && config.phones().tls().isPresent();
    }

    /// How we are called by those who come by WebSocket: as all others see us, at the web's port.
    private record Named(PhoneTransport transport, String web) implements FlowSource {
        @Override
        public Optional<Flow> flowTo(InetSocketAddress remote, InetAddress local) {
            return transport.flowTo(remote, local);
        }

        @Override
        public String sentBy(Flow flow) {
            return flow.transport().startsWith("WS") ? web : transport.sentBy(flow);
        }

        @Override
        public InetAddress local(Flow flow) {
            return transport.local(flow);
        }
    }

    private String web() {
        URI base = URI.create(config.base());
        int usual = base.getScheme().equals("https") ? HTTPS : HTTP;
        return base.getHost() + ":" + (base.getPort() < 0 ? usual : base.getPort());
    }

    synchronized Side open(Phones phones) throws IOException {
        if (closed) throw new IOException("stopping");
        if (side.isEmpty()) side = Optional.of(opened(phones));
        return side.get();
    }

    private Side opened(Phones phones) throws IOException {
        var opening = new Parts();
        boolean done = false;
        try {
            Side side = opened(phones, opening);
            done = true;
            return side;
        } finally {
            // What was opened before something failed is opened again by the next try.
            if (done) parts.with(opening);
            else opening.close();
        }
    }

    private Side opened(Phones phones, Parts opening) throws IOException {
        var place = config.place();
        var choice = config.phones();
        boolean secure = isSecure();
        var listening = new PhoneTransport.Listening(
                List.of(place.listening()),
                choice.port(),
                secure ? choice.tls() : OptionalInt.empty(),
                config.local() ? Optional.empty() : Optional.of(place.name()));
        var transport = opening.with(new PhoneTransport(
                listening,
                PhoneTransport.Limits.USUAL,
                place.tls().map(tls -> tls::context),
                PhoneDoor::binding,
                tap,
                clock));
        var digest = new Digest(
                PhoneAccount.REALM, phones, PeerKey.secret(config.data().resolve("phone-nonces.secret")), clock);
        var flows = new Named(transport, web());
        var registrar =
                opening.with(new PhoneRegistrar(config.data().resolve("phones.db"), phones, flows, timers, clock));
        var edge = new PhoneEdge(flows, phones, digest, registrar, phones, timers, transport.offences(), clock);
        var bridges = opening.with(new Bridges(media(transport.offences())));
        transport.start(edge);
        Optional<ClassicEdge> classic = classic(phones, bridges, transport.offences(), opening);
        // The first call would wait for its classes otherwise.
        Thread.ofVirtual().name("media warms up").start(bridges::warm);
        LOG.log(
                System.Logger.Level.INFO,
                () -> "phones reach this server at port " + choice.port() + ", UDP and TCP"
                        + (secure ? ", and over TLS at " + choice.tls().getAsInt() : ""));
        return new Side(edge, registrar, bridges, classic, transport.offences());
    }

    /// The way to ordinary SIP domains. What ails it keeps no phone from working.
    private Optional<ClassicEdge> classic(Phones phones, Bridges bridges, Offences offences, Parts opening) {
        if (config.classic().isEmpty()) return Optional.empty();
        ClassicOptions.Choice choice = config.classic().get();
        Optional<Browsers> browsers = choice.browsers().isEmpty()
                ? Optional.empty()
                : Optional.of(new Browsers(
                        sip.edge().clients(),
                        sip.location(),
                        bridges,
                        choice.browsers(),
                        this::classic,
                        timers,
                        offences,
                        clock));
        var own = new Parts();
        try {
            var neighbours = new Neighbours(phones, browsers, bridges, timers);
            var edge = ClassicDoor.open(config, choice, neighbours, timers, tap, own, clock);
            opening.with(own);
            browsers.ifPresent(all -> sip.edge().serve(all));
            return Optional.of(edge);
        } catch (IOException e) {
            own.close();
            LOG.log(
                    System.Logger.Level.ERROR,
                    "there is no way to ordinary SIP domains, phones work without it (" + e.getMessage()
                            + "): mend it, and start the server again");
            return Optional.empty();
        }
    }

    private MediaConfig media(Offences offences) throws IOException {
        var choice = config.phones();
        int middle = (choice.firstMedia() + choice.lastMedia()) / 2;
        TargetPolicy usual = config.local() ? TargetPolicy.LOOPBACK : TargetPolicy.PUBLIC;
        List<Network> more =
                config.classic().map(ClassicOptions.Choice::allowed).orElse(List.of());
        TargetPolicy policy = address -> usual.allows(address) || more.stream().anyMatch(each -> each.has(address));
        return new MediaConfig(
                config.place().seen(),
                new PortRange(choice.firstMedia(), middle),
                new PortRange(middle + 1, choice.lastMedia()),
                policy::allows,
                (who, what) -> offences.by(who, what, ""),
                MediaLimits.USUAL);
    }

    /// RFC 5626, section 8: a phone asks by STUN whether we are there, and under which address we see it.
    private static Optional<byte[]> binding(byte[] request, InetSocketAddress from) {
        try {
            StunMessage message = StunMessage.parse(request);
            if (message.method() != BINDING || message.kind() != StunClass.REQUEST) return Optional.empty();
            return Optional.of(StunWriter.answer(message, StunClass.SUCCESS)
                    .putXor(Attribute.XOR_MAPPED_ADDRESS, from)
                    .bytes());
        } catch (StunException e) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        parts.close();
    }
}
