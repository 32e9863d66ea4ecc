package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Finds what the DHT says about an address and believes only what verifies (docs/protocols/formats.md, sections 5 to
/// 7): a device counts when its certificate verifies **and** DEVICES lists it.
public record LocationService(
        Dht dht, String network, CertificateVerifier certificates, RecordOpener opener, Clock clock) {
    /// How a look-up ended.
    public sealed interface Lookup {
        /// Every value looked at, believed or not.
        List<Seen> seen();
    }

    public record Found(Address address, Map<DeviceId, Device> devices, List<Seen> seen) implements Lookup {}

    /// Nothing that could be opened lies there.
    public record Absent(List<Seen> seen) implements Lookup {}

    /// Something lies there, but nothing that verifies.
    public record Forged(List<Seen> seen) implements Lookup {}

    /// What is known of one device. `listed` is false for a ghost: certified, but on no list; nothing may be sent to
    /// it.
    public record Device(
            DeviceId id,
            String name,
            boolean listed,
            Optional<CertificateVerifier.Verified> certificate,
            Optional<Bodies.Location> location) {}

    /// One value and the verdict: `ok` or the reason.
    public record Seen(Kind kind, String verdict, String detail, Optional<SignedRecord> record) {}

    public Lookup find(Address address) throws DhtException {
        var master = Rendezvous.Master.of(address, network);
        var seen = new ArrayList<Seen>();
        var newest = new HashMap<String, RecordOpener.Opened>();
        for (Kind kind : List.of(Kind.CERT, Kind.DEVICES, Kind.LOCATION))
            for (Rendezvous place : master.around(kind, clock.instant())) look(address, place, seen, newest);
        if (newest.isEmpty())
            return seen.stream().anyMatch(s -> !s.verdict.equals("not-sealed")) ? new Forged(seen) : new Absent(seen);
        return new Found(address, devices(newest, seen), List.copyOf(seen));
    }

    private void look(Address address, Rendezvous place, List<Seen> seen, Map<String, RecordOpener.Opened> newest)
            throws DhtException {
        dht.lookup(place.hexKey(), Dht.Limits.USUAL, value -> {
            try {
                var opened = opener.open(Sealed.open(place, value.data()), place.kind(), address);
                var record = opened.record();
                newest.merge(
                        place.kind() + " " + record.device(),
                        opened,
                        (a, b) -> a.record().sequence() >= b.record().sequence() ? a : b);
                seen.add(new Seen(place.kind(), "ok", record.toString(), Optional.of(record)));
            } catch (IdentityException e) {
                seen.add(new Seen(place.kind(), e.reason(), String.valueOf(e.getMessage()), Optional.empty()));
            }
            return false;
        });
    }

    private Map<DeviceId, Device> devices(Map<String, RecordOpener.Opened> newest, List<Seen> seen) {
        Optional<DeviceChain> chain = chain(newest, seen);
        var devices = new TreeMap<DeviceId, Device>();
        for (var opened : newest.values()) {
            if (opened.record().body().isEmpty() || opened.record().kind() == Kind.DEVICES) continue;
            DeviceId id = opened.record().device();
            Device old = devices.getOrDefault(
                    id,
                    new Device(
                            id,
                            name(chain, id),
                            chain.map(c -> c.lists(id)).orElse(false),
                            Optional.empty(),
                            Optional.empty()));
            Optional<Bodies.Location> location = old.location;
            if (opened.record().kind() == Kind.LOCATION) {
                try {
                    location = Optional.of(Bodies.location(opened.record()));
                } catch (IdentityException e) {
                    seen.add(new Seen(Kind.LOCATION, e.reason(), "", Optional.empty()));
                }
            }
            devices.put(id, new Device(id, old.name, old.listed, Optional.of(opened.signer()), location));
        }
        return devices;
    }

    private static String name(Optional<DeviceChain> chain, DeviceId id) {
        return chain.map(c -> c.head().devices().get(id))
                .map(DeviceChain.Device::name)
                .orElse("");
    }

    // The longest chain of one root; with two roots and no memory, none (formats.md, section 7).
    private Optional<DeviceChain> chain(Map<String, RecordOpener.Opened> newest, List<Seen> seen) {
        Optional<DeviceChain> best = Optional.empty();
        for (var opened : newest.values()) {
            if (opened.record().kind() != Kind.DEVICES || opened.record().body().isEmpty()) continue;
            try {
                DeviceChain chain = DeviceChain.of(opened.record(), network);
                if (best.isEmpty() || chain.contains(best.get().head().hash())) best = Optional.of(chain);
                else if (!chain.root().hash().equals(best.get().root().hash())) {
                    seen.add(new Seen(Kind.DEVICES, "two-roots", "", Optional.empty()));
                    return Optional.empty();
                }
            } catch (IdentityException e) {
                seen.add(new Seen(
                        Kind.DEVICES, e.reason(), String.valueOf(e.getMessage()), Optional.of(opened.record())));
            }
        }
        return best;
    }
}
