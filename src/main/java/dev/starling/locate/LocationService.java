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
import dev.starling.record.SignedRecord;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Finds what the DHT says about an address and believes only what verifies (docs/protocols/formats.md, sections 5
/// to 7): a device counts when its certificate verifies **and** DEVICES lists it, and nobody entitled revoked it.
///
/// @param local local mode: places at private addresses are kept, which are dropped otherwise
public record LocationService(
        Dht dht, String network, CertificateVerifier certificates, RecordOpener opener, Clock clock, boolean local) {
    /// Out of local mode.
    public LocationService(
            Dht dht, String network, CertificateVerifier certificates, RecordOpener opener, Clock clock) {
        this(dht, network, certificates, opener, clock, false);
    }

    /// How a look-up ended.
    public sealed interface Lookup {
        /// Every value looked at, believed or not.
        List<Seen> seen();
    }

    /// `devices` holds what was certified, ghosts and revoked ones too, so that they can be shown.
    public record Found(Address address, Map<DeviceId, Device> devices, List<Seen> seen) implements Lookup {
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

    public Lookup find(Address address) throws DhtException {
        var master = Rendezvous.Master.of(address, network);
        var evidence = new Evidence(network, local);
        for (Kind kind : List.of(Kind.CERT, Kind.DEVICES, Kind.LOCATION))
            for (Rendezvous place : master.around(kind, clock.instant())) look(address, place, evidence);
        for (Rendezvous place : master.around(Kind.REVOKED, clock.instant())) revoked(address, place, evidence);
        var seen = evidence.seen();
        if (evidence.isEmpty())
            return seen.stream().anyMatch(s -> !s.verdict.equals("not-sealed")) ? new Forged(seen) : new Absent(seen);
        return new Found(address, evidence.devices(), evidence.seen());
    }

    private void look(Address address, Rendezvous place, Evidence evidence) throws DhtException {
        each(place, evidence, value -> evidence.believe(opener.open(value, place.kind(), address)));
    }

    private void revoked(Address address, Rendezvous place, Evidence evidence) throws DhtException {
        each(place, evidence, value -> evidence.believe(opener.revocation(value, address)));
    }

    private interface Reader {
        void read(byte[] record) throws IdentityException;
    }

    private void each(Rendezvous place, Evidence evidence, Reader reader) throws DhtException {
        Predicate<Dht.Value> one = value -> {
            try {
                reader.read(Sealed.open(place, value.data()));
            } catch (IdentityException e) {
                evidence.refuse(place.kind(), e);
            }
            return false;
        };
        dht.lookup(place.hexKey(), Dht.Limits.USUAL, one);
    }
}
