package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.locate.LocationService;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// One device of a person, run by a peer: it registers there, asks a listed device of the person to be allowed,
/// publishes, and knows what the person's devices share, so that it can call and write in their name.
public final class Agent implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");

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
    private final AgentStore store;
    private final Acquaintances acquaintances;
    private final Registering registering;
    private final Settling settling;
    private final Post post;
    private final Presence presence;
    private final Receipts receipts;
    private final Letters letters;
    private volatile Standing standing = Standing.ASKING;
    private volatile boolean closed, here;
    private volatile Consumer<Standing> told = _ -> {};

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
        this.store = store;
        var entries = new OwnEntries(store, clock);
        var membership = new Membership(ua.us(), store, clock);
        if (membership.isJoined()) standing = Standing.LISTED;
        post = new Post(ua, clock);
        presence = new Presence(ua, timers, clock);
        acquaintances = new Acquaintances(ua.us(), location, entries, store, clock);
        registering = new Registering(ua, entries, this::isAtWork, this::sayWhetherHere, timers);
        var sharing = new Sharing(ua.us(), location, membership, entries, this::sharedChanged, this::settleNow);
        var records = new OwnRecords(ua.us(), config.network(), store, shelf, clock);
        settling =
                new Settling(ua, config, location, records, membership, sharing, post, new Standings(), timers, clock);
        receipts = new Receipts(post, acquaintances, store, clock);
        var reception = new Reception(
                ua, location.certificates(), location, store, entries, sharing::heard, reader, receipts, clock);
        letters = new Letters(ua.us(), location, membership, store, reception, this::isHere, timers, clock);
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

    private final class Standings implements Settling.Standings {
        @Override
        public Standing now() {
            return standing;
        }

        @Override
        public void become(Standing next) {
            boolean changed = standing != next;
            standing = next;
            if (!changed) return;
            told.accept(next);
            sayWhetherHere();
        }

        @Override
        public void settled() {
            letters.look();
            receipts.payAll();
        }
    }

    public void start() {
        Thread.ofVirtual().name("agent").start(registering::register);
        settleNow();
    }

    private boolean isAtWork() {
        return !closed && standing != Standing.REMOVED;
    }

    private void sharedChanged() {
        registering.publishConsent();
        // Whoever is a contact now may have left something.
        letters.look();
    }

    private void settleNow() {
        settling.soon(Duration.ZERO);
    }

    /// Whether the person can be reached by this device now: contacts see it.
    public void here(boolean isHere) {
        here = isHere;
        sayWhetherHere();
        letters.look();
    }

    private boolean isHere() {
        return here && standing == Standing.LISTED;
    }

    private void sayWhetherHere() {
        presence.say(isHere());
    }

    /// What this person calls a contact; empty for others.
    public Optional<String> nameOf(Address address) {
        return acquaintances.nameOf(address);
    }

    /// Whether somebody may reach this person.
    public boolean admits(Address address) {
        return acquaintances.admits(address);
    }

    /// Whether somebody of whom nothing is proven may ring: only where strangers may, and never under the name of
    /// somebody who is a contact, was one, or is blocked.
    public boolean admitsStranger(Address named) {
        return acquaintances.admitsStranger(named);
    }

    /// Looks an address up. Whoever was ever verified, by this device or for anybody at this peer, or is in the address
    /// book, is never `Nobody` again: a store that hides somebody must not turn calls to him into unverified ones.
    public Whom whom(Address address) throws DhtException {
        return acquaintances.whom(address);
    }

    /// Signs a request that leaves for somebody who may not look at it: adds Identity. Via need not be there yet.
    ///
    /// @param dest whom it is for
    public void sign(Edit request, String dest) throws SipException {
        ua.sign(request, dest);
    }

    /// Whether a device stands on its owner's list: only such ones are heard.
    public boolean isListed(CertificateVerifier.Verified signer) {
        return acquaintances.isListed(signer);
    }

    Optional<byte[]> tokenFor(Address address) {
        return acquaintances.tokenFor(address);
    }

    /// Writes a text to devices of the addressee ([#whom]), with a copy for the person's own other devices. How many of
    /// the addressee's devices said, signed,
    /// that they have it.
    public int write(Address to, List<LocationService.Device> theirs, String text)
            throws DhtException, InterruptedException {
        Address us = ua.us().address();
        var sent = post.send(to, theirs, new Content.Text(text), tokenFor(to));
        var own = acquaintances.devices(us);
        if (!sent.taken().isEmpty() && !to.equals(us))
            post.send(us, own, new Content.SentCopy(to, sent.message(), text, sent.sent()), Optional.empty());
        return sent.taken().size();
    }

    @Override
    public void close() {
        closed = true;
        settling.close();
        letters.close();
        presence.close();
        ua.close();
        try {
            store.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing", e);
        }
    }
}
