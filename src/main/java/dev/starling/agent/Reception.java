package dev.starling.agent;

import dev.starling.cms.Body;
import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.record.Moved;
import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.time.Clock;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/// Takes what other devices write: opened, judged, once (docs/protocols/sip.md, section 6). What belongs to this
/// person's devices is for the agent; texts go to whoever shows them.
final class Reception {
    private static final System.Logger LOG = System.getLogger("starling.agent");

    /// Takes what the devices of this person say to each other.
    interface Own {
        void take(DeviceId from, Content content) throws IOException;
    }

    private final UserAgent ua;
    private final CertificateVerifier certificates;
    private final LocationService location;
    private final AgentStore store;
    private final OwnEntries entries;
    private final Own own;
    private final Reader reader;
    private final Receipts receipts;
    private final Clock clock;
    private final ReentrantLock turn = new ReentrantLock();

    Reception(
            UserAgent ua,
            CertificateVerifier certificates,
            LocationService location,
            AgentStore store,
            OwnEntries entries,
            Own own,
            Reader reader,
            Receipts receipts,
            Clock clock) {
        this.ua = ua;
        this.certificates = certificates;
        this.location = location;
        this.store = store;
        this.entries = entries;
        this.own = own;
        this.reader = reader;
        this.receipts = receipts;
        this.clock = clock;
        ua.on("MESSAGE", this::received);
    }

    private void received(Incoming incoming) throws SipException {
        var signer = incoming.signer().orElseThrow(() -> new SipException(428, "Use Identity Header"));
        Body body = open(incoming, signer);
        try {
            judge(incoming, signer, body);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "a message is not kept", e);
            throw new SipException(500, "Not stored");
        } catch (DhtException e) {
            throw new SipException(503, "Who wrote cannot be looked up", new SipException.Header("Retry-After", "10"));
        }
    }

    private Body open(Incoming incoming, CertificateVerifier.Verified signer) throws SipException {
        try {
            var opened = opened(incoming.request().body());
            if (opened.signer().device().equals(signer.device())) return opened.body();
        } catch (IdentityException e) {
            throw new SipException(e.reason().equals("not-for-this-key") ? 493 : 400, "Undecipherable");
        }
        throw new SipException(438, "Another signer inside");
    }

    private Body.Opened opened(byte[] cms) throws IdentityException {
        var us = new Body.Us(ua.us().device().key(), ua.us().address(), ua.us().id());
        return Body.open(cms, us, certificates, clock.instant());
    }

    private void judge(Incoming incoming, CertificateVerifier.Verified signer, Body body)
            throws SipException, IOException, DhtException {
        boolean mine = signer.address().equals(ua.us().address());
        if (!mine && !isContact(signer.address())) throw new SipException(603, "Declined");
        if (!isListed(signer)) throw new SipException(403, "Not a listed device");
        once(mine, signer, body);
        // Whoever writes it again did not hear that it was shown.
        if (body.content() instanceof Content.Text) receipts.owe(signer.address(), body.id());
        incoming.answer(200, "OK");
    }

    private void once(boolean mine, CertificateVerifier.Verified signer, Body body) throws SipException, IOException {
        turn.lock();
        try {
            if (store.hasSeen(signer.device(), body.id())) return;
            take(mine, signer, body);
            store.saw(signer.device(), body.id(), clock.instant().toEpochMilli());
        } finally {
            turn.unlock();
        }
    }

    /// What became of a letter.
    enum Outcome {
        TAKEN,
        /// It is nothing, now and later.
        REFUSED,
        /// Not believed now; what is known may change.
        UNDECIDED,
        /// Nobody is there to show it to.
        NOT_SHOWN
    }

    /// Whether letters in the name of that address are looked at.
    boolean mayWrite(Address address) {
        return address.equals(ua.us().address()) || isContact(address);
    }

    /// Takes a letter, whose record was believed, as a MESSAGE of the same signer with this id inside.
    Outcome left(CertificateVerifier.Verified signer, byte[] message, byte[] cms) throws IOException, DhtException {
        if (!isListed(signer)) return Outcome.UNDECIDED;
        Body body;
        try {
            var opened = opened(cms);
            boolean same = opened.signer().device().equals(signer.device())
                    && opened.signer().address().equals(signer.address())
                    && Arrays.equals(opened.body().id(), message);
            if (!same) return Outcome.REFUSED;
            body = opened.body();
        } catch (IdentityException e) {
            return Outcome.REFUSED;
        }
        boolean mine = signer.address().equals(ua.us().address());
        return switch (body.content()) {
            // Of these nobody leaves any (docs/protocols/formats.md, section 6).
            case Content.EndorseGrant _, Content.EndorseRefusal _, Content.EndorseRequest _ -> Outcome.REFUSED;
            default -> leftOnce(mine, signer, body);
        };
    }

    private Outcome leftOnce(boolean mine, CertificateVerifier.Verified signer, Body body) throws IOException {
        if (store.hasSeen(signer.device(), body.id())) return Outcome.TAKEN;
        try {
            once(mine, signer, body);
        } catch (SipException e) {
            return Outcome.NOT_SHOWN;
        }
        if (body.content() instanceof Content.Text) receipts.owe(signer.address(), body.id());
        return Outcome.TAKEN;
    }

    private boolean isContact(Address address) {
        return !entries.isBlocked(address)
                && entries.contact(address)
                        .map(person -> person.state() == Person.State.ACCEPTED)
                        .orElse(false);
    }

    /// Only devices that their owner listed are heard.
    private boolean isListed(CertificateVerifier.Verified signer) throws DhtException {
        return Post.devices(location, signer.address()).stream()
                .anyMatch(device -> device.id().equals(signer.device()));
    }

    private void take(boolean mine, CertificateVerifier.Verified signer, Body body) throws SipException, IOException {
        switch (body.content()) {
            case Content.Text text -> {
                if (!reader.show(signer, body, text)) throw new SipException(480, "Nobody there to show it");
            }
            case Content.EndorseGrant _, Content.EndorseRefusal _, Content.Entries _, Content.OwnKey _ -> {
                if (mine) own.take(signer.device(), body.content());
            }
            // Whether this person follows is asked elsewhere; the contact of the new address comes as an entry.
            case Content.Moved moved -> LOG.log(System.Logger.Level.DEBUG, "acknowledged: {0}", proven(signer, moved));
            // What concerns the person as a whole is for devices that can show it; here it is only acknowledged.
            case Content.Receipt _,
                    Content.Request _,
                    Content.Accept _,
                    Content.Decline _,
                    Content.Rotate _,
                    Content.EndorseRequest _,
                    Content.SentCopy _,
                    Content.ReadMark _,
                    Content.Summary _ -> LOG.log(System.Logger.Level.DEBUG, () -> "acknowledged: " + body);
        }
    }

    private Moved proven(CertificateVerifier.Verified signer, Content.Moved moved) throws SipException {
        try {
            var between = new Moved.Between(signer.address(), ua.us().address());
            return Moved.open(moved.statement(), between, location.network(), certificates, clock.instant());
        } catch (IdentityException e) {
            throw new SipException(603, "Declined");
        }
    }
}
