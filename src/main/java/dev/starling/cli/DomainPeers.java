package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// What a domain recommends (docs/protocols/formats.md, section 6, PEERS), said by the key of `peers@` it through a
/// server, which seals it anew for each day until it expires.
record DomainPeers(Looking at, Address address, Keys.Held key, Clock clock) {
    private static final Duration LIFE = Duration.ofDays(31);
    // A clock that is behind by less than this may read it.
    private static final Duration SLACK = Duration.ofMinutes(1);

    /// The servers behind these base URLs, as they describe themselves now.
    static List<Bodies.PeerPlace> places(Looking at, List<String> bases) throws IOException {
        var places = new ArrayList<Bodies.PeerPlace>();
        for (String each : bases) {
            var base = PeerOptions.url(each).orElseThrow(() -> new IOException("not a URL: \"\""));
            PeerInfo peer = PeerInfo.fetch(base);
            if (!peer.network().equals(at.peer().network()))
                throw new IOException(base + " is of another network: " + peer.network());
            try {
                if (!DeviceId.isHex(peer.id())) throw new IdentityException("malformed", "id");
                var id = DeviceId.of(HexFormat.of().parseHex(peer.id()));
                var place = new Bodies.PeerPlace(peer.sip(), id, base.toString());
                // By the same rules as every reader.
                var _ = Bodies.peers(Bodies.peers(List.of(place)));
                if (!at.local() && (place.isPrivate() || !place.withPublicBase().equals(place)))
                    throw new IOException(base + " is at a private address: nobody outside would go there.");
                places.add(place);
            } catch (IdentityException e) {
                throw new IOException(base + " cannot be recommended: " + e.getMessage(), e);
            }
        }
        return places;
    }

    /// Says it, in place of what this key said before; empty: nothing is recommended any more. Returns its end.
    Instant say(Optional<List<Bodies.PeerPlace>> places) throws IOException, DhtException {
        Instant now = clock.instant();
        Instant end = now.plus(LIFE).minus(SLACK);
        Instant certified = key.chain().getFirst().getNotAfter().toInstant();
        if (certified.isBefore(end)) end = certified;
        if (!end.isAfter(now))
            throw new IOException("The certificate expired on " + end + ": starling enrol renews it.");
        long sequence = Math.max(last() + 1, now.toEpochMilli());
        Optional<CborMap> body = places.map(Bodies::peers);
        byte[] record = SignedRecord.sign(
                key, at.peer().network(), new SignedRecord.Statement(Kind.PEERS, address, sequence, now, end, body));
        var writes = new DeviceWrites(at.base(), at.peer().uri(), key, address, clock);
        for (Rendezvous place :
                Rendezvous.Master.of(address, at.peer().network()).around(Kind.PEERS, now)) {
            long night = place.day().plusDays(1).atTime(1, 0).toEpochSecond(ZoneOffset.UTC);
            writes.put(
                    place.hexKey(),
                    place.valueId(key.id()),
                    Sealed.seal(place, record),
                    Math.min(end.getEpochSecond(), night));
        }
        return end;
    }

    private long last() throws DhtException {
        return at.service().recommendations(address).stream()
                .filter(record -> record.device().equals(key.id()))
                .mapToLong(SignedRecord::sequence)
                .max()
                .orElse(0);
    }
}
