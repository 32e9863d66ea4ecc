package dev.starling.proxy;

import dev.starling.identity.DeviceId;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.dialog.Subscription;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import java.util.function.Predicate;

/// Presence of the devices that are here (RFC 3856, RFC 6665): keeps what each published, tells its watchers, and
/// tells them at once when its flow ends. The documents are signed by their devices; this class cannot make one.
final class PresenceAgent {
    private static final System.Logger LOG = System.getLogger("starling.proxy");
    private static final int MAX_SUBSCRIPTIONS = 200_000, MAX_PER_DEVICE = 4_096;

    /// Of one watching device to one other: it refreshes with a new dialog before the old one ends.
    private static final int MAX_PER_WATCHER = 2;

    /// How a NOTIFY gets out: along the dialog's route set, with the answer's status for whoever cares.
    interface Sender {
        void send(Dialog dialog, Edit notify, IntConsumer status) throws SipException;
    }

    /// @param until the end of the signature
    private record Published(byte[] body, String signature, String tag, Instant until) {}

    /// A subscription with its place; `now` changes under this object's lock.
    private static final class Watch {
        final DialogId id;
        final DeviceId watcher;
        final DeviceId device;
        Subscription now;

        Watch(Subscription first, DeviceId watcher, DeviceId device) {
            id = first.dialog().id();
            now = first;
            this.watcher = watcher;
            this.device = device;
        }
    }

    private final Subscription.Terms terms;
    private final Clock clock;
    private final Sender sender;
    private final Predicate<DeviceId> here;
    private final Map<DeviceId, Published> published = new ConcurrentHashMap<>();
    private final Map<DialogId, Watch> watches = new HashMap<>();
    private final Map<DeviceId, Set<Watch>> byDevice = new HashMap<>();

    PresenceAgent(Self self, Clock clock, Sender sender, Predicate<DeviceId> here) {
        terms = new Subscription.Terms("presence", self.contact(), Duration.ofSeconds(1800));
        this.clock = clock;
        this.sender = sender;
        this.here = here;
    }

    void publish(DeviceId device, byte[] body, String signature, String tag, Instant until) {
        published.put(device, new Published(body, signature, tag, until));
        tell(device);
    }

    /// The entity tag of what a device has published (RFC 3903).
    Optional<String> tag(DeviceId device) {
        return Optional.ofNullable(published.get(device)).map(Published::tag);
    }

    /// The device's flow has ended, or it signed off, or withdrew what it had published.
    void gone(DeviceId device) {
        published.remove(device);
        tell(device);
    }

    private void tell(DeviceId device) {
        for (Watch each : watchesOf(device)) notify(each);
    }

    private synchronized List<Watch> watchesOf(DeviceId device) {
        return List.copyOf(byDevice.getOrDefault(device, Set.of()));
    }

    /// Takes a SUBSCRIBE that forms a dialog. Strangers, that is without `allowed`, get one NOTIFY `pending`; nothing
    /// of them is kept and nothing ever follows.
    void subscribe(SipMessage request, RequestReceived server, DeviceId watcher, DeviceId device, boolean allowed)
            throws SipException {
        var answered = Subscription.accept(request, TransactionLayer.tag(), terms, allowed, clock.instant());
        var watch = new Watch(answered.subscription(), watcher, device);
        boolean kept = allowed && watch.now.state() != Subscription.State.TERMINATED;
        if (kept) keep(watch);
        server.respond(answered.answer());
        if (allowed) notify(watch);
        else send(watch, Optional.empty());
    }

    private void keep(Watch watch) throws SipException {
        List<Watch> older;
        synchronized (this) {
            Set<Watch> all = byDevice.getOrDefault(watch.device, Set.of());
            older = new ArrayList<>(all.stream()
                    .filter(each -> each.watcher.equals(watch.watcher))
                    .toList());
            boolean full = watches.size() >= MAX_SUBSCRIPTIONS
                    || (all.size() >= MAX_PER_DEVICE && older.size() < MAX_PER_WATCHER);
            if (full) throw Refusals.tooMany("Too many subscriptions");
            watches.put(watch.id, watch);
            byDevice.computeIfAbsent(watch.device, _ -> new LinkedHashSet<>()).add(watch);
        }
        if (older.size() >= MAX_PER_WATCHER) remove(older.getFirst());
    }

    /// Takes a SUBSCRIBE inside a dialog: a refresh, or the end. RFC 6665, section 4.2.1.2: each has its NOTIFY.
    void refresh(SipMessage request, RequestReceived server) throws SipException {
        DialogId id = DialogId.of(request);
        Watch watch;
        synchronized (this) {
            watch = Optional.ofNullable(watches.get(id))
                    .orElseThrow(() -> new SipException(481, "Subscription does not exist"));
        }
        SipMessage answer;
        synchronized (watch) {
            var answered = watch.now.refresh(request, terms, clock.instant());
            watch.now = answered.subscription();
            answer = answered.answer();
        }
        server.respond(answer);
        notify(watch);
    }

    private void notify(Watch watch) {
        boolean over;
        synchronized (watch) {
            if (watch.now.isExpired(clock.instant())) watch.now = watch.now.terminated();
            over = watch.now.state() == Subscription.State.TERMINATED;
        }
        if (over) remove(watch);
        var shown = Optional.ofNullable(published.get(watch.device))
                .filter(p -> here.test(watch.device) && p.until.isAfter(clock.instant()));
        send(watch, shown);
    }

    private void send(Watch watch, Optional<Published> shown) {
        try {
            Subscription next;
            Edit notify;
            synchronized (watch) {
                var notified = watch.now.notification(clock.instant());
                next = watch.now = notified.subscription();
                notify = notified.request();
            }
            shown.ifPresent(p -> notify.add("Starling-Signature", p.signature).body("application/pidf+xml", p.body));
            sender.send(next.dialog(), notify, status -> {
                // RFC 6665, section 4.2.2. A watcher whose connection broke may come back.
                if (status >= 300 && status != 480) remove(watch);
            });
        } catch (SipException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    () -> "NOTIFY of call "
                            + Tokens.shown(watch.now.dialog().id().callId()) + ": " + e.getMessage());
        }
    }

    private synchronized void remove(Watch watch) {
        if (!watches.remove(watch.id, watch)) return;
        byDevice.computeIfPresent(watch.device, (_, all) -> {
            all.remove(watch);
            return all.isEmpty() ? null : all;
        });
    }

    /// Ends what has expired, and says so.
    void sweep() {
        Instant now = clock.instant();
        List<Watch> all;
        synchronized (this) {
            all = List.copyOf(watches.values());
        }
        for (Watch each : all) {
            boolean over;
            synchronized (each) {
                over = each.now.isExpired(now);
            }
            if (over) notify(each);
        }
    }

    /// Subscriptions kept.
    synchronized int size() {
        return watches.size();
    }
}
