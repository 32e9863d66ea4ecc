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
import java.util.TreeSet;
import java.util.stream.Stream;

/// What one look-up brought, and what follows from all of it together and from what is remembered. Several readers
/// may bring something at once.
final class Evidence {
    private final String network;
    private final boolean local;
    private final Optional<DeviceChain> remembered;
    private final Map<DeviceId, Set<DeviceId>> takenBefore;
    private final List<Seen> seen = new ArrayList<>();
    private final Map<String, Opened> newest = new HashMap<>();
    private final Map<DeviceId, Revocation> revocations = new HashMap<>();
    private final Map<DeviceId, Optional<DeviceChain>> chains = new HashMap<>();

    /// @param remembered the list believed before, and `takenBefore`: which of its devices were taken out, and by whom
    Evidence(
            String network, boolean local, Optional<DeviceChain> remembered, Map<DeviceId, Set<DeviceId>> takenBefore) {
        this.network = network;
        this.local = local;
        this.remembered = remembered;
        this.takenBefore = takenBefore;
    }

    synchronized void believe(Opened opened) {
        SignedRecord record = opened.record();
        newest.merge(
                record.kind() + " " + record.device(),
                opened,
                (a, b) -> a.record().sequence() >= b.record().sequence() ? a : b);
        if (record.kind() == Kind.DEVICES) chains.remove(record.device());
        seen.add(new Seen(record.kind(), "ok", record.toString(), Optional.of(record)));
    }

    synchronized void believe(Revocation revocation) {
        SignedRecord record = revocation.record();
        revocations.merge(
                record.device(),
                revocation,
                (a, b) -> a.record().sequence() >= b.record().sequence() ? a : b);
        seen.add(new Seen(Kind.REVOKED, "ok", record.toString(), Optional.of(record)));
    }

    synchronized void refuse(Kind kind, IdentityException why) {
        seen.add(new Seen(kind, why.reason(), String.valueOf(why.getMessage()), Optional.empty()));
    }

    synchronized boolean isEmpty() {
        return newest.isEmpty();
    }

    synchronized List<Seen> seen() {
        return List.copyOf(seen);
    }

    /// The newest record of each kind and device, tombstones too.
    synchronized List<SignedRecord> newest() {
        return Stream.concat(
                        newest.values().stream().map(Opened::record),
                        revocations.values().stream().map(Revocation::record))
                .toList();
    }

    /// Whether each device that counts has shown a certificate.
    synchronized boolean isProven() {
        // Whose certificate must be in a log counts only once its proof has come: another list may be such a one's.
        if (newest.values().stream().anyMatch(each -> each.record().kind() == Kind.DEVICES && !counts(each)))
            return false;
        Set<DeviceId> listed = listed(heads(false));
        return !listed.isEmpty() && listed.stream().allMatch(id -> isCertified(id));
    }

    private boolean isCertified(DeviceId id) {
        return Stream.of(Kind.LOCATION, Kind.CERT)
                .anyMatch(kind -> says(kind, id)
                        && Optional.ofNullable(newest.get(kind + " " + id))
                                .filter(this::counts)
                                .isPresent());
    }

    /// Of a CA that must log, only devices count whose CERT was believed, and with it the proof in it
    /// (docs/protocols/log.md, section 12).
    private boolean counts(Opened opened) {
        return opened.signer().mustLog().isEmpty()
                || says(Kind.CERT, opened.record().device());
    }

    private boolean says(Kind kind, DeviceId device) {
        return Optional.ofNullable(newest.get(kind + " " + device))
                .flatMap(opened -> opened.record().body())
                .isPresent();
    }

    /// The one list that is believed, to be remembered; empty with none, or several.
    synchronized Optional<DeviceChain> believed() {
        var heads = heads(false);
        return heads.size() == 1 ? Optional.of(heads.getFirst()) : remembered;
    }

    /// Every certified device, with what counts against it.
    synchronized Map<DeviceId, Device> devices() {
        List<DeviceChain> heads = heads(true);
        Set<DeviceId> listed = listed(heads);
        var revoked = new HashSet<>(Revocation.taken(revocations.values(), listed, issuers()));
        takenBefore.keySet().stream().filter(this::isStillOut).forEach(revoked::add);
        var devices = new TreeMap<DeviceId, Device>();
        for (var opened : newest.values()) {
            if (opened.record().body().isEmpty() || opened.record().kind() == Kind.DEVICES || !counts(opened)) continue;
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

    /// Whoever takes a revocation back shows a newer record that does not say it any more. Silence takes nothing back:
    /// a
    /// store that keeps the revocation back later does not bring the device in again.
    private boolean isStillOut(DeviceId device) {
        return takenBefore.getOrDefault(device, Set.of()).stream().anyMatch(by -> {
            Revocation now = revocations.get(by);
            return now == null || now.devices().contains(device);
        });
    }

    /// The devices of a list that are out, and who said so: what is remembered of them.
    synchronized Map<DeviceId, Set<DeviceId>> takenOut(DeviceChain list) {
        Set<DeviceId> listed = listed(heads(false));
        Map<DeviceId, DeviceId> issuers = issuers();
        var out = new TreeMap<DeviceId, Set<DeviceId>>();
        takenBefore.forEach((device, by) -> {
            if (isStillOut(device)) out.put(device, new TreeSet<>(by));
        });
        for (var each : revocations.values())
            for (DeviceId device : Revocation.taken(List.of(each), listed, issuers))
                out.computeIfAbsent(device, _ -> new TreeSet<>())
                        .add(each.record().device());
        out.keySet().removeIf(device -> !list.lists(device));
        return out;
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

    private void say(boolean aloud, String reason) {
        if (aloud) refuse(Kind.DEVICES, new IdentityException(reason));
    }

    /// The chains that no other one continues, the remembered one among them. Another root than the remembered one is
    /// not followed, and who was removed disputes nothing. Without memory none when there are two roots, for it
    /// cannot be told which is genuine (formats.md, section 7).
    private List<DeviceChain> heads(boolean aloud) {
        var chains = new ArrayList<DeviceChain>();
        for (var opened : newest.values())
            if (opened.record().kind() == Kind.DEVICES && counts(opened))
                chain(opened.record()).ifPresent(chains::add);
        if (remembered.isPresent()) {
            var before = remembered.get();
            if (chains.removeIf(chain -> chain.against(before) == DeviceChain.Relation.NEW_ROOT))
                say(aloud, "new-root");
            var known = known(before, chains);
            if (chains.removeIf(chain -> isRemovedOnes(chain, before, known))) say(aloud, "not-a-device");
            chains.add(before);
        } else if (chains.stream()
                .anyMatch(chain -> chain.against(chains.getFirst()) == DeviceChain.Relation.NEW_ROOT)) {
            say(aloud, "two-roots");
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
        if (heads.size() > 1) say(aloud, "fork");
        return heads;
    }

    /// The remembered list, or the one that continues it and all others that do.
    private static DeviceChain known(DeviceChain before, List<DeviceChain> chains) {
        var newer = chains.stream()
                .filter(chain -> chain.against(before) == DeviceChain.Relation.NEWER)
                .toList();
        return newer.stream()
                .filter(chain -> newer.stream()
                        .allMatch(other -> chain.contains(other.head().hash())))
                .findFirst()
                .orElse(before);
    }

    /// A version beside what is remembered, signed by a device that is on the list no more (formats.md, section 7).
    private static boolean isRemovedOnes(DeviceChain chain, DeviceChain before, DeviceChain known) {
        return chain.against(before) == DeviceChain.Relation.FORK
                && !known.lists(DeviceId.ofKey(chain.head().signer()));
    }

    // Each list is verified once.
    private Optional<DeviceChain> chain(SignedRecord record) {
        return chains.computeIfAbsent(record.device(), _ -> {
            if (record.body().isEmpty()) return Optional.empty();
            try {
                return Optional.of(DeviceChain.of(record, network));
            } catch (IdentityException e) {
                refuse(Kind.DEVICES, e);
                return Optional.empty();
            }
        });
    }

    /// With a fork only what stands on every head, until a version merges them.
    private static Set<DeviceId> listed(List<DeviceChain> heads) {
        var listed = new HashSet<DeviceId>();
        for (var chain : heads) listed.addAll(chain.head().devices().keySet());
        for (var chain : heads) listed.retainAll(chain.head().devices().keySet());
        return listed;
    }
}
