package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// The verified history of an address's device lists (docs/protocols/formats.md, section 7). Every link is signed by
/// a device of its parent, so a CA that certifies a device of its own ("ghost") cannot put it on the list.
public final class DeviceChain {
    public static final int MAX_LINKS = 64, MAX_DEVICES = 16;
    private static final long MAX_TIME = 1L << 40;

    /// A listed device: its key, the name its owner gave it, Unix seconds since when.
    public record Device(DeviceId id, byte[] key, String name, long added) {}

    /// One version of the list. `hash` is SHA-256 of the payload in hex: never of a signature, which is malleable.
    public record Link(
            String hash,
            List<String> parents,
            SortedMap<DeviceId, Device> devices,
            long issued,
            byte[] signer,
            byte[] payload,
            byte[] signature) {}

    private final List<Link> links;

    private DeviceChain(List<Link> links) {
        this.links = List.copyOf(links);
    }

    /// The first version here: the root, unless older ones were left out.
    public Link root() {
        return links.getFirst();
    }

    public Link head() {
        return links.getLast();
    }

    /// Parents before children.
    public List<Link> links() {
        return links;
    }

    public boolean contains(String hash) {
        return links.stream().anyMatch(link -> link.hash.equals(hash));
    }

    public boolean lists(DeviceId device) {
        return head().devices.containsKey(device);
    }

    /// Verifies every link of a DEVICES record and that its signer is listed in the head.
    public static DeviceChain of(SignedRecord record, String network) throws IdentityException {
        CborMap body = record.body().orElseThrow(() -> new IdentityException("withdrawn"));
        boolean cut = body.has(2) && body.number(2, 1, MAX_TIME) > 0;
        DeviceChain chain = of(body.list(1, 0, 1 << 16), record.address(), network, cut);
        if (!chain.lists(record.device())) throw new IdentityException("signer-not-listed");
        return chain;
    }

    /// What a reader keeps to remember it.
    public byte[] encode() {
        return Cbor.encode(links.stream()
                .map(link -> (Object) List.of(link.payload, link.signature))
                .toList());
    }

    public static DeviceChain decode(byte[] kept, Address address, String network) throws IdentityException {
        if (Cbor.decode(kept) instanceof List<?> encoded) return of(encoded, address, network, true);
        throw new IdentityException("malformed", "no list");
    }

    static DeviceChain of(List<?> encoded, Address address, String network) throws IdentityException {
        return of(encoded, address, network, false);
    }

    /// @param cut the oldest versions were left out: the first one here may have parents
    static DeviceChain of(List<?> encoded, Address address, String network, boolean cut) throws IdentityException {
        if (encoded.isEmpty()) throw new IdentityException("no-root");
        if (encoded.size() > MAX_LINKS) throw new IdentityException("too-many-links");
        var byHash = new LinkedHashMap<String, Link>();
        var links = new ArrayList<Link>();
        for (Object each : encoded) {
            Link link = parse(each);
            check(link, byHash, cut, address, network);
            byHash.put(link.hash, link);
            links.add(link);
        }
        return new DeviceChain(links);
    }

    private static Link parse(Object encoded) throws IdentityException {
        if (!(encoded instanceof List<?> pair) || pair.size() != 2) throw new IdentityException("malformed", "link");
        byte[] payload = CborMap.bytes(pair.get(0), 1, Sealed.MAX_PAYLOAD);
        CborMap map = Cbor.decodeMap(payload);
        var parents = new ArrayList<String>();
        for (Object parent : map.list(1, 0, 2)) parents.add(HexFormat.of().formatHex(CborMap.bytes(parent, 32, 32)));
        var devices = new TreeMap<DeviceId, Device>();
        List<?> listed = map.list(2, 1, 1 << 16);
        if (listed.size() > MAX_DEVICES) throw new IdentityException("too-many-devices");
        Optional<DeviceId> last = Optional.empty();
        for (Object each : listed) {
            CborMap device = CborMap.map(each);
            byte[] key = device.bytes(1, 91, 91);
            DeviceId id = DeviceId.ofKey(key);
            if (last.isPresent() && last.get().compareTo(id) >= 0)
                throw new IdentityException("malformed", "device order");
            last = Optional.of(id);
            devices.put(id, new Device(id, key, device.text(2, 64), device.number(3, 0, MAX_TIME)));
        }
        String hash = HexFormat.of().formatHex(DeviceId.sha256(payload));
        return new Link(
                hash,
                parents,
                devices,
                map.number(3, 0, MAX_TIME),
                map.bytes(4, 91, 91),
                payload,
                CborMap.bytes(pair.get(1), 64, 64));
    }

    private static void check(Link link, Map<String, Link> before, boolean cut, Address address, String network)
            throws IdentityException {
        boolean first = before.isEmpty();
        if (first && !cut && !link.parents.isEmpty()) throw new IdentityException("no-root");
        if (!first && link.parents.isEmpty()) throw new IdentityException("bad-parent");
        if (before.containsKey(link.hash)) throw new IdentityException("bad-parent", "twice");
        DeviceId signer = DeviceId.ofKey(link.signer);
        var parents = new ArrayList<Link>();
        for (String hash : first ? List.<String>of() : link.parents) {
            Link parent = before.get(hash);
            if (parent == null) throw new IdentityException("bad-parent");
            parents.add(parent);
        }
        for (Link parent : first ? List.of(link) : parents)
            if (!parent.devices.containsKey(signer)) throw new IdentityException("not-a-device");
        if (parents.size() == 2) {
            var merged = merged(List.copyOf(before.values()), parents.get(0), parents.get(1));
            if (!merged.equals(Optional.of(link.devices.keySet()))) throw new IdentityException("bad-merge");
        }
        if (!signed(link, address, network)) throw new IdentityException("bad-link-signature");
    }

    private static boolean signed(Link link, Address address, String network) {
        try {
            return Keys.verify(Keys.p256(link.signer), toBeSigned(link.payload, address, network), link.signature);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// The devices after two versions, neither of which continues the other, meet: additions of both, and removal
    /// wins, seen from each of the last versions that both continue. Empty: these two cannot be merged.
    ///
    /// @param links parents before children, with both in it
    public static Optional<Set<DeviceId>> merged(List<Link> links, Link a, Link b) {
        Set<String> before = past(links, a), other = past(links, b);
        if (before.contains(b.hash) || other.contains(a.hash)) return Optional.empty();
        var common = links.stream()
                .filter(link -> before.contains(link.hash) && other.contains(link.hash))
                .toList();
        var last = common.stream()
                .filter(link -> common.stream()
                        .noneMatch(each -> !each.hash.equals(link.hash)
                                && past(links, each).contains(link.hash)))
                .toList();
        if (last.isEmpty()) return Optional.empty();
        var all = new HashSet<>(a.devices.keySet());
        all.addAll(b.devices.keySet());
        for (Link link : last)
            for (DeviceId device : link.devices.keySet())
                if (!a.devices.containsKey(device) || !b.devices.containsKey(device)) all.remove(device);
        return Optional.of(all);
    }

    /// Hashes of a version and of all that came before it; parents stand before their children.
    private static Set<String> past(List<Link> links, Link link) {
        var all = new HashSet<>(Set.of(link.hash));
        for (Link each : links.reversed()) if (all.contains(each.hash)) all.addAll(each.parents);
        return all;
    }

    /// How a record's chain relates to what a reader remembers.
    public enum Relation {
        SAME,
        NEWER,
        OLDER,
        FORK,
        NEW_ROOT
    }

    /// Where both have a version in common they are of one list, whatever was cut off in front.
    public Relation against(DeviceChain remembered) {
        if (head().hash.equals(remembered.head().hash)) return Relation.SAME;
        if (contains(remembered.head().hash)) return Relation.NEWER;
        if (remembered.contains(head().hash)) return Relation.OLDER;
        return links.stream().anyMatch(link -> remembered.contains(link.hash)) ? Relation.FORK : Relation.NEW_ROOT;
    }

    /// Makes the next version: `parents` are hashes, empty for a root.
    public static List<Object> link(
            KeyPair signer, List<String> parents, List<Device> devices, long issued, Address address, String network) {
        var listed = devices.stream()
                .sorted((a, b) -> a.id().compareTo(b.id()))
                .map(d -> (Object)
                        new CborMap().with(1, d.key()).with(2, d.name()).with(3, d.added()))
                .toList();
        byte[] payload = Cbor.encode(new CborMap()
                .with(1, parents.stream().map(HexFormat.of()::parseHex).toList())
                .with(2, listed)
                .with(3, issued)
                .with(4, signer.getPublic().getEncoded()));
        return List.of(payload, Keys.sign(signer.getPrivate(), toBeSigned(payload, address, network)));
    }

    private static byte[] toBeSigned(byte[] payload, Address address, String network) {
        byte[] head = ("starling/1 link " + network + "\0" + address.text() + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] all = java.util.Arrays.copyOf(head, head.length + payload.length);
        System.arraycopy(payload, 0, all, head.length, payload.length);
        return all;
    }

    @Override
    public String toString() {
        return "DeviceChain[" + links.size() + " links, " + head().devices.size() + " devices]";
    }
}
