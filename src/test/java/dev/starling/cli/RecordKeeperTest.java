package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.Publications;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.locate.Memory;
import dev.starling.locate.World;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Somebody asleep stays known, and what was withdrawn stays withdrawn, while the days change.
@org.jspecify.annotations.NullUnmarked
class RecordKeeperTest {
    private static final Duration LONG = Duration.ofDays(20);

    @TempDir
    Path folder;

    private World world;
    private Keys.Held bob;
    private Memory memory;
    private Served served;
    private Publications publications;
    private RecordKeeper keeper;

    @BeforeEach
    void aPeerThatServesBob() throws Exception {
        world = new World(folder);
        bob = world.device("bob@example.net");
        memory = new Memory(folder.resolve("memory.db"), World.NETWORK, 1000, 1000);
        served = new Served(folder.resolve("served.db"), 2);
        publications =
                new Publications(world.dht, folder.resolve("publications.db"), Publications.Bounds.USUAL, world.clock);
        keeper = new RecordKeeper(world.service(memory), publications, served, world.clock, new Random(7));
    }

    @AfterEach
    void close() {
        keeper.close();
        publications.close();
        served.close();
        memory.close();
        world.close();
    }

    /// As the client does: under today's keys, until an hour after the end of the day.
    private void publish(Kind kind, long sequence, Optional<CborMap> body) throws Exception {
        Rendezvous place = world.place(kind);
        byte[] record = world.record(bob, kind, World.BOB, sequence, LONG, body);
        var value = new Dht.Value(sequence, Dht.Owner.local("bob"), Sealed.seal(place, record));
        long end = place.day().plusDays(1).atTime(1, 0).toEpochSecond(ZoneOffset.UTC);
        var _ = publications.publish(place.hexKey(), value, end);
    }

    /// So much time, seen each ten minutes.
    private void pass(Duration time) {
        for (long minutes = 0; minutes < time.toMinutes(); minutes += 10) {
            world.clock.pass(Duration.ofMinutes(10));
            var _ = keeper.reseal();
        }
    }

    private List<SignedRecord> records(Kind kind) throws Exception {
        var records = new ArrayList<SignedRecord>();
        Rendezvous place = world.place(kind);
        world.dht.lookup(place.hexKey(), Dht.Limits.USUAL, value -> {
            try {
                records.add(SignedRecord.parse(Sealed.open(place, value.data())));
            } catch (IdentityException e) {
                throw new IllegalStateException(e);
            }
            return false;
        });
        return records;
    }

    @Test
    void somebodyAsleepStaysKnownForDays() throws Exception {
        publish(Kind.CERT, 1, Optional.of(new CborMap()));
        publish(Kind.DEVICES, 1, Optional.of(World.list(List.of(world.root(bob)))));
        keeper.registered(World.BOB);
        for (int hours = 0; hours < 72; hours += 6) {
            pass(Duration.ofHours(6));
            var found = assertInstanceOf(
                    LocationService.Found.class, world.service(memory).find(World.BOB));
            assertEquals(
                    List.of(bob.id()),
                    found.verified().stream().map(LocationService.Device::id).toList());
        }
    }

    @Test
    void whatWasWithdrawnIsNotSealedAnewButItsWithdrawalIs() throws Exception {
        publish(Kind.CERT, 1, Optional.of(new CborMap()));
        publish(Kind.DEVICES, 1, Optional.of(World.list(List.of(world.root(bob)))));
        publish(Kind.CERT, 2, Optional.empty());
        keeper.registered(World.BOB);
        pass(Duration.ofHours(36));
        var kept = records(Kind.CERT);
        assertEquals(1, kept.size());
        assertEquals(2, kept.getFirst().sequence());
        assertTrue(kept.getFirst().body().isEmpty());
    }

    @Test
    void oneOfWhomNothingIsLeftIsForgottenAfterDaysAndMakesRoom() throws Exception {
        keeper.registered(World.BOB);
        keeper.registered(new dev.starling.identity.Address("carol@example.net"));
        keeper.registered(new dev.starling.identity.Address("dave@example.net"));
        assertTrue(served.first().isPresent());
        pass(Duration.ofDays(4));
        assertEquals(Optional.empty(), served.first());
    }

    private void recommend(Keys.Held operator, long sequence, Optional<CborMap> body) throws Exception {
        var address = new Address("peers@example.net");
        byte[] record = world.record(operator, Kind.PEERS, address, sequence, LONG, body);
        for (Rendezvous place :
                Rendezvous.Master.of(address, World.NETWORK).around(Kind.PEERS, world.clock.instant())) {
            long end = place.day().plusDays(1).atTime(1, 0).toEpochSecond(ZoneOffset.UTC);
            var value = new Dht.Value(
                    place.valueId(operator.id()), Dht.Owner.local("operator"), Sealed.seal(place, record));
            var _ = publications.publish(place.hexKey(), value, end);
        }
    }

    @Test
    void whatADomainRecommendsIsKeptForDaysUntilItIsWithdrawn() throws Exception {
        var operator = world.device("peers@example.net");
        var id = DeviceId.of(new byte[32]);
        var place = new Bodies.PeerPlace("sip:192.0.2.1:5061;transport=tls", id, "https://192.0.2.1/");
        recommend(operator, 1, Optional.of(Bodies.peers(List.of(place))));
        keeper.published(new Address("peers@example.net"));
        for (int hours = 0; hours < 72; hours += 6) {
            pass(Duration.ofHours(6));
            assertEquals(List.of(place), world.service(memory).recommended("example.net"));
        }
        recommend(operator, 2, Optional.empty());
        pass(Duration.ofHours(36));
        assertEquals(List.of(), world.service(memory).recommended("example.net"));
    }

    @Test
    void whoPublishesForHimselfIsNotTherebyLookedAfter() {
        keeper.published(World.BOB);
        assertEquals(Optional.empty(), served.first());
    }
}
