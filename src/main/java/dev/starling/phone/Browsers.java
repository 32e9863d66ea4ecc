package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.Stranger;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.media.Bridges;
import dev.starling.media.Phone;
import dev.starling.proxy.Clients;
import dev.starling.proxy.Gateway;
import dev.starling.proxy.Registrar;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// What goes between people in browsers and ordinary SIP domains by way of this peer, which is a user agent on both
/// sides (RFC 7092): for people of the domains that the operator names, on listed devices, and never to somebody who is
/// found or was ever verified. The browser has judged the same for itself (docs/protocols/classic.md, section 3).
public final class Browsers implements Gateway {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final int MAX_CALLS_OF_DEVICE = 2, MAX_RINGING = 8, MAX_UNDER_WAY = 200;

    /// A call with its browser.
    ///
    /// @param dialling until it is acknowledged; empty for one that came in
    private record Ongoing(DeviceId device, PhoneCall call, Optional<CallFromPhone> dialling) {}

    private final Clients clients;
    private final LocationService location;
    private final Bridges bridges;
    private final Set<String> domains;
    private final Supplier<Optional<ClassicEdge>> edge;
    private final TransactionLayer.Timers timers;
    private final BrowserLimits limits;
    private final NeighbourDialogs dialogs;
    private final SeenCalls seen = new SeenCalls();
    private final Semaphore room = new Semaphore(MAX_UNDER_WAY);
    private final List<Ongoing> calls = new ArrayList<>();

    /// @param domains whose people may, in lower case
    /// @param edge the way to ordinary SIP domains, once it is open
    public Browsers(
            Clients clients,
            LocationService location,
            Bridges bridges,
            Set<String> domains,
            Supplier<Optional<ClassicEdge>> edge,
            TransactionLayer.Timers timers,
            dev.starling.sip.transport.Offences offences,
            java.time.Clock clock) {
        this.clients = clients;
        this.location = location;
        this.bridges = bridges;
        this.domains = Set.copyOf(domains);
        this.edge = edge;
        this.timers = timers;
        limits = new BrowserLimits(offences, clock);
        dialogs = new NeighbourDialogs(timers);
    }

    boolean serves(String domain) {
        return domains.contains(domain);
    }

    private ClassicEdge edge() throws SipException {
        return edge.get().orElseThrow(() -> new SipException(503, "Starting"));
    }

    @Override
    public void asks(
            Registrar.Binding sender, CertificateVerifier.Verified signer, SipMessage request, RequestReceived server)
            throws SipException {
        if (!serves(sender.address().domain())) {
            limits.relaying(sender);
            throw new SipException(403, "Not for people of your domain");
        }
        Address to = addressed(request);
        limits.check(sender, to);
        boolean isCall = request.method().equals("INVITE");
        if (isCall && !request.hasSdp()) throw new SipException(488, "Not Acceptable Here");
        String text = isCall ? "" : Texts.text(request);
        if (isCall && !seen.isFirst(request)) throw new SipException(482, "Merged Request");
        if (isCall) server.respond(Edit.response(request, 100, "Trying", "").build());
        // Looking somebody up takes its time.
        later(server, () -> {
            if (isCall) dial(sender, to, request, server);
            else write(sender, to, text, request, server);
        });
    }

    /// `sip:carol@classic.example`: of people of ours nobody is called so.
    private Address addressed(SipMessage request) throws SipException {
        Address to;
        try {
            to = Address.ofUri(request.uri());
        } catch (IdentityException e) {
            throw new SipException(404, "That is no address (" + e.reason() + ")");
        }
        if (to.isPhone() || serves(to.domain())) throw new SipException(404, "Nobody with this address is known");
        return to;
    }

    private interface Step {
        void run() throws SipException, DhtException, InterruptedException;
    }

    private void later(RequestReceived server, Step step) throws SipException {
        if (!room.tryAcquire())
            throw new SipException(503, "Too many requests", new SipException.Header("Retry-After", "5"));
        Thread.ofVirtual().name("for a browser").start(() -> {
            try {
                step.run();
            } catch (DhtException e) {
                Answers.respond(
                        server,
                        new SipException(
                                503, "The directory does not answer", new SipException.Header("Retry-After", "10")));
            } catch (SipException e) {
                Answers.respond(server, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in asking for a browser", e);
                Answers.respond(server, new SipException(500, "Server Internal Error"));
            } finally {
                room.release();
            }
        });
    }

    /// Judged here, whatever the browser found: it may be anybody's program.
    private void check(Registrar.Binding sender, Address to) throws SipException, DhtException {
        if (!isListed(sender)) throw new SipException(403, "None of your devices has allowed this one yet");
        switch (location.find(to)) {
            case LocationService.Found _ -> throw new SipException(403, "Found here: not called unverified");
            case LocationService.Forged _ -> throw new SipException(404, "Nothing genuine is known of this address");
            case LocationService.Absent _ -> {
                if (location.remembers(to))
                    throw new SipException(403, "Verified before and not found now: not called unverified");
            }
        }
    }

    private boolean isListed(Registrar.Binding binding) throws DhtException {
        return listed(binding.address()).contains(binding.device());
    }

    private Set<DeviceId> listed(Address whose) throws DhtException {
        if (!(location.find(whose) instanceof LocationService.Found found)) return Set.of();
        return found.verified().stream().map(LocationService.Device::id).collect(Collectors.toSet());
    }

    private void write(Registrar.Binding sender, Address to, String text, SipMessage request, RequestReceived server)
            throws SipException, DhtException, InterruptedException {
        check(sender, to);
        TextToNeighbour.send(edge(), Speaker.of(sender.address()), to, text);
        server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
    }

    private void dial(Registrar.Binding sender, Address to, SipMessage request, RequestReceived server)
            throws SipException, DhtException {
        check(sender, to);
        var handset = BrowserHandset.of(clients, sender);
        String account = sender.address().text();
        var bridge = Sound.of(() -> bridges.fromWeb(account, request.body()));
        var descriptions = new Bridged(bridge, new Phone(account, handset.source(), true));
        var call = new PhoneCall(handset, descriptions, this::ended);
        var from = new CallFromPhone(server, call, timers);
        try {
            begin(new Ongoing(sender.device(), call, Optional.of(from)));
            from.begin();
            new CallToNeighbour(edge(), Speaker.of(sender.address()), from, to, account, timers).ring();
        } catch (SipException e) {
            call.end();
            throw e;
        }
    }

    private synchronized void begin(Ongoing next) throws SipException {
        if (calls.stream().filter(each -> each.device.equals(next.device)).count() >= MAX_CALLS_OF_DEVICE)
            throw new SipException(486, "Busy Here");
        calls.add(next);
    }

    private synchronized void ended(PhoneCall call) {
        calls.removeIf(each -> each.call == call);
    }

    private synchronized Optional<Ongoing> of(Registrar.Binding sender, SipMessage request) throws SipException {
        DialogId id = DialogId.of(request);
        return calls.stream()
                .filter(each -> each.device.equals(sender.device()))
                .filter(each -> each.call.isWithPhone(id)
                        || each.dialling.filter(from -> from.isEarly(request)).isPresent())
                .findFirst();
    }

    @Override
    public void within(Registrar.Binding sender, SipMessage request, RequestReceived server) throws SipException {
        Ongoing one = of(sender, request).orElseThrow(PhoneCall::noDialog);
        switch (request.method()) {
            case "BYE" -> {
                if (one.call.isWithPhone(DialogId.of(request))) {
                    one.call.phoneLeft(() -> ok(request, server));
                } else {
                    ok(request, server);
                    // What was not answered yet may be ended so, too: RFC 3261, section 15.
                    one.dialling.ifPresent(CallFromPhone::cancelled);
                }
            }
            case "INVITE" -> later(server, () -> Reoffers.ofPhone(one.call, request, server, server::respond));
            case "INFO", "OPTIONS" -> {
                if (request.bodyLength() > 0) throw new SipException(415, "Unsupported Media Type");
                ok(request, server);
            }
            default ->
                throw new SipException(405, "Method Not Allowed", new SipException.Header("Allow", PhoneLine.ALLOW));
        }
    }

    private static void ok(SipMessage request, RequestReceived server) throws SipException {
        server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
    }

    @Override
    public void acknowledged(Registrar.Binding sender, SipMessage ack) {
        try {
            of(sender, ack).flatMap(Ongoing::dialling).ifPresent(CallFromPhone::acknowledged);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "ACK: " + e.reason());
        }
    }

    /// The browsers of somebody that an unknown one may reach: listed devices, here now, that want it, and nobody who
    /// could have signed.
    List<Callee> admit(Stranger stranger) throws SipException {
        if (!serves(stranger.to().domain())) return List.of();
        var willing = clients.of(stranger.to()).stream()
                .filter(each -> clients.admitsLine(each.device(), stranger.from()))
                .limit(MAX_RINGING)
                .toList();
        if (willing.isEmpty()) return List.of();
        try {
            boolean isUnknown = location.find(stranger.from()) instanceof LocationService.Absent
                    && !location.remembers(stranger.from());
            if (!isUnknown) throw new SipException(403, "Whoever has this address calls verified");
            var listed = listed(stranger.to());
            return willing.stream()
                    .filter(each -> listed.contains(each.device()))
                    .<Callee>map(each -> new OfBrowser(each, Unverified.name(stranger)))
                    .toList();
        } catch (DhtException e) {
            throw new SipException(503, "The directory does not answer", new SipException.Header("Retry-After", "10"));
        }
    }

    private final class OfBrowser implements Callee {
        private final DeviceId device;
        private final Handset handset;
        private final String shown;

        OfBrowser(Registrar.Binding binding, String shown) {
            device = binding.device();
            handset = BrowserHandset.of(clients, binding);
            this.shown = shown;
        }

        @Override
        public Handset handset() {
            return handset;
        }

        @Override
        public String shown() {
            return shown;
        }

        @Override
        public PhoneCall begin(Descriptions descriptions) throws SipException {
            var call = new PhoneCall(handset, descriptions, Browsers.this::ended);
            Browsers.this.begin(new Ongoing(device, call, Optional.empty()));
            return call;
        }

        @Override
        public void await(CallFromNeighbour caller) {
            dialogs.await(caller);
        }

        @Override
        public Neighbour neighbour(Flow flow) throws SipException {
            return Browsers.this.neighbour(handset, flow);
        }
    }

    /// The call to which a request of an ordinary SIP domain belongs.
    synchronized Optional<PhoneCall> withNeighbour(SipMessage request) throws SipException {
        DialogId id = DialogId.of(request);
        return calls.stream()
                .map(Ongoing::call)
                .filter(call -> !call.isVerified() && call.isWithDevice(id))
                .findFirst();
    }

    /// A request of theirs within it.
    void within(PhoneCall call, SipMessage request, RequestReceived server) throws SipException {
        dialogs.within(call, neighbour(call.handset(), server.flow()), request, server);
    }

    private Neighbour neighbour(Handset handset, Flow flow) throws SipException {
        String target = handset.target();
        return new Neighbour(edge(), flow, target.substring(target.indexOf(':') + 1, target.indexOf('@')));
    }

    void acknowledged(DialogId id, long cseq) {
        dialogs.acknowledged(id, cseq);
    }
}
