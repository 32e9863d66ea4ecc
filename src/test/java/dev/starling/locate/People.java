package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Many people of one device each, published for hours by the peers that they gave their records to.
final class People {
    static final Duration LIFE = Duration.ofHours(3);
    private static final List<Kind> KINDS = List.of(Kind.CERT, Kind.DEVICES, Kind.LOCATION);

    /// One of them.
    record Person(Address address, Keys.Held device, String place) {}

    private final World world;
    private final List<Person> all;

    People(World world, int number) {
        this.world = world;
        all = IntStream.range(0, number)
                .mapToObj(i -> new Person(
                        new Address("person" + i + "@example.net"),
                        world.device("person" + i + "@example.net"),
                        "sip:192.0.2." + (1 + i % 250) + ":" + (5000 + i) + ";transport=tls"))
                .toList();
    }

    List<Person> all() {
        return all;
    }

    /// Gives all records of somebody to each peer, newer than before; returns how many the DHT took at once.
    int publish(Person person, List<Publications> peers) throws DhtException {
        var master = Rendezvous.Master.of(person.address, World.NETWORK);
        int taken = 0;
        for (Kind kind : KINDS) {
            byte[] record = world.record(
                    person.device,
                    kind,
                    person.address,
                    System.currentTimeMillis(),
                    LIFE,
                    Optional.of(body(person, kind)));
            for (Rendezvous place : master.around(kind, world.clock.instant()))
                for (var peer : peers) {
                    var owner = Dht.Owner.local(person.device.id().hex());
                    long until = System.currentTimeMillis() / 1000 + LIFE.toSeconds();
                    var value = new Dht.Value(place.valueId(person.device.id()), owner, Sealed.seal(place, record));
                    if (peer.publish(place.hexKey(), value, until).put()) taken++;
                }
        }
        return taken;
    }

    private CborMap body(Person person, Kind kind) {
        if (kind == Kind.LOCATION) {
            var peer = new Bodies.PeerPlace(person.place, DeviceId.of(new byte[32]), "");
            return new Bodies.Location(List.of(peer), person.device.id().gruu(person.address), List.of("message"))
                    .toCbor();
        }
        if (kind == Kind.CERT) return new CborMap();
        var pair = new KeyPair(person.device.publicKey(), person.device.key());
        var device = new DeviceChain.Device(
                person.device.id(), person.device.publicKey().getEncoded(), "a device", 1);
        var link = DeviceChain.link(
                pair,
                new ArrayList<>(),
                List.of(device),
                world.clock.instant().getEpochSecond(),
                person.address,
                World.NETWORK);
        return World.list(List.of(link));
    }

    /// What somebody was told who looked for a person.
    enum Told {
        RIGHT,
        NOTHING,
        WRONG
    }

    /// Found without his place counts as nothing: nobody can be called there.
    Told look(Person person, Dht through) {
        try {
            if (!(world.stranger(through).find(person.address) instanceof LocationService.Found found))
                return Told.NOTHING;
            var verified = found.verified();
            if (verified.stream().anyMatch(device -> !device.id().equals(person.device.id()))) return Told.WRONG;
            var places = verified.stream()
                    .flatMap(device -> device.location().stream())
                    .map(location -> location.peers().getFirst().uri())
                    .toList();
            if (places.isEmpty()) return Told.NOTHING;
            return places.equals(List.of(person.place)) ? Told.RIGHT : Told.WRONG;
        } catch (DhtException e) {
            return Told.NOTHING;
        }
    }
}
