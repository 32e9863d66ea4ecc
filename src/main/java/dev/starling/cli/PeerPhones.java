package dev.starling.cli;

import dev.starling.agent.Agent;
import dev.starling.agent.AgentStore;
import dev.starling.agent.Profile;
import dev.starling.agent.Shelf;
import dev.starling.agent.UserAgent;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.enrol.LogProofs;
import dev.starling.gate.Metrics;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.phone.PhoneAccount;
import dev.starling.phone.PhoneFolder;
import dev.starling.phone.PhoneLine;
import dev.starling.phone.Phones;
import dev.starling.record.Bodies;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// The phones of a peer: each is a device of its person, whose key lies here.
final class PeerPhones implements Phones.Lines {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final List<String> CAPABILITIES = List.of("message", "audio", "phone");

    private final Peer.Config config;
    private final DeviceId peer;
    private final CertificateVerifier verifier;
    private final PeerStore store;
    private final PeerSip sip;
    private final Clock clock;
    private final PhoneFolder folder;
    private final PhoneDoor door;
    private final AtomicReference<Optional<Phones>> phones = new AtomicReference<>(Optional.empty());

    private PeerPhones(
            Peer.Config config,
            DeviceId peer,
            CertificateVerifier verifier,
            PeerStore store,
            PeerSip sip,
            PhoneDoor door,
            Clock clock) {
        this.config = config;
        this.peer = peer;
        this.verifier = verifier;
        this.store = store;
        this.sip = sip;
        this.clock = clock;
        this.door = door;
        folder = new PhoneFolder(config.data().resolve("phones"));
    }

    static void open(
            Peer.Config config,
            Keys.Held key,
            CertificateVerifier verifier,
            PeerStore store,
            PeerSip sip,
            Metrics metrics,
            Routes routes,
            Parts parts,
            Clock clock)
            throws IOException {
        var door = parts.with(new PhoneDoor(config, sip, clock));
        var lines = new PeerPhones(config, key.id(), verifier, store, sip, door, clock);
        var phones = parts.with(new Phones(lines.folder, lines));
        lines.phones.set(Optional.of(phones));
        lines.folder.sayPlaces(door.places());
        routes.socket(PhoneDoor.PATH, parts.with(door.socket()));
        metrics.gauge("starling.phones", "SIP phones that this server speaks for", phones::size);
        phones.start();
        parts.with(new PhoneRenewal(lines.folder, verifier, sip.timers(), HttpLog::new, clock))
                .start();
        // Browsers do not wait for the first phone.
        if (config.classic().filter(each -> !each.browsers().isEmpty()).isPresent()) {
            var _ = door.open(phones);
        }
    }

    @Override
    public PhoneLine open(PhoneAccount account) throws IOException {
        String user = account.user();
        var side = door.open(phones.get().orElseThrow());
        Keys.Held held = Keys.load(folder.key(user));
        var proofs = new LogProofs(verifier, clock);
        var profile = new Profile(account.address(), held, () -> proofs.of(folder.key(user), held.chain()));
        var home = new UserAgent.Home(sip.edge(), place());
        var ua = new UserAgent(profile, PhoneLine.GATEWAY, home, verifier, sip.timers(), clock);
        var agentStore = new AgentStore(folder.store(user));
        var handset = side.handset(user);
        var agent = new Agent(
                ua,
                new Agent.Config(config.network(), account.label(), CAPABILITIES),
                sip.location(),
                shelf(),
                agentStore,
                (from, _, text) -> PhoneLine.show(handset.get(), from.address(), account.address(), text.text()),
                sip.timers(),
                clock);
        agent.onStanding(standing -> say(user, standing));
        var line = new PhoneLine(account, agent, handset, side.bridges(), side::classic, sip.timers());
        agent.start();
        return line;
    }

    private void say(String user, Agent.Standing standing) {
        try {
            folder.say(
                    user,
                    switch (standing) {
                        case ASKING -> "waits for another device of the person to allow it";
                        case LISTED -> "ready";
                        case REMOVED -> "was removed by its person";
                    });
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the standing of a phone is not written", e);
        }
    }

    private Bodies.PeerPlace place() {
        String uri = "sip:" + config.place().name() + ":" + config.place().sipPort() + ";transport=tls";
        return new Bodies.PeerPlace(uri, peer, config.base() + "/");
    }

    // As clients' values are kept: under the first half of the device's name, until the day of the place is over.
    private Shelf shelf() {
        return (place, device, record, expires) -> {
            try {
                var _ = store.publications()
                        .publish(
                                place.hexKey(),
                                new Dht.Value(
                                        place.valueId(device),
                                        Dht.Owner.local(device.hex().substring(0, 32)),
                                        Sealed.seal(place, record)),
                                Math.min(expires.getEpochSecond(), endOf(place)));
            } catch (DhtException e) {
                throw new IOException("the store does not take it: " + e.getMessage(), e);
            }
        };
    }

    private static long endOf(Rendezvous place) {
        Instant end = place.day().plusDays(1).atTime(1, 0).toInstant(ZoneOffset.UTC);
        return end.getEpochSecond();
    }
}
