package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SequenceMemory;
import dev.starling.record.SignedRecord;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Finds what the DHT says about an address and believes only what verifies (docs/protocols/formats.md, sections 5
/// to 7): a device counts when its certificate verifies **and** DEVICES lists it, and nobody entitled revoked it.
///
/// @param local local mode: places at private addresses are kept, which are dropped otherwise
/// @param memory what is remembered between look-ups: without it the reader has none
public record LocationService(
        Dht dht,
        String network,
        CertificateVerifier certificates,
        RecordOpener opener,
        Clock clock,
        boolean local,
        Optional<Memory> memory) {
    private static final int MOST_RECOMMENDED = 32;

    /// Out of local mode, and without memory.
    public LocationService(
            Dht dht, String network, CertificateVerifier certificates, RecordOpener opener, Clock clock) {
        this(dht, network, certificates, opener, clock, false);
    }

    public LocationService(
            Dht dht,
            String network,
            CertificateVerifier certificates,
            RecordOpener opener,
            Clock clock,
            boolean local) {
        this(dht, network, certificates, opener, clock, local, Optional.empty());
    }

    /// How a look-up ended.
    public sealed interface Lookup {
        /// Every value looked at, believed or not.
        List<Seen> seen();
    }

    /// `devices` holds what was certified, ghosts and revoked ones too, so that they can be shown; `newest` the newest
    /// record of each kind and device, tombstones too.
    public record Found(Address address, Map<DeviceId, Device> devices, List<SignedRecord> newest, List<Seen> seen)
            implements Lookup {
        /// The devices that something may be sent to.
        public List<Device> verified() {
            return devices.values().stream().filter(Device::verified).toList();
        }
    }

    /// Nothing that could be opened lies there.
    public record Absent(List<Seen> seen) implements Lookup {}

    /// Something lies there, but nothing that verifies.
    public record Forged(List<Seen> seen) implements Lookup {}

    /// What is known of one device. `listed` is false for a ghost: certified, but on no list; nothing may be sent to
    /// it. `revoked`: somebody entitled took it out.
    public record Device(
            DeviceId id,
            String name,
            boolean listed,
            boolean revoked,
            Optional<CertificateVerifier.Verified> certificate,
            Optional<Bodies.Location> location) {
        public boolean verified() {
            return listed && !revoked && certificate.isPresent();
        }
    }

    /// One value and the verdict: `ok` or the reason.
    public record Seen(Kind kind, String verdict, String detail, Optional<SignedRecord> record) {}

    /// Everything that counts; an absence only after a second look, for a young DHT misses some.
    public Lookup find(Address address) throws DhtException {
        return find(address, Rendezvous.Master.of(address, network));
    }

    /// The same for whoever keeps the master of that address, which takes longer to compute than most look-ups.
    public Lookup find(Address address, Rendezvous.Master master) throws DhtException {
        Lookup first = look(address, master);
        return first instanceof Absent ? look(address, master) : first;
    }

    private Lookup look(Address address, Rendezvous.Master master) throws DhtException {
        var takenBefore = memory.map(m -> m.revoked(address)).orElse(Map.of());
        var evidence = new Evidence(network, local, memory.flatMap(m -> m.list(address)), takenBefore);
        new Search(dht, opener, address, evidence).run(master, clock.instant());
        var seen = evidence.seen();
        if (evidence.isEmpty())
            return seen.stream().anyMatch(s -> !s.verdict.equals("not-sealed")) ? new Forged(seen) : new Absent(seen);
        var devices = evidence.devices();
        memory.ifPresent(m ->
                evidence.believed().ifPresent(list -> m.believed(address, list, evidence.takenOut(list), takenBefore)));
        return new Found(address, devices, evidence.newest(), evidence.seen());
    }

    /// Whether a list of this address was believed before, by whoever shares the memory.
    public boolean remembers(Address address) {
        return memory.map(each -> each.knows(address)).orElse(false);
    }

    /// The peers that a domain recommends, by whoever proved to be `peers@` it; the newest word of each device.
    public List<Bodies.PeerPlace> recommended(String domain) throws DhtException, IdentityException {
        var places = new ArrayList<Bodies.PeerPlace>();
        for (SignedRecord record : recommendations(Address.parse("peers@" + domain)))
            if (record.body().isPresent())
                places.addAll(Bodies.peers(record.body().get()));
        return places.stream()
                .filter(each -> local || !each.isPrivate())
                .map(each -> local ? each : each.withPublicBase())
                .distinct()
                .limit(MOST_RECOMMENDED)
                .toList();
    }

    /// The newest PEERS record of each device of an address, tombstones too.
    public List<SignedRecord> recommendations(Address address) throws DhtException {
        var newest = new TreeMap<DeviceId, SignedRecord>();
        for (SignedRecord record : records(Kind.PEERS, address, Rendezvous.Master.of(address, network), opener))
            newest.merge(record.device(), record, (a, b) -> a.sequence() >= b.sequence() ? a : b);
        return List.copyOf(newest.values());
    }

    /// What one person's devices share lies in packs, each at a place of its own: an older one of a device says nothing
    /// about another, so sequences are not looked at (docs/protocols/formats.md, section 10).
    public List<SignedRecord> own(Address address, Rendezvous.Master master) throws DhtException {
        var unordered = new RecordOpener(network, certificates, SequenceMemory.none(), clock);
        return records(Kind.OWN, address, master, unordered);
    }

    private List<SignedRecord> records(Kind kind, Address address, Rendezvous.Master master, RecordOpener with)
            throws DhtException {
        var all = new ArrayList<SignedRecord>();
        for (Rendezvous place : master.around(kind, clock.instant()))
            dht.lookup(place.hexKey(), Dht.Limits.USUAL, value -> {
                try {
                    all.add(with.open(Sealed.open(place, value.data()), kind, address)
                            .record());
                } catch (IdentityException e) {
                    System.getLogger("starling.locate").log(System.Logger.Level.DEBUG, () -> kind + ": " + e.reason());
                }
                return false;
            });
        return all;
    }
}
