package dev.starling.agent;

import dev.starling.identity.Address;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.SignedRecord;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/// What a device publishes of itself (docs/protocols/formats.md, section 6): its certificate, where it is, the list of
/// devices on which it stands.
final class OwnRecords {
    private static final Duration LOCATION = Duration.ofHours(12), LONG = Duration.ofDays(30);

    private final Profile us;
    private final String network;
    private final AgentStore store;
    private final Shelf shelf;
    private final Clock clock;
    private final Rendezvous.Master everybody;

    OwnRecords(Profile us, String network, AgentStore store, Shelf shelf, Clock clock) {
        this.us = us;
        this.network = network;
        this.store = store;
        this.shelf = shelf;
        this.clock = clock;
        everybody = Rendezvous.Master.of(us.address(), network);
    }

    Address address() {
        return us.address();
    }

    Rendezvous.Master everybody() {
        return everybody;
    }

    void certificate() throws IOException {
        var body = new CborMap();
        us.proof().get().ifPresent(proof -> body.with(1, proof));
        publish(Kind.CERT, Optional.of(body), LONG, List.of(everybody));
    }

    /// @param friendsKey under which contacts look; empty before this device was given it
    void location(List<Bodies.PeerPlace> peers, List<String> capabilities, Optional<byte[]> friendsKey)
            throws IOException {
        var body = new Bodies.Location(peers, us.gruu(), capabilities).toCbor();
        // One record in both places: readers remember one sequence for it.
        publish(Kind.LOCATION, Optional.of(body), LOCATION, places(friendsKey));
    }

    void devices(DeviceChain chain) throws IOException {
        var links = chain.links().stream()
                .map(link -> (Object) List.of(link.payload(), link.signature()))
                .toList();
        var body = new CborMap().with(1, links);
        // The oldest links may have been left out already.
        if (!chain.root().parents().isEmpty()) body.with(2, 1L);
        publish(Kind.DEVICES, Optional.of(body), LONG, List.of(everybody));
    }

    /// Tombstones: nobody should go on looking for this device.
    void withdraw(Optional<byte[]> friendsKey) throws IOException {
        publish(Kind.LOCATION, Optional.empty(), LOCATION, places(friendsKey));
        publish(Kind.CERT, Optional.empty(), LONG, List.of(everybody));
        publish(Kind.DEVICES, Optional.empty(), LONG, List.of(everybody));
    }

    private List<Rendezvous.Master> places(Optional<byte[]> friendsKey) {
        return friendsKey
                .map(key -> List.of(everybody, Rendezvous.Master.ofFriendsKey(key)))
                .orElse(List.of(everybody));
    }

    private void publish(Kind kind, Optional<CborMap> body, Duration life, List<Rendezvous.Master> masters)
            throws IOException {
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        Instant end = us.device().chain().getFirst().getNotAfter().toInstant();
        Instant wanted = now.plus(life);
        Instant expires = wanted.isBefore(end) ? wanted : end;
        var said = new SignedRecord.Statement(
                kind, us.address(), store.nextSequence(kind, clock.instant().toEpochMilli()), now, expires, body);
        byte[] record = SignedRecord.sign(us.device(), network, said);
        for (var master : masters)
            for (Rendezvous place : master.around(kind, clock.instant())) shelf.put(place, us.id(), record, expires);
    }
}
