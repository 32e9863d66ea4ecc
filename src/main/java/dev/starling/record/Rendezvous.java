package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.generators.HKDFBytesGenerator;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.crypto.params.HKDFParameters;

/// Where records of one address lie on one day, and the key that seals them there (docs/protocols/formats.md, section
/// 5).
public record Rendezvous(Kind kind, LocalDate day, byte[] dhtKey, byte[] sealingKey) {
    private static final LocalTime EARLY = LocalTime.of(1, 0), LATE = LocalTime.of(23, 0);

    /// 32 bytes from which the keys of all days and kinds follow. About 40 ms of CPU by intention (scrypt, RFC 7914):
    /// whoever tests a list of addresses pays it for each.
    public record Master(byte[] bytes) {
        public static Master of(Address address, String network) {
            byte[] salt = ("starling/1" + network).getBytes(StandardCharsets.UTF_8);
            return new Master(SCrypt.generate(address.bytes(), salt, 1 << 14, 8, 1, 32));
        }

        public static Master ofFriendsKey(byte[] friendsKey) {
            if (friendsKey.length != 32) throw new IllegalArgumentException("a friends key has 32 bytes");
            return new Master(friendsKey.clone());
        }

        public Rendezvous at(Kind kind, LocalDate day) {
            var hkdf = new HKDFBytesGenerator(new SHA256Digest());
            byte[] info = ("starling/1 rendezvous " + kind + " " + day).getBytes(StandardCharsets.UTF_8);
            hkdf.init(new HKDFParameters(bytes, new byte[0], info));
            byte[] okm = new byte[52];
            hkdf.generateBytes(okm, 0, okm.length);
            return new Rendezvous(kind, day, Arrays.copyOf(okm, 20), Arrays.copyOfRange(okm, 20, 52));
        }

        /// Today's place, and from 23:00 to 01:00 UTC the neighbour's as well: clocks differ.
        public List<Rendezvous> around(Kind kind, Instant now) {
            var utc = now.atOffset(ZoneOffset.UTC);
            LocalDate today = utc.toLocalDate();
            if (!utc.toLocalTime().isBefore(LATE)) return List.of(at(kind, today), at(kind, today.plusDays(1)));
            if (utc.toLocalTime().isBefore(EARLY)) return List.of(at(kind, today), at(kind, today.minusDays(1)));
            return List.of(at(kind, today));
        }

        @Override
        public String toString() {
            return "Master";
        }
    }

    public String hexKey() {
        return HexFormat.of().formatHex(dhtKey);
    }

    /// The id under which a device's value lies here; changes daily and tells nobody else who it is.
    public long valueId(DeviceId device) {
        return id(device.bytes());
    }

    /// The id of one message (16 bytes) of a device for another one: in INBOX and KNOCK every message has its own
    /// value.
    public long valueId(DeviceId from, byte[] message, DeviceId to) {
        return id(from.bytes(), message, to.bytes());
    }

    private long id(byte[]... parts) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(sealingKey, "HmacSHA256"));
            mac.update("id".getBytes(StandardCharsets.US_ASCII));
            for (byte[] part : parts) mac.update(part);
            return ByteBuffer.wrap(mac.doFinal()).getLong();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "Rendezvous[" + kind + " " + day + "]";
    }
}
