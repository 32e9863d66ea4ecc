package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.agent.Incoming;
import dev.starling.classic.ClassicEdge;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.media.Bridges;
import dev.starling.media.Phone;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// What joins one phone with the user agent that speaks for it: calls and messages both ways.
public final class PhoneLine implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final int MAX_CALLS = 4;

    /// What a phone may ask.
    static final String ALLOW = "INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, INFO";

    /// What the device says of itself in Contact: that it is a phone behind a server, where the encryption of a call
    /// ends.
    public static final String GATEWAY = ";+starling.gateway";

    private final PhoneAccount account;
    private final Agent agent;
    private final Supplier<Optional<Handset>> handset;
    private final Bridges bridges;
    private final TransactionLayer.Timers timers;
    private final Unverified unverified;
    private final Far devices;
    private final List<PhoneCall> calls = new ArrayList<>();
    private final SeenCalls seen = new SeenCalls();
    private final List<CallFromPhone> unacknowledged = new ArrayList<>();

    /// @param handset the phone, while it is registered
    /// @param classic the way to ordinary SIP domains, where there is one
    public PhoneLine(
            PhoneAccount account,
            Agent agent,
            Supplier<Optional<Handset>> handset,
            Bridges bridges,
            Supplier<Optional<ClassicEdge>> classic,
            TransactionLayer.Timers timers) {
        this.account = account;
        this.agent = agent;
        this.handset = handset;
        this.bridges = bridges;
        this.timers = timers;
        unverified = new Unverified(this, classic, timers);
        devices = Far.of(agent.ua());
        agent.ua().on("INVITE", this::deviceCalls);
        agent.ua().on("BYE", this::deviceLeft);
        agent.ua().on("ACK", _ -> {});
        agent.here(handset.get().isPresent());
    }

    public Agent agent() {
        return agent;
    }

    public PhoneAccount account() {
        return account;
    }

    Unverified unverified() {
        return unverified;
    }

    Optional<Handset> handset() {
        return handset.get();
    }

    /// Shows a text on a phone, while there is one; whether it took it.
    public static boolean show(Optional<Handset> phone, Address from, Address to, String text) {
        return Texts.toPhone(phone, "", from, to, text);
    }

    private void deviceCalls(Incoming incoming) throws SipException {
        SipMessage request = incoming.request();
        if (request.toTag().isPresent()) {
            Reoffers.ofDevice(withDevice(request).orElseThrow(PhoneCall::noDialog), incoming);
            return;
        }
        var signer = incoming.signer().orElseThrow(() -> new SipException(428, "Use Identity Header"));
        if (!agent.admits(signer.address()) || !agent.isListed(signer))
            throw new SipException(403, "Send a contact request");
        if (!request.hasSdp()) throw new SipException(488, "Not Acceptable Here");
        // Judged before: a copy that is refused for its sender must not keep the genuine one away.
        if (!seen.isFirst(request)) throw new SipException(482, "Merged Request");
        Handset phone = handset.get().orElseThrow(() -> new SipException(480, "The phone is not there"));
        PhoneCall call = begin(phone, toPhone(phone, request.body()));
        String name = agent.nameOf(signer.address()).orElse(signer.address().text());
        var names =
                new CallToPhone.Names(signer.address(), name, agent.ua().us().address());
        new CallToPhone(Caller.of(incoming), devices, call, timers, names).ring();
    }

    private Descriptions toPhone(Handset phone, byte[] offer) throws SipException {
        if (phone.isWeb() && Bridges.isWeb(offer)) return new Untouched(offer);
        return new Bridged(Sound.of(() -> bridges.fromWeb(account.user(), offer)), sounding(phone));
    }

    private Descriptions fromPhone(Handset phone, byte[] offer) throws SipException {
        if (Bridges.isWeb(offer)) return new Untouched(offer);
        return new Bridged(Sound.of(() -> bridges.fromPhone(sounding(phone), offer)), sounding(phone));
    }

    Phone sounding(Handset phone) {
        return new Phone(account.user(), phone.source(), phone.isSecure());
    }

    PhoneCall begin(Handset phone, Descriptions descriptions) throws SipException {
        var call = new PhoneCall(phone, descriptions, this::ended);
        synchronized (this) {
            if (calls.size() < MAX_CALLS) {
                calls.add(call);
                return call;
            }
        }
        call.end();
        throw new SipException(486, "Busy Here");
    }

    private synchronized void ended(PhoneCall call) {
        calls.remove(call);
        unacknowledged.removeIf(each -> each.call() == call);
    }

    private synchronized Optional<PhoneCall> withDevice(SipMessage request) throws SipException {
        DialogId id = DialogId.of(request);
        return calls.stream()
                .filter(call -> call.isVerified() && call.isWithDevice(id))
                .findFirst();
    }

    synchronized Optional<PhoneCall> withNeighbour(SipMessage request) throws SipException {
        DialogId id = DialogId.of(request);
        return calls.stream()
                .filter(call -> !call.isVerified() && call.isWithDevice(id))
                .findFirst();
    }

    private synchronized Optional<PhoneCall> withPhone(SipMessage request) throws SipException {
        DialogId id = DialogId.of(request);
        return calls.stream().filter(call -> call.isWithPhone(id)).findFirst();
    }

    /// A call of the phone that nobody has answered yet: RFC 3261, section 15, lets its caller end it by BYE too.
    private synchronized Optional<CallFromPhone> ringing(SipMessage bye) {
        return unacknowledged.stream().filter(call -> call.isEarly(bye)).findFirst();
    }

    private void deviceLeft(Incoming incoming) throws SipException {
        PhoneCall call = withDevice(incoming.request()).orElseThrow(PhoneCall::noDialog);
        call.deviceLeft(() -> incoming.answer(200, "OK"));
    }

    /// A request of the phone, which has proven that it is this account's: INVITE, BYE, MESSAGE and the like.
    public void phoneAsks(SipMessage request, RequestReceived server) throws SipException {
        Demands.check(request);
        switch (request.method()) {
            case "INVITE" -> {
                if (request.toTag().isPresent())
                    reoffered(withPhone(request).orElseThrow(PhoneCall::noDialog), request, server);
                else phoneCalls(request, server);
            }
            case "BYE" -> {
                Optional<CallFromPhone> early = ringing(request);
                if (early.isEmpty()) {
                    PhoneCall call = withPhone(request).orElseThrow(PhoneCall::noDialog);
                    call.phoneLeft(() -> ok(request, server));
                } else {
                    ok(request, server);
                    early.get().cancelled();
                }
            }
            case "MESSAGE" -> Texts.fromPhone(agent, unverified, request, server, addressed(request));
            // Its word on whether anybody is there.
            case "INFO", "OPTIONS" -> {
                var _ = withPhone(request).orElseThrow(PhoneCall::noDialog);
                // RFC 6086, section 4.2.2. Keys that are sent so would be lost; a phone sends them as RFC 4733 says.
                // RFC 3261, section 20.1: an empty Accept says that none is taken.
                if (request.bodyLength() > 0)
                    throw new SipException(415, "Unsupported Media Type", new SipException.Header("Accept", ""));
                ok(request, server);
            }
            default -> throw Demands.notAllowed();
        }
    }

    private void reoffered(PhoneCall call, SipMessage request, RequestReceived server) throws SipException {
        Reoffers.ofPhone(call, request, server, said -> call.acceptedPhone(new Accepting(server, said, call, timers)));
    }

    private void phoneCalls(SipMessage request, RequestReceived server) throws SipException {
        if (agent.standing() != Agent.Standing.LISTED)
            throw new SipException(480, "None of your devices has allowed this phone yet");
        Address to = addressed(request);
        if (!request.hasSdp()) throw new SipException(488, "Not Acceptable Here");
        Handset phone = handset.get().orElseThrow(() -> new SipException(403, "Register first"));
        var from = new CallFromPhone(server, begin(phone, fromPhone(phone, request.body())), timers);
        synchronized (this) {
            unacknowledged.add(from);
        }
        // Looking somebody up takes its time; a CANCEL must be heard meanwhile.
        Thread.ofVirtual().name("dial").start(() -> dial(from, to, server));
    }

    private void dial(CallFromPhone from, Address to, RequestReceived server) {
        from.begin();
        try {
            switch (agent.whom(to)) {
                case Agent.Known(var theirs) -> from.dial(agent, to, theirs);
                case Agent.Withheld(int status, String why) -> throw new SipException(status, why);
                case Agent.Nobody _ -> unverified.dial(from, to);
            }
        } catch (DhtException e) {
            from.call().end();
            Answers.respond(
                    server,
                    new SipException(
                            503, "The directory does not answer", new SipException.Header("Retry-After", "10")));
        } catch (SipException e) {
            from.call().end();
            Answers.respond(server, Refusal.heard(e));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in calling for a phone", e);
            from.call().end();
            Answers.respond(server, new SipException(500, "Server Internal Error"));
        }
    }

    /// The phone has acknowledged an answer of ours.
    public void phoneAcknowledges(SipMessage ack) throws SipException {
        DialogId id = DialogId.of(ack);
        withPhone(ack).ifPresent(call -> call.phoneAcknowledges(ack.cseq()));
        synchronized (this) {
            for (var each : List.copyOf(unacknowledged))
                if (each.call().isWithPhone(id)) {
                    each.acknowledged();
                    unacknowledged.remove(each);
                }
        }
    }

    private static void ok(SipMessage request, RequestReceived server) throws SipException {
        server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
    }

    /// Whom the phone means: `sip:alice@example.net`, or, where a phone knows only names at its server,
    /// `sip:alice%40example.net@server`.
    static Address addressed(SipMessage request) throws SipException {
        try {
            if (request.uri().startsWith("tel:")) return Address.ofUri(request.uri());
            SipUri uri = SipUri.parse(request.uri());
            String user = uri.user();
            int escaped = user.toLowerCase(java.util.Locale.ROOT).indexOf("%40");
            if (escaped < 0) return Address.ofUri("sip:" + user + "@" + uri.host());
            return Address.ofUri("sip:" + user.substring(0, escaped) + "@" + user.substring(escaped + 3));
        } catch (IdentityException e) {
            throw new SipException(404, "That is no address (" + e.reason() + ")");
        }
    }

    /// The phone has come or gone: contacts see it.
    void phoneChanged() {
        agent.here(handset.get().isPresent());
    }

    synchronized boolean knows(DialogId id) {
        return calls.stream().anyMatch(call -> call.isWithPhone(id));
    }

    @Override
    public void close() {
        List<PhoneCall> all;
        synchronized (this) {
            all = List.copyOf(calls);
        }
        all.forEach(PhoneCall::end);
        agent.close();
        LOG.log(System.Logger.Level.DEBUG, () -> account + " ends");
    }
}
