package dev.starling.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.cbor.Cbor;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Any bytes are a record, a device chain or a sealed value, or refused with a reason of ours.
@org.jspecify.annotations.NullUnmarked
class RecordFuzzTest {
    private static final long SEED = 20261124;
    private static final int MILLION = 1_000_000;
    private static final Address BOB = new Address("bob@example.net");

    @Test
    void anyBytesAreARecordOrRefused() throws Exception {
        records(5_000);
    }

    @Tag("long")
    @Test
    void aMillionRecords() throws Exception {
        long start = System.nanoTime();
        records(MILLION);
        Mutations.report("records", MILLION, start);
    }

    private static void records(int cases) throws Exception {
        var v = Vectors.read("records");
        var opener = new RecordOpener(
                Vectors.text(v, "network"), Vectors.verifier(v), SequenceMemory.inMemory(10), Vectors.clock(v));
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "cases")) good.add(Vectors.base64(c.get("record")));
        new Mutations(SEED, good)
                .feed(
                        cases,
                        bytes -> assertArrayEquals(
                                bytes, SignedRecord.parse(bytes).bytes()));
        new Mutations(SEED + 1, good).feed(cases / 5, bytes -> opener.open(bytes, Kind.LOCATION, BOB));
        new Mutations(SEED + 2, good).feed(cases / 5, bytes -> opener.revocation(bytes, BOB));
        bodies(cases, good);
    }

    /// Bodies on their own: behind the signature only the signer himself gets here.
    private static void bodies(int cases, List<byte[]> records) throws Exception {
        for (Kind kind : Kind.values()) {
            var bodies = new ArrayList<byte[]>();
            for (byte[] record : records)
                try {
                    var parsed = SignedRecord.parse(record);
                    if (parsed.kind() == kind && parsed.body().isPresent())
                        bodies.add(Cbor.encode(parsed.body().get()));
                } catch (dev.starling.identity.IdentityException e) {
                    assertTrue(!e.reason().isEmpty());
                }
            var one = SignedRecord.parse(records.getFirst());
            new Mutations(SEED + 3, bodies)
                    .feed(
                            cases / 8,
                            bytes -> Bodies.check(new SignedRecord(
                                    kind,
                                    BOB,
                                    one.device(),
                                    1,
                                    one.issued(),
                                    one.expires(),
                                    java.util.Optional.of(Cbor.decodeMap(bytes)),
                                    List.of(),
                                    new byte[0])));
        }
    }

    @Test
    void anyBytesAreADeviceChainOrRefused() throws Exception {
        chains(3_000);
    }

    @Tag("long")
    @Test
    void manyDeviceChains() throws Exception {
        long start = System.nanoTime();
        chains(MILLION / 10);
        Mutations.report("device chains", MILLION / 10, start);
    }

    private static void chains(int cases) throws Exception {
        var v = Vectors.read("devices");
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            byte[] chain = Vectors.base64(c.get("chain"));
            if (chain.length < 3000) good.add(chain);
        }
        new Mutations(SEED, good).feed(cases, bytes -> {
            if (Cbor.decode(bytes) instanceof List<?> links)
                assertTrue(DeviceChain.of(links, BOB, Vectors.text(v, "network"))
                        .root()
                        .parents()
                        .isEmpty());
        });
    }

    @Test
    void anyBytesAreASealedValueOrRefused() throws Exception {
        Rendezvous place = Rendezvous.Master.ofFriendsKey(new byte[32]).at(Kind.OWN, LocalDate.of(2026, 11, 24));
        var good = List.of(Sealed.seal(place, new byte[10]), Sealed.seal(place, new byte[3000]));
        int opened = new Mutations(SEED, good).feed(20_000, bytes -> Sealed.open(place, bytes));
        assertTrue(opened < 200, "only what a mutation left as it was");
        var entry = List.of(OwnEntry.seal(new byte[32], new byte[16], new byte[40]));
        new Mutations(SEED, entry).feed(20_000, bytes -> OwnEntry.open(new byte[32], new byte[16], bytes));
    }
}
