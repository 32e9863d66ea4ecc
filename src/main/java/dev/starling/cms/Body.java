package dev.starling.cms;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;

/// One message between two devices (docs/protocols/formats.md, section 9).
///
/// @param id 16 random bytes
/// @param sent Unix ms
/// @param device the addressee's device
public record Body(byte[] id, long sent, Address from, Address to, DeviceId device, Content content) {
    public static final int ID_BYTES = 16;
    static final long MAX_TIME = 1L << 50;

    /// A body that was believed, and by whose certificate.
    public record Opened(Body body, CertificateVerifier.Verified signer) {}

    /// The device that opens: its key, and who it is.
    public record Us(PrivateKey key, Address address, DeviceId device) {
        @Override
        public String toString() {
            return "Us[" + address + " " + device + "]";
        }
    }

    /// CBOR. Refuses to write what nobody would read, for the reader's reason.
    public byte[] encode() throws IdentityException {
        byte[] bytes = Cbor.encode(new CborMap()
                .with(1, Type.of(content).number())
                .with(2, id)
                .with(3, sent)
                .with(4, from.text())
                .with(5, to.text())
                .with(6, device.bytes())
                .with(7, Contents.write(content)));
        var _ = decode(bytes);
        return bytes;
    }

    /// Reads a body; `malformed`, `unknown-type`, `too-long`, `wrong-length`, `out-of-range`, `too-few`, `too-many` or
    /// `bad-address` otherwise.
    public static Body decode(byte[] cbor) throws IdentityException {
        CborMap map = Cbor.decodeMap(cbor);
        Type type = Type.of(map.number(1, Long.MIN_VALUE, Long.MAX_VALUE));
        return new Body(
                Limits.bytes(map, 2, ID_BYTES),
                Limits.number(map, 3, 0, MAX_TIME),
                Limits.address(map, 4),
                Limits.address(map, 5),
                DeviceId.of(Limits.bytes(map, 6, DeviceId.BYTES)),
                Contents.read(type, map.map(7)));
    }

    /// Signs and encrypts for the device certified by `recipient`.
    public byte[] seal(Keys.Held signer, X509Certificate recipient, Instant now) throws IdentityException {
        return Envelope.seal(signer, recipient, encode(), now);
    }

    /// Opens what came for this device: genuine, from whom it says (`wrong-name`), and meant for us (`not-for-us`: no
    /// surreptitious forwarding).
    public static Opened open(byte[] der, Us us, CertificateVerifier certificates, Instant now)
            throws IdentityException {
        Envelope.Opened opened = Envelope.open(der, us.key(), certificates, now);
        Body body = decode(opened.content());
        if (!body.from.equals(opened.signer().address())) throw new IdentityException("wrong-name");
        if (!body.to.equals(us.address()) || !body.device.equals(us.device()))
            throw new IdentityException("not-for-us");
        return new Opened(body, opened.signer());
    }

    /// The types and their numbers on the wire.
    enum Type {
        TEXT(1, Content.Text.class),
        RECEIPT(2, Content.Receipt.class),
        REQUEST(3, Content.Request.class),
        ACCEPT(4, Content.Accept.class),
        DECLINE(5, Content.Decline.class),
        ROTATE(6, Content.Rotate.class),
        ENDORSE_REQUEST(7, Content.EndorseRequest.class),
        ENDORSE_GRANT(8, Content.EndorseGrant.class),
        SENT_COPY(9, Content.SentCopy.class),
        ENDORSE_REFUSAL(10, Content.EndorseRefusal.class),
        READ_MARK(11, Content.ReadMark.class),
        OWN_KEY(12, Content.OwnKey.class),
        ENTRIES(13, Content.Entries.class),
        SUMMARY(14, Content.Summary.class),
        MOVED(15, Content.Moved.class);

        private final long number;
        private final Class<? extends Content> content;

        Type(long number, Class<? extends Content> content) {
            this.number = number;
            this.content = content;
        }

        long number() {
            return number;
        }

        static Type of(Content content) {
            return Arrays.stream(values())
                    .filter(type -> type.content.isInstance(content))
                    .findFirst()
                    .orElseThrow();
        }

        static Type of(long number) throws IdentityException {
            return Arrays.stream(values())
                    .filter(type -> type.number == number)
                    .findFirst()
                    .orElseThrow(() -> new IdentityException("unknown-type"));
        }
    }

    @Override
    public String toString() {
        return "Body[" + Type.of(content) + " from " + from + " to " + to + "]";
    }
}
