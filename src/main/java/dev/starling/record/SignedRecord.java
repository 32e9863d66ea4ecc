package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A signed statement of one device about one address (docs/protocols/formats.md, section 6): COSE_Sign1 (RFC 9052,
/// section 4.2) with the certificate chain in `x5chain` (RFC 9360).
///
/// Parsed, not yet believed: see [RecordOpener]. `body` is empty for a tombstone.
public record SignedRecord(
        Kind kind,
        Address address,
        DeviceId device,
        long sequence,
        Instant issued,
        Instant expires,
        Optional<CborMap> body,
        List<byte[]> chain,
        byte[] bytes) {
    private static final int TAG_18 = 0xd2;
    private static final int ES256 = -7;
    private static final int X5CHAIN = 33;
    private static final long MAX_TIME = 1L << 40;

    /// What is to be said; the rest follows from the key.
    public record Statement(
            Kind kind, Address address, long sequence, Instant issued, Instant expires, Optional<CborMap> body) {}

    public static byte[] sign(Keys.Held key, String network, Statement said) {
        Object body = said.body().<Object>map(b -> b).orElse(Cbor.Null.NULL);
        byte[] payload = Cbor.encode(new CborMap()
                .with(1, (long) said.kind().number())
                .with(2, said.address().text())
                .with(3, key.id().bytes())
                .with(4, said.sequence())
                .with(5, said.issued().getEpochSecond())
                .with(6, said.expires().getEpochSecond())
                .with(7, body));
        byte[] head = Cbor.encode(new CborMap().with(1, (long) ES256).with(X5CHAIN, key.der()));
        byte[] signature = Keys.sign(key.key(), toBeSigned(head, payload, network));
        byte[] array = Cbor.encode(List.of(head, new CborMap(), payload, signature));
        byte[] tagged = new byte[array.length + 1];
        tagged[0] = (byte) TAG_18;
        System.arraycopy(array, 0, tagged, 1, array.length);
        if (tagged.length > Sealed.MAX_PAYLOAD) throw new IllegalArgumentException("record too long");
        return tagged;
    }

    /// Reads the shape only; `malformed` otherwise.
    public static SignedRecord parse(byte[] bytes) throws IdentityException {
        if (bytes.length < 100 || bytes.length > Sealed.MAX_PAYLOAD || (bytes[0] & 255) != TAG_18)
            throw new IdentityException("malformed", "not a COSE_Sign1 of our size");
        Envelope envelope = Envelope.of(bytes);
        CborMap said = Cbor.decodeMap(envelope.payload);
        int number = (int) said.number(1, 1, 255);
        Kind kind = Arrays.stream(Kind.values())
                .filter(k -> k.number() == number)
                .findFirst()
                .orElseThrow(() -> new IdentityException("malformed", "unknown kind"));
        return new SignedRecord(
                kind,
                address(said.text(2, Address.MAX_LENGTH)),
                DeviceId.of(said.bytes(3, 32, 32)),
                said.number(4, 0, Long.MAX_VALUE),
                Instant.ofEpochSecond(said.number(5, 0, MAX_TIME)),
                Instant.ofEpochSecond(said.number(6, 0, MAX_TIME)),
                said.isNull(7) ? Optional.empty() : Optional.of(said.map(7)),
                envelope.chain,
                bytes.clone());
    }

    private static Address address(String text) throws IdentityException {
        try {
            Address address = Address.parse(text);
            if (address.text().equals(text)) return address;
        } catch (IdentityException e) {
            throw new IdentityException("malformed", e.reason());
        }
        throw new IdentityException("malformed", "address not normalised");
    }

    boolean signedBy(java.security.PublicKey key, String network) throws IdentityException {
        Envelope envelope = Envelope.of(bytes);
        return Keys.verify(key, toBeSigned(envelope.head, envelope.payload, network), envelope.signature);
    }

    // RFC 9052, section 4.4: Sig_structure.
    private static byte[] toBeSigned(byte[] head, byte[] payload, String network) {
        byte[] aad = ("starling/1 record " + network).getBytes(StandardCharsets.UTF_8);
        return Cbor.encode(List.of("Signature1", head, aad, payload));
    }

    /// The four parts of a COSE_Sign1, of whatever it says.
    record Envelope(byte[] head, byte[] payload, byte[] signature, List<byte[]> chain) {
        static Envelope of(byte[] bytes) throws IdentityException {
            if (!(Cbor.decode(Arrays.copyOfRange(bytes, 1, bytes.length)) instanceof List<?> four) || four.size() != 4)
                throw new IdentityException("malformed", "not four parts");
            byte[] head = CborMap.bytes(four.get(0), 1, Sealed.MAX_PAYLOAD);
            if (CborMap.map(four.get(1)).size() != 0) throw new IdentityException("malformed", "unprotected header");
            CborMap header = Cbor.decodeMap(head);
            if (header.number(1, -100, 100) != ES256) throw new IdentityException("malformed", "algorithm");
            var chain = new ArrayList<byte[]>();
            for (Object der : header.list(X5CHAIN, 1, CertificateVerifier.MAX_CHAIN))
                chain.add(CborMap.bytes(der, 1, 8192));
            return new Envelope(
                    head,
                    CborMap.bytes(four.get(2), 1, Sealed.MAX_PAYLOAD),
                    CborMap.bytes(four.get(3), 64, 64),
                    List.copyOf(chain));
        }
    }

    @Override
    public String toString() {
        return kind + " of " + address + ", device " + device.hex().substring(0, 8) + ", sequence " + sequence;
    }
}
