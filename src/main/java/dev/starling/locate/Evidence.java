package dev.starling.locate;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService.Device;
import dev.starling.locate.LocationService.Seen;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener.Opened;
import dev.starling.record.Revocation;
import dev.starling.record.SignedRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// What one look-up brought, and what follows from all of it together.
final class Evidence {
    private final String network;
    private final boolean local;
    private final List<Seen> seen = new ArrayList<>();
    private final Map<String, Opened> newest = new HashMap<>();
    private final Map<DeviceId, Revocation> revocations = new HashMap<>();

    Evidence(String network, boolean local) {
        this.network = network;
        this.local = local;
    }

    void believe(Opened opened) {
        SignedRecord record = opened.record();
        newest.merge(
                record.kind() + " " + record.device(),
                opened,
                (a, b) -> a.record().sequence() >= b.record().sequence() ? a : b);
        seen.add(new Seen(record.kind(), "ok", record.toString(), Optional.of(record)));
    }

    void believe(Revocation revocation) {
        SignedRecord record = revocation.record();
        revocations.merge(
                record.device(),
                revocation,
                (a, b) -> a.record().sequence() >= b.record().sequence() ? a : b);
        seen.add(new Seen(Kind.REVOKED, "ok", record.toString(), Optional.of(record)));
    }

    void refuse(Kind kind, IdentityException why) {
        seen.add(new Seen(kind, why.reason(), String.valueOf(why.getMessage()), Optional.empty()));
    }

    boolean isEmpty() {
        return newest.isEmpty();
    }

    List<Seen> seen() {
        return List.copyOf(seen);
    }

    /// Every certified device, with what counts against it.
    Map<DeviceId, Device> devices() {
        List<DeviceChain> heads = heads();
        Set<DeviceId> listed = listed(heads);
        Set<DeviceId> revoked = Revocation.taken(revocations.values(), listed, issuers());
        var devices = new TreeMap<DeviceId, Device>();
        for (var opened : newest.values()) {
            if (opened.record().body().isEmpty() || opened.record().kind() == Kind.DEVICES) continue;
            DeviceId id = opened.record().device();
            Optional<Bodies.Location> location =
                    opened.record().kind() == Kind.LOCATION ? location(opened.record()) : Optional.empty();
            Optional<Bodies.Location> known =
                    Optional.ofNullable(devices.get(id)).flatMap(Device::location);
            devices.put(
                    id,
                    new Device(
                            id,
                            name(heads, id),
                            listed.contains(id),
                            revoked.contains(id),
                            Optional.of(opened.signer()),
                            location.or(() -> known)));
        }
        return devices;
    }

    private Map<DeviceId, DeviceId> issuers() {
        var issuers = new HashMap<DeviceId, DeviceId>();
        for (var opened : newest.values())
            issuers.put(opened.signer().device(), opened.signer().issuer());
        return issuers;
    }

    private Optional<Bodies.Location> location(SignedRecord record) {
        try {
            Bodies.Location location = Bodies.location(record);
            if (local) return Optional.of(location);
            var peers = location.peers().stream()
                    .filter(peer -> !peer.isPrivate())
                    .map(Bodies.PeerPlace::withPublicBase)
                    .toList();
            if (!peers.isEmpty())
                return Optional.of(new Bodies.Location(peers, location.gruu(), location.capabilities()));
            refuse(Kind.LOCATION, new IdentityException("private-target"));
        } catch (IdentityException e) {
            refuse(Kind.LOCATION, e);
        }
        return Optional.empty();
    }

    private static String name(List<DeviceChain> heads, DeviceId id) {
        return heads.stream()
                .flatMap(chain -> Optional.ofNullable(chain.head().devices().get(id)).stream())
                .map(DeviceChain.Device::name)
                .findFirst()
                .orElse("");
    }

    /// The chains that no other one continues; none when there are two roots, for a reader without memory cannot tell
    /// which is genuine (formats.md, section 7).
    private List<DeviceChain> heads() {
        var chains = new ArrayList<DeviceChain>();
        for (var opened : newest.values()) {
            if (opened.record().kind() != Kind.DEVICES || opened.record().body().isEmpty()) continue;
            try {
                chains.add(DeviceChain.of(opened.record(), network));
            } catch (IdentityException e) {
                refuse(Kind.DEVICES, e);
            }
        }
        if (chains.stream().anyMatch(chain -> chain.against(chains.getFirst()) == DeviceChain.Relation.NEW_ROOT)) {
            refuse(Kind.DEVICES, new IdentityException("two-roots"));
            return List.of();
        }
        var heads = new ArrayList<DeviceChain>();
        for (var chain : chains) {
            String head = chain.head().hash();
            boolean continued =
                    chains.stream().anyMatch(other -> !other.head().hash().equals(head) && other.contains(head));
            boolean known = heads.stream().anyMatch(other -> other.head().hash().equals(head));
            if (!continued && !known) heads.add(chain);
        }
        if (heads.size() > 1) refuse(Kind.DEVICES, new IdentityException("fork"));
        return heads;
    }

    /// With a fork only what stands on every head, until a version merges them.
    private static Set<DeviceId> listed(List<DeviceChain> heads) {
        var listed = new HashSet<DeviceId>();
        for (var chain : heads) listed.addAll(chain.head().devices().keySet());
        for (var chain : heads) listed.retainAll(chain.head().devices().keySet());
        return listed;
    }
}
