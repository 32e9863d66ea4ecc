package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.record.Bodies;
import dev.starling.record.OwnEntry;
import dev.starling.record.Rendezvous;
import dev.starling.record.SignedRecord;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What the other devices of this person left in the DHT of what they share, in packs sealed under their own key
/// (docs/protocols/formats.md, section 10).
final class OwnPacks {
    private static final int MAX_PACKS = 64, MAX_ENTRIES = 6_000, ID = 16;
    private static final int MAX_NAME = 300, MAX_VALUE = 1024;
    private static final long MAX_TIME = 1L << 50;

    private OwnPacks() {}

    private record Pack(int index, int of, List<Content.Entry> entries) {}

    /// @param listed whose records count
    static List<Content.Entry> read(
            LocationService location, Address address, byte[] ownKey, Predicate<DeviceId> listed) throws DhtException {
        var all = new ArrayList<Content.Entry>();
        int of = 1;
        for (int index = 0; index < Math.min(of, MAX_PACKS); index++) {
            var place = new Rendezvous.Master(hmac(ownKey, "starling/1 own place", index));
            byte[] id = Arrays.copyOf(hmac(ownKey, "starling/1 own id", index), ID);
            for (SignedRecord record : location.own(address, place)) {
                if (record.body().isEmpty() || !listed.test(record.device())) continue;
                try {
                    Pack pack = open(record.body().get(), ownKey, id);
                    if (pack.index != index) continue;
                    of = Math.max(of, pack.of);
                    all.addAll(pack.entries);
                } catch (IdentityException e) {
                    System.getLogger("starling.agent")
                            .log(System.Logger.Level.DEBUG, () -> "what another device shares: " + e.reason());
                }
            }
        }
        return all;
    }

    private static Pack open(CborMap body, byte[] ownKey, byte[] id) throws IdentityException {
        var own = Bodies.Own.of(body);
        if (!Arrays.equals(own.id(), id)) throw new IdentityException("malformed", "another entry");
        CborMap map = Cbor.decodeMap(OwnEntry.open(ownKey, id, own.entry()));
        int of = (int) map.number(2, 1, MAX_PACKS);
        var entries = new ArrayList<Content.Entry>();
        for (Object each : map.list(3, 0, MAX_ENTRIES)) {
            CborMap entry = CborMap.map(each);
            entries.add(new Content.Entry(
                    entry.text(1, MAX_NAME), entry.number(2, 0, MAX_TIME), entry.bytes(3, 0, MAX_VALUE)));
        }
        return new Pack((int) map.number(1, 0, of - 1), of, entries);
    }

    private static byte[] hmac(byte[] key, String label, int index) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(label.getBytes(StandardCharsets.US_ASCII));
            mac.update((byte) index);
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
