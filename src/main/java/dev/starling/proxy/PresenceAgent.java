package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Presence of the devices that are here (RFC 3856, RFC 6665): keeps what each published, tells its watchers, and
/// tells them at once when its flow ends. The documents are signed by their devices; this class cannot make one.
final class PresenceAgent {
    private static final int MAX_SUBSCRIPTIONS = 200_000, MAX_PER_DEVICE = 4_096;
    private static final long MAX_EXPIRES = 600;

    /// How a NOTIFY gets out: along the watcher's Route, with the answer's status for whoever cares.
    interface Sender {
        void send(SipMessage notify, java.util.function.IntConsumer status) throws SipException;
    }

    private record Published(byte[] body, String signature, Instant until) {}

    private static final class Subscription {
        final SipMessage request;
        final String localTag;
        final DeviceId device;
        final boolean active;
        Instant expires;
        long cseq = 1;

        Subscription(SipMessage request, String localTag, DeviceId device, boolean active, Instant expires) {
            this.request = request;
            this.localTag = localTag;
            this.device = device;
            this.active = active;
            this.expires = expires;
        }

        String key() {
            return request.callId() + " " + localTag;
        }
    }

    private final Self self;
    private final Clock clock;
    private final Sender sender;
    private final java.util.function.Predicate<DeviceId> here;
    private final Map<DeviceId, Published> published = new ConcurrentHashMap<>();
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();
    private final Map<DeviceId, Set<Subscription>> watchers = new ConcurrentHashMap<>();

    PresenceAgent(Self self, Clock clock, Sender sender, java.util.function.Predicate<DeviceId> here) {
        this.self = self;
        this.clock = clock;
        this.sender = sender;
        this.here = here;
    }

    void publish(DeviceId device, byte[] body, String signature, Instant until) {
        published.put(device, new Published(body, signature, until));
        tell(device);
    }

    /// The device's flow has ended, or it signed off.
    void gone(Address address, DeviceId device) {
        published.remove(device);
        tell(device);
    }

    /// A device is here (again): its watchers wait for what it publishes.
    private void tell(DeviceId device) {
        for (Subscription each : watchers.getOrDefault(device, Set.of())) if (each.active) notify(each, "active");
    }

    /// Answers a SUBSCRIBE that forms a dialog. `allowed` is false for strangers, who get `pending` and never
    /// anything else.
    SipMessage subscribe(SipMessage request, DeviceId device, boolean allowed) throws SipException {
        checkEvent(request);
        if (subscriptions.size() >= MAX_SUBSCRIPTIONS) throw new SipException(503, "Too many subscriptions");
        var all = watchers.computeIfAbsent(device, _ -> ConcurrentHashMap.newKeySet());
        if (all.size() >= MAX_PER_DEVICE) throw new SipException(503, "Too many subscriptions");
        long seconds = expires(request);
        var subscription = new Subscription(
                request,
                TransactionLayer.tag(),
                device,
                allowed,
                clock.instant().plusSeconds(seconds));
        if (seconds > 0 && allowed) {
            subscriptions.put(subscription.key(), subscription);
            all.add(subscription);
        }
        return accepted(request, subscription.localTag, seconds);
    }

    /// Answers a SUBSCRIBE inside a dialog: a refresh, or the end.
    SipMessage refresh(SipMessage request) throws SipException {
        checkEvent(request);
        var subscription =
                subscriptions.get(request.callId() + " " + request.toTag().orElse(""));
        if (subscription == null) throw new SipException(481, "Subscription does not exist");
        long seconds = expires(request);
        subscription.expires = clock.instant().plusSeconds(seconds);
        if (seconds == 0) remove(subscription);
        return accepted(request, subscription.localTag, seconds);
    }

    /// The NOTIFY that follows each SUBSCRIBE at once (RFC 6665, section 4.2.1.2).
    void afterwards(SipMessage request, SipMessage answer, DeviceId device, boolean allowed) {
        String tag = answer.toTag().orElse("");
        var subscription = subscriptions.get(request.callId() + " " + tag);
        if (subscription != null) notify(subscription, "active");
        else notify(new Subscription(request, tag, device, false, clock.instant()), allowed ? "terminated" : "pending");
    }

    private static void checkEvent(SipMessage request) throws SipException {
        if (!request.required("event").split(";")[0].trim().equals("presence"))
            throw new SipException(489, "Bad Event");
    }

    private static long expires(SipMessage request) {
        return Math.min(
                MAX_EXPIRES, request.first("expires").map(Long::parseLong).orElse(MAX_EXPIRES));
    }

    private SipMessage accepted(SipMessage request, String tag, long seconds) throws SipException {
        var answer = Edit.response(request, 200, "OK", tag);
        for (String route : request.all("record-route")) answer.add("Record-Route", route);
        return answer.add("Contact", self.contact())
                .add("Expires", String.valueOf(seconds))
                .build();
    }

    private void notify(Subscription to, String state) {
        long left = Math.max(0, to.expires.getEpochSecond() - clock.instant().getEpochSecond());
        if (to.active && left == 0 && !state.equals("terminated")) {
            remove(to);
            return;
        }
        try {
            sender.send(compose(to, state, left), status -> {
                if (status >= 300 && status != 480) remove(to);
            });
        } catch (SipException e) {
            System.getLogger("starling.proxy").log(System.Logger.Level.DEBUG, () -> "NOTIFY: " + e.getMessage());
        }
    }

    private SipMessage compose(Subscription to, String state, long left) throws SipException {
        SipMessage request = to.request;
        var notify = Edit.request(
                "NOTIFY",
                dev.starling.sip.message.NameAddr.parse(request.required("contact"))
                        .uri());
        for (String route : request.elements("record-route")) notify.add("Route", route);
        long number;
        synchronized (to) {
            number = to.cseq++;
        }
        notify.add("Max-Forwards", "70")
                .add("From", request.required("to") + (request.toTag().isPresent() ? "" : ";tag=" + to.localTag))
                .add("To", request.required("from"))
                .add("Call-ID", request.callId())
                .add("CSeq", number + " NOTIFY")
                .add("Contact", self.contact())
                .add("Event", "presence")
                .add(
                        "Subscription-State",
                        state.equals("terminated") ? "terminated;reason=timeout" : state + ";expires=" + left);
        Optional<Published> shown = Optional.ofNullable(published.get(to.device))
                .filter(p -> state.equals("active") && here.test(to.device) && p.until.isAfter(clock.instant()));
        if (shown.isPresent()) {
            notify.add("Starling-Signature", shown.get().signature);
            notify.body("application/pidf+xml", shown.get().body);
        }
        return notify.add(
                        "Via",
                        "SIP/2.0/TLS " + self.host() + ":" + self.port() + ";branch=" + TransactionLayer.branch())
                .build();
    }

    private void remove(Subscription subscription) {
        subscriptions.remove(subscription.key());
        watchers.computeIfPresent(subscription.device, (_, all) -> {
            all.remove(subscription);
            return all.isEmpty() ? null : all;
        });
    }

    /// Forgets what has expired.
    void sweep() {
        Instant now = clock.instant();
        for (Subscription each : List.copyOf(subscriptions.values())) if (!each.expires.isAfter(now)) remove(each);
    }
}
