package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.enrol.Enrolment;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.locate.DayChange;
import dev.starling.locate.LocationService;
import dev.starling.record.DeviceChain;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// One device of a person, run by a peer: it registers there, asks a listed device of the person to be allowed,
/// publishes, and knows what the person's devices share, so that it can call and write in their name.
public final class Agent implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    private static final Duration REGISTER_AGAIN = Duration.ofMinutes(20), SOON = Duration.ofSeconds(5);
    private static final Duration ALL_AGAIN = Duration.ofHours(4), RAREST = Duration.ofMinutes(5);
    private static final int REGISTER_SECONDS = 1800;

    /// What an agent is to its person.
    public enum Standing {
        /// No device of the person has allowed it yet.
        ASKING,
        LISTED,
        /// It was taken off the list, and does nothing any more.
        REMOVED
    }

    /// What is known of an address.
    public sealed interface Whom {}

    /// Devices to which something may be sent; at least one.
    public record Known(List<LocationService.Device> devices) implements Whom {
        public Known {
            devices = List.copyOf(devices);
        }
    }

    /// Nothing may be sent there, and nothing unverified either. `status` and `why`: as SIP says it.
    public record Withheld(int status, String why) implements Whom {}

    /// Nothing is known, and never was: who sends something there unverified breaks no promise.
    public record Nobody() implements Whom {}

    /// @param deviceName by which the person knows it on the list, at most 64 characters
    /// @param capabilities said in LOCATION
    public record Config(String network, String deviceName, List<String> capabilities) {}

    private final UserAgent ua;
    private final Config config;
    private final LocationService location;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private final AgentStore store;
    private final OwnRecords records;
    private final OwnEntries entries;
    private final Membership membership;
    private final Post post;
    private final ReentrantLock turn = new ReentrantLock(), settling = new ReentrantLock();
    private volatile Standing standing = Standing.ASKING;
    private volatile boolean closed, here;
    private final Presence presence;
    private volatile Consumer<Standing> told = _ -> {};
    private Runnable stopSettling = () -> {};
    private Duration pause = SOON;
    private Instant placedUntil = Instant.EPOCH;
    private Optional<byte[]> placedUnder = Optional.empty();
    private Optional<Early> early = Optional.empty();

    public Agent(
            UserAgent ua,
            Config config,
            LocationService location,
            Shelf shelf,
            AgentStore store,
            Reader reader,
            TransactionLayer.Timers timers,
            Clock clock)
            throws IOException {
        this.ua = ua;
        this.config = config;
        this.location = location;
        this.timers = timers;
        this.clock = clock;
        this.store = store;
        records = new OwnRecords(ua.us(), config.network(), store, shelf, clock);
        entries = new OwnEntries(store, clock);
        membership = new Membership(ua.us(), store, clock);
        post = new Post(ua, clock);
        presence = new Presence(ua, timers, clock);
        if (membership.isJoined()) standing = Standing.LISTED;
        var _ = new Reception(
                ua, location.certificates(), location, store, entries, this::heard, reading(reader), clock);
    }

    // Whoever wrote is told that it was shown, once that is true.
    private Reader reading(Reader reader) {
        return (from, body, text) -> {
            if (!reader.show(from, body, text)) return false;
            Thread.ofVirtual().name("receipt").start(() -> acknowledge(from.address(), body.id()));
            return true;
        };
    }

    public UserAgent ua() {
        return ua;
    }

    public Standing standing() {
        return standing;
    }

    /// Names who hears of what this agent is to its person, now and whenever it changes.
    public void onStanding(Consumer<Standing> whom) {
        told = whom;
        whom.accept(standing);
    }

    private void stand(Standing next) {
        boolean changed = standing != next;
        standing = next;
        if (!changed) return;
        told.accept(next);
        presence.say(here && next == Standing.LISTED);
    }

    public void start() {
        Thread.ofVirtual().name("agent").start(this::register);
        soon(Duration.ZERO);
    }

    private void register() {
        if (closed || standing == Standing.REMOVED) return;
        var us = ua.us();
        String contact =
                "<sip:agent@" + us.id().hex().substring(0, 12) + ".invalid;transport=ws>;reg-id=1;+sip.instance=\"<"
                        + us.id().instance() + ">\";expires=" + REGISTER_SECONDS;
        try {
            ua.send(
                    ua.toHome("REGISTER").with("Contact", contact).with("Supported", "path, outbound, gruu"),
                    List.of(),
                    answer -> {
                        if (answer.status() < 200) return;
                        boolean ok = answer.status() == 200;
                        if (!ok)
                            LOG.log(
                                    System.Logger.Level.WARNING,
                                    us.address() + " is not registered here: "
                                            + answer.message().reason());
                        var _ = timers.after(ok ? REGISTER_AGAIN : SOON, this::register);
                        if (!ok) return;
                        publishConsent();
                        presence.say(here && standing == Standing.LISTED);
                    });
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    private void soon(Duration after) {
        turn.lock();
        try {
            stopSettling.run();
            if (!closed) stopSettling = timers.after(after, this::settle);
        } finally {
            turn.unlock();
        }
    }

    /// Brings the world up to date with this device, and this device with its person's others.
    private void settle() {
        Duration next;
        settling.lock();
        try {
            if (closed || standing == Standing.REMOVED) return;
            next = settled();
        } catch (DhtException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> ua.us().address() + ": the store does not answer: " + e.getMessage());
            next = later();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "an agent's records are not written", e);
            next = later();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } finally {
            settling.unlock();
        }
        soon(next);
    }

    private Duration settled() throws DhtException, IOException, InterruptedException {
        publishPlace();
        if (!(location.find(ua.us().address()) instanceof LocationService.Found found)) return later();
        var lists = OwnLists.of(found, ua.us().id(), config.network());
        var list = lists.ours(membership.admittedBy());
        if (list.isEmpty() || lists.isRevoked()) return unlisted(found, lists);
        if (!membership.isJoined()) return ask(found);
        stand(Standing.LISTED);
        warnOfTheEnd();
        records.devices(list.get());
        // Whoever let us in writes that down some seconds later; what it says meanwhile may come before its grant.
        if (!share(list.get())) return later();
        pause = SOON;
        Duration left = Duration.between(clock.instant(), placedUntil);
        return left.compareTo(SOON) > 0 ? left : SOON;
    }

    /// Whoever lets us in must be able to reach us. Again with another friends key, after hours, and on a new day.
    private void publishPlace() throws IOException {
        Instant now = clock.instant();
        var key = membership.friendsKey();
        if (now.isBefore(placedUntil) && same(key, placedUnder)) return;
        records.certificate();
        records.location(List.of(ua.home().place()), config.capabilities(), key);
        Instant day = DayChange.after(now, new SplittableRandom());
        placedUntil = day.isBefore(now.plus(ALL_AGAIN)) ? day : now.plus(ALL_AGAIN);
        placedUnder = key;
    }

    /// Ever more rarely, until all is well again.
    private Duration later() {
        Duration now = pause;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(RAREST) < 0 ? doubled : RAREST;
        return now;
    }

    private void warnOfTheEnd() {
        var leaf = ua.us().device().chain().getFirst();
        if (Enrolment.isDue(leaf, clock.instant()))
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> "the certificate of a device of " + ua.us().address() + " ends "
                            + leaf.getNotAfter().toInstant() + ": renew it");
    }

    private Duration unlisted(LocationService.Found found, OwnLists lists) throws IOException, InterruptedException {
        if (standing == Standing.LISTED && (lists.isKnown() || lists.isRevoked())) {
            LOG.log(System.Logger.Level.INFO, ua.us().address() + ": this device was taken off the list");
            stand(Standing.REMOVED);
            records.withdraw(membership.friendsKey());
            membership.leave();
            return ALL_AGAIN;
        }
        return ask(found);
    }

    private Duration ask(LocationService.Found found) throws IOException, InterruptedException {
        var devices = found.verified().stream()
                .filter(device ->
                        !device.id().equals(ua.us().id()) && device.location().isPresent())
                .toList();
        if (!devices.isEmpty())
            post.send(ua.us().address(), devices, membership.request(config.deviceName()), Optional.empty());
        return membership.isToldACode() ? SOON : later();
    }

    /// Reads what the other devices left in the DHT; false when that is nothing yet.
    private boolean share(DeviceChain list) throws DhtException, IOException {
        var offered = OwnPacks.read(location, ua.us().address(), membership.ownKey(), list::lists);
        merge(offered);
        return !offered.isEmpty();
    }

    private void merge(List<Content.Entry> offered) throws IOException {
        if (!entries.merge(offered)) return;
        var before = membership.friendsKey();
        entries.friends((key, version) -> {
            try {
                membership.friends(key, version);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "a friends key is not kept", e);
            }
        });
        publishConsent();
        // Contacts look under the new key from now on.
        if (!same(before, membership.friendsKey())) soon(Duration.ZERO);
    }

    private static boolean same(Optional<byte[]> a, Optional<byte[]> b) {
        return java.util.Arrays.equals(a.orElse(new byte[0]), b.orElse(new byte[0]));
    }

    /// What a device shares that has not let us in yet: its grant may be on its way. Under the lock of the turn.
    private record Early(DeviceId from, Content.Entries said) {}

    /// What another device of this person said.
    private void heard(DeviceId from, Content content) throws IOException {
        switch (content) {
            case Content.EndorseGrant grant -> {
                if (!membership.take(grant, from)) return;
                if (early.isPresent() && early.get().from.equals(from))
                    merge(early.get().said.entries());
                early = Optional.empty();
                soon(Duration.ZERO);
            }
            case Content.Entries said -> {
                if (membership.isJoined()) merge(said.entries());
                else early = Optional.of(new Early(from, said));
            }
            case Content.OwnKey key -> membership.take(key);
            // What the list says counts.
            case Content.EndorseRefusal _ -> soon(Duration.ZERO);
            default -> throw new IllegalArgumentException("not between own devices");
        }
    }

    /// Whether the person can be reached by this device now: contacts see it.
    public void here(boolean isHere) {
        here = isHere;
        presence.say(isHere && standing == Standing.LISTED);
    }

    private void publishConsent() {
        try {
            var publish =
                    ua.toHome("PUBLISH").with("Event", "starling-consent").body("application/cbor", entries.consent());
            ua.send(publish, List.of(), answer -> {
                if (answer.status() >= 300)
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "consent is not taken: " + answer.message().reason());
            });
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What this person calls a contact; empty for others.
    public Optional<String> nameOf(Address address) {
        return entries.contact(address).map(Person::name).filter(name -> !name.isEmpty());
    }

    /// Whether somebody may reach this person.
    public boolean admits(Address address) {
        boolean friend = entries.contact(address)
                .map(person -> person.state() == Person.State.ACCEPTED)
                .orElse(address.equals(ua.us().address()));
        return !entries.isBlocked(address) && (friend || entries.strangersRing());
    }

    /// Whether somebody of whom nothing is proven may ring: only where strangers may, and never under the name of
    /// somebody who is a contact, was one, or is blocked.
    public boolean admitsStranger(Address named) {
        return entries.strangersRing()
                && !entries.isBlocked(named)
                && entries.contact(named).isEmpty();
    }

    /// Looks an address up. Whoever was ever verified, by this device or for anybody at this peer, or is in the address
    /// book, is never `Nobody` again: a store that hides somebody must not turn calls to him into unverified ones.
    public Whom whom(Address address) throws DhtException {
        return switch (location.find(address)) {
            case LocationService.Found found -> {
                if (!found.verified().isEmpty()) remember(address);
                var devices = notOurs(found.verified());
                yield devices.isEmpty() ? new Withheld(404, "Nobody with this address is known") : new Known(devices);
            }
            case LocationService.Forged _ -> new Withheld(404, "Nothing genuine is known of this address");
            case LocationService.Absent _ ->
                wasVerified(address)
                        ? new Withheld(403, "Verified before and not found now: not called unverified")
                        : new Nobody();
        };
    }

    private boolean wasVerified(Address address) {
        try {
            return address.equals(ua.us().address())
                    || entries.contact(address).isPresent()
                    || store.hasVerified(address)
                    || location.remembers(address);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "whom this device verified cannot be read", e);
            return true;
        }
    }

    private void remember(Address address) {
        try {
            store.verified(address, clock.instant().toEpochMilli());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "whom this device verified is not kept", e);
        }
    }

    /// Signs a request that leaves for somebody who may not look at it: adds Identity. Via need not be there yet.
    ///
    /// @param dest whom it is for
    public void sign(Edit request, String dest) throws SipException {
        ua.sign(request, dest);
    }

    /// Whether a device stands on its owner's list: only such ones are heard.
    public boolean isListed(CertificateVerifier.Verified signer) {
        try {
            boolean listed = Post.devices(location, signer.address()).stream()
                    .anyMatch(device -> device.id().equals(signer.device()));
            if (listed) remember(signer.address());
            return listed;
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "who calls cannot be looked up: " + e.getMessage());
            return false;
        }
    }

    Optional<byte[]> tokenFor(Address address) {
        return entries.contact(address).flatMap(Person::theirs);
    }

    /// The devices of somebody to which something may be sent, without this one.
    List<LocationService.Device> devices(Address address) throws DhtException {
        return notOurs(Post.devices(location, address));
    }

    private List<LocationService.Device> notOurs(List<LocationService.Device> devices) {
        return devices.stream()
                .filter(device -> !device.id().equals(ua.us().id()))
                .toList();
    }

    /// Writes a text to devices of the addressee ([#whom]), with a copy for the person's own other devices. How many of
    /// the addressee's devices said, signed,
    /// that they have it.
    public int write(Address to, List<LocationService.Device> theirs, String text)
            throws DhtException, InterruptedException {
        var sent = post.send(to, theirs, new Content.Text(text), tokenFor(to));
        var own = devices(ua.us().address());
        if (!sent.taken().isEmpty() && !to.equals(ua.us().address()))
            post.send(
                    ua.us().address(),
                    own,
                    new Content.SentCopy(to, sent.message(), text, sent.sent()),
                    Optional.empty());
        return sent.taken().size();
    }

    /// Tells the sender's devices that a message was shown here.
    private void acknowledge(Address sender, byte[] message) {
        try {
            var _ = post.send(sender, devices(sender), new Content.Receipt(List.of(message), 1), tokenFor(sender));
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "a receipt is not sent: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        turn.lock();
        try {
            closed = true;
            stopSettling.run();
        } finally {
            turn.unlock();
        }
        presence.close();
        ua.close();
        try {
            store.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing", e);
        }
    }
}
