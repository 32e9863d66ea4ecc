package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.Attacker;
import dev.starling.dht.opendht.DhtNodes;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Kind;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two thousand values of an attacker under one of somebody's public keys after the other, on real nodes: 1,600 of
/// noise, and 400 that whoever knows the address can seal, most of them with a genuine certificate of somebody else.
@org.jspecify.annotations.NullUnmarked
class OpenDhtFloodTest {
    private static final int NOISE = 1600, EACH = 100, NOISE_BYTES = 900, TIMES = 3;
    private static final double RATIO = 1.2;
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    // Every node keeps every value: more nodes are only more work for one machine.
    private static final int NODES = 5;
    private final Random random = new Random(20261125);

    @TempDir
    Path folder;

    /// Nobody reads a whole list faster than it comes; what is judged meanwhile must cost next to nothing. Under the
    /// key
    /// where he says where he is.
    @Test
    @Tag("alone")
    void aStrangerFindsHimInTheTimeThatReadingTakes() throws Exception {
        flooded(List.of(Kind.LOCATION));
    }

    /// 16,000 values on five nodes take two cores a quarter of a minute for each reading.
    @Test
    @Tag("long")
    void underEachOfHisPublicKeysToo() throws Exception {
        flooded(OpenDhtWorld.PUBLIC);
    }

    private void flooded(List<Kind> kinds) throws Exception {
        String what = "2,000 values under " + kinds;
        try (var nodes = DhtNodes.start(NODES, OpenDhtWorld.PROXIES);
                var it = new OpenDhtWorld(nodes.proxies(), folder)) {
            it.publish();
            it.reached("no flood yet");
            var eve = it.world.device("eve@example.net");
            for (Kind kind : kinds) {
                long start = System.nanoTime();
                int taken = it.attacker.flood(it.key(kind), junk(it, eve, kind));
                OpenDhtWorld.figure(
                        "flood of " + kind, taken + " taken in " + (System.nanoTime() - start) / 1_000_000 + " ms");
                assertTrue(taken > NOISE, "the flood failed: " + taken);
            }
            // He is alive, and his peer puts again what it keeps: under the flood too.
            it.publish();
            var through = List.of(nodes.proxies().get(1), nodes.proxies().get(2));
            var raw = new ArrayList<Duration>();
            var ours = new ArrayList<Duration>();
            for (int i = 0; i < TIMES; i++) {
                raw.add(raw(it, through));
                ours.add(it.reached(what + ", a stranger", patient(it.strangers)));
            }
            Duration bound = Duration.ofMillis((long) (RATIO * median(raw).toMillis()));
            OpenDhtWorld.figure(
                    what,
                    "raw whole read " + median(raw).toMillis() + " ms, found by a stranger in "
                            + median(ours).toMillis() + " ms");
            assertTrue(median(ours).compareTo(bound) <= 0, median(ours) + " of " + bound);
        }
    }

    /// What is compared is a whole reading: five nodes and their flood on two cores may need longer than readers wait.
    private static Dht patient(Dht strangers) {
        return new Passed(strangers) {
            @Override
            public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
                return super.lookup(key, new Limits(PATIENCE, limits.values(), limits.bytes()), enough);
            }
        };
    }

    /// The same keys by the same proxies, each read to its end by somebody who does nothing with what he reads.
    private static Duration raw(OpenDhtWorld it, List<URI> through) {
        Attacker.Reading read = it.attacker.readWhole(through, it.keys());
        OpenDhtWorld.figure(
                "the same",
                "all four keys read whole, raw: " + read.values() + " values in "
                        + read.time().toMillis() + " ms");
        return read.time();
    }

    private static Duration median(List<Duration> all) {
        return all.stream().sorted().toList().get(all.size() / 2);
    }

    private List<byte[]> junk(OpenDhtWorld it, Keys.Held eve, Kind kind) {
        var all = new ArrayList<byte[]>();
        for (int i = 0; i < NOISE; i++) {
            byte[] noise = new byte[NOISE_BYTES];
            random.nextBytes(noise);
            all.add(noise);
        }
        var eves = new Address("eve@example.net");
        var body = Optional.of(new CborMap());
        byte[] hers = it.world.record(eve, kind, eves, it.clock.millis(), body);
        byte[] asHis = it.world.record(eve, kind, World.BOB, it.clock.millis() + 60_000, body);
        byte[] elsewhere = it.elsewhere(eve, World.BOB);
        byte[] broken = it.elsewhere(new Keys.Held(eve.key(), it.bob.chain()), World.BOB);
        for (int i = 0; i < EACH; i++)
            Stream.of(hers, asHis, elsewhere, broken)
                    .map(record -> it.sealed(kind, record))
                    .forEach(all::add);
        java.util.Collections.shuffle(all, random);
        return all;
    }
}
