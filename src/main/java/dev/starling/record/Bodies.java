package dev.starling.record;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.CborMap;
import dev.starling.identity.log.LogProof;
import java.net.URI;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The bodies of records, and their bounds (docs/protocols/formats.md, section 6).
public final class Bodies {
    private static final int MAX_PEERS = 4, MAX_RECOMMENDED = 16, MAX_CAPABILITIES = 16, MAX_URI = 300;
    private static final int ID = 16, MAX_REVOKED = 64, MAX_OBJECTIONS = 16;
    private static final long MAX_TIME = 1L << 40;
    private static final Pattern PEER_URI =
            Pattern.compile("sip:(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+):([0-9]{1,5});transport=tls");

    private Bodies() {}

    /// A peer that serves a device: where it listens for other peers, its key, and the base URL of its gate ("" when
    /// not told).
    public record PeerPlace(String uri, DeviceId id, String base) {
        public String host() {
            String host = match().group(1);
            return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        }

        public int port() {
            return Integer.parseInt(match().group(2));
        }

        private Matcher match() {
            Matcher matcher = PEER_URI.matcher(uri);
            if (!matcher.matches()) throw new IllegalStateException("checked when read");
            return matcher;
        }

        /// Whether it must not be connected to out of local mode; by its text alone, who connects looks at the
        /// address once more.
        public boolean isPrivate() {
            return PrivateHost.is(host());
        }

        /// Without a base URL that points at a private host.
        public PeerPlace withPublicBase() {
            return base.isEmpty() || !PrivateHost.is(URI.create(base).getHost()) ? this : new PeerPlace(uri, id, "");
        }

        CborMap toCbor() {
            var map = new CborMap().with(1, uri).with(2, id.bytes());
            return base.isEmpty() ? map : map.with(3, base);
        }
    }

    /// Which peers serve a device, not that it is online.
    public record Location(List<PeerPlace> peers, String gruu, List<String> capabilities) {
        public Location {
            peers = List.copyOf(peers);
            capabilities = List.copyOf(capabilities);
        }

        public CborMap toCbor() {
            return new CborMap()
                    .with(1, peers.stream().map(PeerPlace::toCbor).toList())
                    .with(2, gruu)
                    .with(3, capabilities);
        }
    }

    public static Location location(SignedRecord record) throws IdentityException {
        CborMap body = record.body().orElseThrow(() -> new IdentityException("withdrawn"));
        var capabilities = new ArrayList<String>();
        for (Object each : body.list(3, 0, MAX_CAPABILITIES)) {
            if (!(each instanceof String text) || text.length() > 32)
                throw new IdentityException("malformed", "capability");
            capabilities.add(text);
        }
        String gruu = body.text(2, 512);
        if (!gruu.equals(record.device().gruu(record.address()))) throw new IdentityException("malformed", "gruu");
        return new Location(peers(body, MAX_PEERS), gruu, capabilities);
    }

    public static CborMap peers(List<PeerPlace> peers) {
        return new CborMap().with(1, peers.stream().map(PeerPlace::toCbor).toList());
    }

    /// Peers that the signer recommends, 1 to 16.
    public static List<PeerPlace> peers(CborMap body) throws IdentityException {
        return peers(body, MAX_RECOMMENDED);
    }

    /// A message that waits for a device that is away. `message` is its 16-byte id, `sent` Unix seconds.
    public record Inbox(byte[] message, DeviceId device, byte[] cms, long sent) {
        public CborMap toCbor() {
            return new CborMap()
                    .with(1, message)
                    .with(2, device.bytes())
                    .with(3, cms)
                    .with(4, sent);
        }

        public static Inbox of(CborMap body) throws IdentityException {
            return new Inbox(
                    body.bytes(1, ID, ID),
                    DeviceId.of(body.bytes(2, 32, 32)),
                    body.bytes(3, 1, Sealed.MAX_PAYLOAD),
                    body.number(4, 0, MAX_TIME));
        }
    }

    /// A contact request from a stranger, with its [Stamp].
    public record Knock(byte[] message, byte[] cms, byte[] stamp) {
        public CborMap toCbor() {
            return new CborMap().with(1, message).with(2, cms).with(3, stamp);
        }

        public static Knock of(CborMap body) throws IdentityException {
            byte[] stamp = body.bytes(3, 0, 64);
            Stamp.check(stamp);
            return new Knock(body.bytes(1, ID, ID), body.bytes(2, 1, Sealed.MAX_PAYLOAD), stamp);
        }
    }

    /// An entry shared by the devices of one person, sealed by [OwnEntry].
    public record Own(byte[] id, byte[] entry) {
        public CborMap toCbor() {
            return new CborMap().with(1, id).with(2, entry);
        }

        public static Own of(CborMap body) throws IdentityException {
            return new Own(body.bytes(1, ID, ID), body.bytes(2, OwnEntry.MIN_BYTES, Sealed.MAX_PAYLOAD));
        }
    }

    /// Devices that are taken out, 1 to 64; `since` in Unix seconds.
    public record Revoked(List<DeviceId> devices, String reason, long since) {
        public Revoked {
            devices = List.copyOf(devices);
        }

        public CborMap toCbor() {
            return new CborMap()
                    .with(1, devices.stream().map(DeviceId::bytes).toList())
                    .with(2, reason)
                    .with(3, since);
        }

        public static Revoked of(CborMap body) throws IdentityException {
            var devices = new ArrayList<DeviceId>();
            for (Object each : body.list(1, 1, MAX_REVOKED)) devices.add(DeviceId.of(CborMap.bytes(each, 32, 32)));
            return new Revoked(devices, body.text(2, 200), body.number(3, 0, MAX_TIME));
        }
    }

    private static List<PeerPlace> peers(CborMap body, int most) throws IdentityException {
        var peers = new ArrayList<PeerPlace>();
        for (Object each : body.list(1, 1, most)) {
            CborMap peer = CborMap.map(each);
            String uri = peer.text(1, MAX_URI);
            Matcher matcher = PEER_URI.matcher(uri);
            if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > 65535)
                throw new IdentityException("malformed", "peer URI");
            String base = peer.has(3) ? peer.text(3, MAX_URI) : "";
            if (!base.isEmpty() && !base.matches("https?://[A-Za-z0-9.:\\[\\]-]+/"))
                throw new IdentityException("malformed", "base URL");
            peers.add(new PeerPlace(uri, DeviceId.of(peer.bytes(2, 32, 32)), base));
        }
        return peers;
    }

    /// To which versions of other lists the signer of a DEVICES record objects: hashes in hex.
    public static List<String> objections(CborMap devices) throws IdentityException {
        if (!devices.has(3)) return List.of();
        var hashes = new ArrayList<String>();
        for (Object each : devices.list(3, 1, MAX_OBJECTIONS))
            hashes.add(HexFormat.of().formatHex(CborMap.bytes(each, 32, 32)));
        return hashes;
    }

    /// Refuses `bad-body`, with the detail of what is wrong in it.
    static void check(SignedRecord record) throws IdentityException {
        try {
            CborMap body = record.body().orElseThrow(() -> new IdentityException("withdrawn"));
            switch (record.kind()) {
                case CERT -> {
                    if (body.has(1)) body.bytes(1, 0, LogProof.MAX_BYTES);
                }
                case DEVICES -> {
                    var _ = body.list(1, 1, DeviceChain.MAX_LINKS);
                    if (body.has(2)) body.number(2, 1, MAX_TIME);
                    objections(body);
                }
                case LOCATION -> location(record);
                case PEERS -> peers(body);
                case INBOX -> Inbox.of(body);
                case KNOCK -> Knock.of(body);
                case OWN -> Own.of(body);
                case REVOKED -> Revoked.of(body);
            }
        } catch (IdentityException e) {
            throw new IdentityException("bad-body", String.valueOf(e.getMessage()));
        }
    }
}
