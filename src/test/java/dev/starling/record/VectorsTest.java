package dev.starling.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Rendezvous, records and device chains: the same bytes and verdicts as in the JavaScript.
@org.jspecify.annotations.NullUnmarked
class VectorsTest {
    private static final Address BOB = new Address("bob@example.net");

    @Test
    void aRendezvousIsFoundAndWhatLiesThereOpens() throws Exception {
        var v = Vectors.read("rendezvous");
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var place = Rendezvous.Master.of(Address.parse(Vectors.text(c, "address")), Vectors.text(c, "network"))
                    .at(Kind.valueOf(Vectors.text(c, "kind")), LocalDate.parse(Vectors.text(c, "day")));
            assertEquals(c.get("key"), place.hexKey());
            assertEquals(c.get("sealing"), HexFormat.of().formatHex(place.sealingKey()));
            assertEquals(c.get("id"), Long.toUnsignedString(place.valueId(new DeviceId(Vectors.text(c, "device")))));
            assertEquals(c.get("payload"), HexFormat.of().formatHex(Sealed.open(place, Vectors.hex(c.get("sealed")))));
        }
        @SuppressWarnings("unchecked")
        var friends = (Map<String, Object>) v.get("friends");
        var among = Rendezvous.Master.ofFriendsKey(Vectors.hex(friends.get("friendsKey")))
                .at(Kind.valueOf(Vectors.text(friends, "kind")), LocalDate.parse(Vectors.text(friends, "day")));
        assertEquals(friends.get("key"), among.hexKey());
        assertEquals(friends.get("sealing"), HexFormat.of().formatHex(among.sealingKey()));
    }

    @Test
    void recordsOpenOrAreRefusedForTheSameReasonAsInJavaScript() throws Exception {
        var v = Vectors.read("records");
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var memory = SequenceMemory.inMemory(10);
            byte[] record = Vectors.base64(c.get("record"));
            if (c.get("seen") instanceof Number seen)
                memory.saw(BOB, Kind.CERT, SignedRecord.parse(record).device(), seen.longValue());
            var opener = new RecordOpener(Vectors.text(v, "network"), Vectors.verifier(v), memory, Vectors.clock(v));
            Kind kind = Kind.valueOf(Vectors.text(c, "kind"));
            String verdict = Vectors.verdict(() -> {
                if (c.get("authority") != null)
                    assertTrue(opener.revocation(record, BOB).authority());
                else assertEquals(kind, opener.open(record, kind, BOB).record().kind());
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
        }
        for (List<?> row : Vectors.rows(v, "targets"))
            assertEquals(row.get(1), PrivateHost.is(String.valueOf(row.get(0))), String.valueOf(row.get(0)));
    }

    @Test
    void aRecordWithASignatureOutOfRangeIsRefused() throws Exception {
        var v = Vectors.read("records");
        var opener = new RecordOpener(
                Vectors.text(v, "network"), Vectors.verifier(v), SequenceMemory.inMemory(10), Vectors.clock(v));
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            if (!Vectors.text(c, "what").equals("LOCATION")) continue;
            byte[] good = Vectors.base64(c.get("record"));
            for (Object each : (List<?>) Vectors.read("hostile").get("signatures")) {
                byte[] bad = good.clone();
                System.arraycopy(Vectors.hex(each), 0, bad, bad.length - 64, 64);
                assertEquals(
                        "bad-signature", Vectors.verdict(() -> opener.open(bad, Kind.LOCATION, BOB)), each.toString());
            }
            assertEquals("ok", Vectors.verdict(() -> opener.open(good, Kind.LOCATION, BOB)));
            return;
        }
        throw new AssertionError("no LOCATION");
    }

    @Test
    void noTwoSealedValuesShareANonce() throws Exception {
        var place = Rendezvous.Master.of(BOB, "local").at(Kind.LOCATION, LocalDate.of(2026, 11, 24));
        var nonces = new java.util.HashSet<String>();
        for (int i = 0; i < 2000; i++) nonces.add(HexFormat.of().formatHex(Sealed.seal(place, new byte[10]), 1, 13));
        assertEquals(2000, nonces.size());
    }

    @Test
    void anOlderRecordIsNeverBelievedAgain() throws Exception {
        var v = Vectors.read("records");
        byte[] record = Vectors.base64(Vectors.cases(v, "cases")[0].get("record"));
        var memory = SequenceMemory.inMemory(10);
        var opener = new RecordOpener(Vectors.text(v, "network"), Vectors.verifier(v), memory, Vectors.clock(v));
        var opened = opener.open(record, Kind.LOCATION, BOB).record();
        assertEquals("ok", Vectors.verdict(() -> opener.open(record, Kind.LOCATION, BOB)));
        memory.saw(BOB, Kind.LOCATION, opened.device(), opened.sequence() + 1);
        assertEquals("old-sequence", Vectors.verdict(() -> opener.open(record, Kind.LOCATION, BOB)));
    }

    @Test
    void aStampProvesItsWork() throws Exception {
        @SuppressWarnings("unchecked")
        var s = (Map<String, Object>) Vectors.read("records").get("stamp");
        Address to = Address.parse(Vectors.text(s, "address"));
        byte[] id = Vectors.hex(s.get("id")), cms = Vectors.hex(s.get("cms")), stamp = Vectors.hex(s.get("stamp"));
        int bits = ((Number) s.get("bits")).intValue();
        assertEquals(bits, Stamp.bits(stamp, to, id, cms));
        assertEquals(0, Stamp.bits(stamp, to, new byte[16], cms));
        assertEquals(0, Stamp.bits(stamp, BOB, id, cms));
        assertEquals(0, Stamp.bits(new byte[0], to, id, cms));
        assertArrayEquals(stamp, Stamp.make(bits, to, id, cms));
    }

    @Test
    void eachMessageForADeviceHasAValueOfItsOwn() throws Exception {
        @SuppressWarnings("unchecked")
        var inbox = (Map<String, Object>) Vectors.read("offline").get("inbox");
        var place = Rendezvous.Master.ofFriendsKey(Vectors.hex(inbox.get("friendsKey")))
                .at(Kind.INBOX, LocalDate.parse(Vectors.text(inbox, "day")));
        assertEquals(inbox.get("key"), place.hexKey());
        for (List<?> row : Vectors.rows(inbox, "ids")) {
            var from = new DeviceId(String.valueOf(row.get(0)));
            var to = new DeviceId(String.valueOf(row.get(2)));
            assertEquals(row.get(3), Long.toUnsignedString(place.valueId(from, Vectors.hex(row.get(1)), to)));
        }
    }

    @Test
    void aStampInMemoryProvesItsWorkAndNothingElseDoes() throws Exception {
        @SuppressWarnings("unchecked")
        var s = (Map<String, Object>) Vectors.read("offline").get("stamp");
        Address to = Address.parse(Vectors.text(s, "address"));
        byte[] id = Vectors.hex(s.get("id")), cms = Vectors.hex(s.get("cms")), stamp = Vectors.hex(s.get("stamp"));
        int bits = ((Number) s.get("bits")).intValue(), cost = ((Number) s.get("cost")).intValue();
        assertEquals(bits, Stamp.memoryBits(stamp, cost, bits, to, id, cms));
        assertEquals(0, Stamp.memoryBits(stamp, cost, bits, to, new byte[16], cms));
        assertEquals(0, Stamp.memoryBits(stamp, cost, bits, new Address("eve@example.net"), id, cms));
        assertEquals(0, Stamp.bits(stamp, to, id, cms), "no stamp of the first version");
        for (List<?> row : Vectors.rows(s, "others")) {
            byte[] other = Vectors.hex(row.get(1));
            Object wanted = row.get(2) instanceof Number n ? "ok " + n : row.get(2);
            var proven = new int[1];
            String verdict = Vectors.verdict(() -> proven[0] = Stamp.memoryBits(other, cost, bits, to, id, cms));
            assertEquals(wanted, verdict.equals("ok") ? "ok " + proven[0] : verdict, String.valueOf(row.get(0)));
        }
        assertArrayEquals(stamp, Stamp.makeInMemory(cost, bits, to, id, cms));
    }

    @Test
    void anEntryOfOnesOwnOpensUnderItsId() throws Exception {
        @SuppressWarnings("unchecked")
        var own = (Map<String, Object>) Vectors.read("records").get("own");
        byte[] key = Vectors.hex(own.get("key")), id = Vectors.hex(own.get("id"));
        byte[] sealed = Vectors.hex(own.get("sealed")), entry = Vectors.hex(own.get("entry"));
        assertArrayEquals(entry, OwnEntry.open(key, id, sealed));
        assertArrayEquals(sealed, OwnEntry.seal(key, id, entry, Arrays.copyOf(sealed, 12)));
        assertArrayEquals(entry, OwnEntry.open(key, id, OwnEntry.seal(key, id, entry)));
        assertEquals("not-sealed", Vectors.verdict(() -> OwnEntry.open(key, new byte[16], sealed)));
        assertEquals("not-sealed", Vectors.verdict(() -> OwnEntry.open(new byte[32], id, sealed)));
        assertEquals("not-sealed", Vectors.verdict(() -> OwnEntry.open(key, id, Arrays.copyOf(sealed, 27))));
    }

    @Test
    void bodiesAreWrittenAsTheyAreRead() throws Exception {
        var v = Vectors.read("records");
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            if (!c.get("verdict").equals("ok")) continue;
            var body = SignedRecord.parse(Vectors.base64(c.get("record"))).body();
            if (body.isEmpty()) continue;
            CborMap read = body.get();
            Optional<CborMap> again = switch (Kind.valueOf(Vectors.text(c, "kind"))) {
                case INBOX -> Optional.of(Bodies.Inbox.of(read).toCbor());
                case KNOCK -> Optional.of(Bodies.Knock.of(read).toCbor());
                case OWN -> Optional.of(Bodies.Own.of(read).toCbor());
                case REVOKED -> Optional.of(Bodies.Revoked.of(read).toCbor());
                case PEERS -> Optional.of(Bodies.peers(Bodies.peers(read)));
                case CERT, DEVICES, LOCATION -> Optional.empty();
            };
            if (again.isPresent())
                assertArrayEquals(Cbor.encode(read), Cbor.encode(again.get()), Vectors.text(c, "what"));
        }
    }

    @Test
    void deviceChainsAreBelievedOrRefusedForTheirOwnReason() throws Exception {
        var v = Vectors.read("devices");
        DeviceId id = DeviceId.ofKey(Vectors.hex(v.get("spki")));
        assertEquals(v.get("id"), id.hex());
        assertEquals(v.get("instance"), id.instance());
        assertEquals(v.get("gruu"), id.gruu(BOB));
        assertEquals(v.get("peer"), id.peerUri());
        for (Map<String, Object> c : Vectors.cases(v, "cases"))
            assertEquals(
                    c.get("verdict"),
                    Vectors.verdict(() -> DeviceChain.of(record(c), Vectors.text(v, "network"))),
                    Vectors.text(c, "what"));
    }

    private static SignedRecord record(Map<String, Object> c) throws dev.starling.identity.IdentityException {
        Object links = Cbor.decode(Vectors.base64(c.get("chain")));
        return new SignedRecord(
                Kind.DEVICES,
                BOB,
                new DeviceId(Vectors.text(c, "signer")),
                1,
                Instant.EPOCH,
                Instant.EPOCH,
                Optional.of(
                        c.containsKey("cut")
                                ? new CborMap().with(1, links).with(2, ((Number) c.get("cut")).longValue())
                                : new CborMap().with(1, links)),
                List.of(),
                new byte[0]);
    }

    @Test
    void deviceChainsRelateAndMerge() throws Exception {
        var v = Vectors.read("devices");
        var chains = new ArrayList<DeviceChain>();
        for (byte[] chain : Vectors.allBase64(v.get("chains"))) chains.add(chain(v, chain));
        for (List<?> row : Vectors.rows(v, "relations")) {
            var chain = chains.get(((Number) row.get(0)).intValue());
            var remembered = chains.get(((Number) row.get(1)).intValue());
            String relation =
                    chain.against(remembered).name().toLowerCase(Locale.ROOT).replace('_', '-');
            assertEquals(row.get(2), relation, row.toString());
        }
        for (Map<String, Object> c : Vectors.cases(v, "merges")) {
            var links = chain(v, Vectors.base64(c.get("chain"))).links();
            var a = links.get(((Number) c.get("a")).intValue());
            var b = links.get(((Number) c.get("b")).intValue());
            Object devices = DeviceChain.merged(links, a, b)
                    .map(all ->
                            (Object) all.stream().map(DeviceId::hex).sorted().toList())
                    .orElse("none");
            assertEquals(c.get("devices"), devices, Vectors.text(c, "what"));
        }
    }

    private static DeviceChain chain(Map<String, Object> v, byte[] bytes) throws Exception {
        var links = (List<?>) Cbor.decode(bytes);
        byte[] first = CborMap.bytes(((List<?>) links.getFirst()).getFirst(), 1, Sealed.MAX_PAYLOAD);
        boolean cut = !Cbor.decodeMap(first).list(1, 0, 2).isEmpty();
        return DeviceChain.of(links, BOB, Vectors.text(v, "network"), cut);
    }
}
