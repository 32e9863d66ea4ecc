package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.Attacker;
import dev.starling.dht.opendht.OpenDht;
import dev.starling.dht.opendht.SlotKeys;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/// Bob, whom one peer publishes, a stranger who looks for him through another, and an attacker at a proxy of his own:
/// all on real nodes. Each such world has a day of its own, and so keys of its own, because the nodes forget nothing
/// for ten minutes.
final class OpenDhtWorld implements AutoCloseable {
    static final String HERE = "sip:192.0.2.1:5061;transport=tls", ELSEWHERE = "sip:198.51.100.66:5061;transport=tls";
    static final List<Kind> PUBLIC = List.of(Kind.DEVICES, Kind.REVOKED, Kind.CERT, Kind.LOCATION);
    static final int NODES = 8, PROXIES = 4;
    private static final AtomicInteger DAYS = new AtomicInteger();
    private static final Duration LIFE = Duration.ofHours(1);

    final StandingClock clock = new StandingClock();
    final Path slotKey;
    final OpenDht his, strangers;
    final Attacker attacker;
    final World world;
    final Keys.Held bob;
    private int published;

    /// @param proxies his peer's is the first, those of the stranger's peer the two behind, the attacker's the last
    OpenDhtWorld(List<URI> proxies, Path folder) throws IOException, GeneralSecurityException {
        clock.pass(Duration.ofDays(DAYS.incrementAndGet()));
        Path own = Files.createTempDirectory(folder, "world");
        slotKey = own.resolve("his.key");
        his = new OpenDht(proxies.subList(0, 2), SlotKeys.in(slotKey), clock, OpenDht.Patience.USUAL);
        strangers = new OpenDht(
                proxies.subList(1, 3), SlotKeys.in(own.resolve("other.key")), clock, OpenDht.Patience.USUAL);
        attacker = new Attacker(proxies.getLast());
        world = new World(strangers, clock);
        bob = world.device("bob@example.net");
    }

    /// All that his client publishes.
    void publish() throws DhtException {
        publish(Kind.CERT, Optional.of(new CborMap()));
        publish(Kind.DEVICES, Optional.of(World.list(List.of(world.root(bob)))));
        publish(Kind.LOCATION, Optional.of(world.location(bob, HERE, "")));
    }

    /// A record of bob's in his slot; empty: withdrawn.
    byte[] publish(Kind kind, Optional<CborMap> body) throws DhtException {
        byte[] record = world.record(bob, kind, World.BOB, clock.millis() + published++, LIFE, body);
        his.put(key(kind), value(kind, record), LIFE);
        return record;
    }

    Dht.Value value(Kind kind, byte[] record) {
        Rendezvous place = world.place(kind);
        return new Dht.Value(place.valueId(bob.id()), Dht.Owner.local(bob.id().hex()), Sealed.seal(place, record));
    }

    String key(Kind kind) {
        return world.place(kind).hexKey();
    }

    List<String> keys() {
        return PUBLIC.stream().map(this::key).toList();
    }

    /// A record about the place of a device, newer than all of bob's.
    byte[] elsewhere(Keys.Held signer, Address address) {
        return elsewhere(signer, address, clock.instant(), LIFE);
    }

    byte[] elsewhere(Keys.Held signer, Address address, Instant issued, Duration life) {
        var body = Optional.of(world.location(bob, ELSEWHERE, ""));
        return SignedRecord.sign(
                signer,
                World.NETWORK,
                new SignedRecord.Statement(
                        Kind.LOCATION, address, clock.millis() + 60_000, issued, issued.plus(life), body));
    }

    /// Seals any bytes for a place of bob's, as whoever knows his address can.
    byte[] sealed(Kind kind, byte[] record) {
        return Sealed.seal(world.place(kind), record);
    }

    /// The attacker puts a record at a place of bob's.
    void forge(Kind kind, byte[] record) throws InterruptedException {
        attacker.put(key(kind), sealed(kind, record));
    }

    /// What is said of each value at a place by somebody who reads all of it and has no memory.
    List<String> verdicts(Kind kind) throws DhtException {
        var opener = world.unknowing();
        var verdicts = new ArrayList<String>();
        strangers.lookup(key(kind), Dht.Limits.USUAL, value -> {
            try {
                byte[] record = Sealed.open(world.place(kind), value.data());
                var _ = opener.open(record, kind, World.BOB);
                verdicts.add("ok");
            } catch (IdentityException e) {
                verdicts.add(e.reason());
            }
            return false;
        });
        return verdicts;
    }

    /// Whether somebody who reads through this engine is given a record of bob's.
    boolean holds(Dht through, Kind kind, byte[] record) throws DhtException {
        var holds = new AtomicBoolean();
        through.lookup(key(kind), Dht.Limits.USUAL, value -> {
            try {
                holds.set(Arrays.equals(record, Sealed.open(world.place(kind), value.data())));
            } catch (IdentityException e) {
                holds.set(false);
            }
            return holds.get();
        });
        return holds.get();
    }

    /// A stranger finds bob's device and no other, and where it is; says how long it took.
    Duration reached(String attack) throws DhtException {
        return reached(attack, strangers);
    }

    Duration reached(String attack, Dht through) throws DhtException {
        long start = System.nanoTime();
        var lookup = world.stranger(through).find(World.BOB);
        var took = Duration.ofNanos(System.nanoTime() - start);
        var found = assertInstanceOf(LocationService.Found.class, lookup, attack);
        assertEquals(List.of(bob.id()), verified(found), attack);
        assertEquals(HERE, place(found), attack);
        figure(attack, "found in " + took.toMillis() + " ms");
        return took;
    }

    static List<DeviceId> verified(LocationService.Found found) {
        return found.verified().stream().map(LocationService.Device::id).toList();
    }

    String place(LocationService.Found found) {
        return Optional.ofNullable(found.devices().get(bob.id()))
                .flatMap(LocationService.Device::location)
                .map(location -> location.peers().getFirst().uri())
                .orElse("");
    }

    static void figure(String attack, String figure) {
        System.out.println("| attack on OpenDHT | " + attack + " | " + figure + " |");
    }

    @Override
    public void close() {
        attacker.close();
        his.close();
        strangers.close();
    }
}
