package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What the key of a new address says to one contact: this was my address, and this is it now
/// (docs/protocols/formats.md, section 13). It travels inside a notice that a device of the old address signed, so that
/// both say the same of each other. Believed as it is here; nothing is followed before the person agrees.
public record Moved(
        Address from,
        Address now,
        Address to,
        DeviceId device,
        Instant at,
        byte[] friendsKey,
        long version,
        byte[] token) {
    static final int MAX_BYTES = 12_288;
    private static final int TAG_18 = 0xd2, LEAST_BYTES = 100, FIELDS = 8, KEY_BYTES = 32;
    private static final long MAX_MILLIS = 1L << 50;
    private static final Duration GOOD = Duration.ofDays(31), AHEAD = Duration.ofSeconds(600);

    /// Who signed the notice, and who reads it.
    public record Between(Address from, Address to) {}

    /// Cheap checks first. Reasons: `malformed`; `wrong-address`, of another old address; `not-for-us`; `same-address`;
    /// `not-yet`; `expired`; those of the certificate of the new address; `wrong-device`; `bad-signature`.
    public static Moved open(
            byte[] bytes, Between between, String network, CertificateVerifier certificates, Instant now)
            throws IdentityException {
        SignedRecord.Envelope envelope;
        Moved said;
        try {
            if (bytes.length < LEAST_BYTES || bytes.length > MAX_BYTES || (bytes[0] & 255) != TAG_18)
                throw new IdentityException("malformed", "size");
            envelope = SignedRecord.Envelope.of(bytes);
            said = read(Cbor.decodeMap(envelope.payload()));
        } catch (IdentityException e) {
            throw new IdentityException("malformed", e.reason());
        }
        said.check(between, now);
        var signer = certificates.verify(envelope.chain(), Optional.of(said.now), now, Set.of());
        if (!signer.device().equals(said.device)) throw new IdentityException("wrong-device");
        byte[] aad = ("starling/1 moved " + network).getBytes(StandardCharsets.UTF_8);
        // RFC 9052, section 4.4: Sig_structure.
        byte[] signed = Cbor.encode(List.of("Signature1", envelope.head(), aad, envelope.payload()));
        if (!Keys.verify(signer.leaf().getPublicKey(), signed, envelope.signature()))
            throw new IdentityException("bad-signature");
        return said;
    }

    private void check(Between between, Instant today) throws IdentityException {
        if (!from.equals(between.from())) throw new IdentityException("wrong-address");
        if (!to.equals(between.to())) throw new IdentityException("not-for-us");
        if (now.equals(from) || now.equals(to)) throw new IdentityException("same-address");
        if (at.isAfter(today.plus(AHEAD))) throw new IdentityException("not-yet");
        if (!at.isAfter(today.minus(GOOD))) throw new IdentityException("expired");
    }

    private static Moved read(CborMap map) throws IdentityException {
        if (map.size() != FIELDS) throw new IdentityException("malformed", "fields");
        return new Moved(
                address(map, 1),
                address(map, 2),
                address(map, 3),
                DeviceId.of(map.bytes(4, KEY_BYTES, KEY_BYTES)),
                Instant.ofEpochMilli(map.number(5, 0, MAX_MILLIS)),
                map.bytes(6, KEY_BYTES, KEY_BYTES),
                map.number(7, 0, MAX_MILLIS),
                map.bytes(8, KEY_BYTES, KEY_BYTES));
    }

    private static Address address(CborMap map, long key) throws IdentityException {
        String text = map.text(key, Address.MAX_LENGTH);
        Address address = Address.parse(text);
        if (!address.text().equals(text)) throw new IdentityException("malformed", "address not normalised");
        return address;
    }

    @Override
    public String toString() {
        return "Moved[" + from + " to " + now + "]";
    }
}
