package dev.starling.nat.stun;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One STUN message as it was received: RFC 8489, section 5. Attributes are read where they lie. What follows a
/// MESSAGE-INTEGRITY is not there, save its sister of 256 bits and FINGERPRINT (sections 14.5 to 14.7), and of two of a
/// kind the first counts (section 14).
public final class StunMessage {
    public static final int HEADER_BYTES = 20;
    public static final int COOKIE = 0x2112A442;
    public static final int TRANSACTION_ID_BYTES = 12;
    /// More are refused; nobody needs half of them.
    public static final int MAX_ATTRIBUTES = 32;

    static final int SHA1_BYTES = 20;
    static final int SHA256_BYTES = 32;

    private final byte[] bytes;
    private final List<Place> places;

    /// at: of the attribute's header; length: of its value, without padding
    private record Place(int type, int at, int length) {}

    private StunMessage(byte[] bytes, List<Place> places) {
        this.bytes = bytes;
        this.places = places;
    }

    /// Whether what begins so is meant as STUN where other protocols share the port: RFC 8489, section 5, and RFC 9443.
    public static boolean isStun(ByteBuffer in) {
        return in.remaining() >= HEADER_BYTES
                && (in.get(in.position()) & 0xC0) == 0
                && in.getInt(in.position() + 4) == COOKIE;
    }

    /// The message that fills `bytes`, which are copied.
    public static StunMessage parse(byte[] bytes) throws StunException {
        var in = ByteBuffer.wrap(bytes);
        if (!isStun(in)) throw new StunException("not STUN");
        int length = in.getShort(2) & 0xFFFF;
        if (length % 4 != 0 || length != bytes.length - HEADER_BYTES) throw new StunException("wrong length");
        return new StunMessage(bytes.clone(), places(in));
    }

    private static List<Place> places(ByteBuffer in) throws StunException {
        var places = new ArrayList<Place>();
        boolean isProtected = false;
        int protectedBy = 0;
        for (int at = HEADER_BYTES; at < in.limit(); ) {
            if (in.limit() - at < 4) throw new StunException("cut off");
            int type = in.getShort(at) & 0xFFFF;
            int length = in.getShort(at + 2) & 0xFFFF;
            int next = at + 4 + (length + 3) / 4 * 4;
            if (next > in.limit()) throw new StunException("an attribute is cut off");
            if (places.size() == MAX_ATTRIBUTES) throw new StunException("too many attributes");
            if (type == Attribute.FINGERPRINT && next != in.limit())
                throw new StunException("something follows FINGERPRINT");
            boolean counts = type == Attribute.FINGERPRINT
                    || !isProtected
                    || type == Attribute.MESSAGE_INTEGRITY_SHA256 && protectedBy == Attribute.MESSAGE_INTEGRITY;
            if (counts) places.add(new Place(type, at, length));
            if (counts && (type == Attribute.MESSAGE_INTEGRITY || type == Attribute.MESSAGE_INTEGRITY_SHA256)) {
                isProtected = true;
                protectedBy = type;
            }
            at = next;
        }
        return List.copyOf(places);
    }

    public int method() {
        return StunClass.method(type());
    }

    public StunClass kind() {
        return StunClass.of(type());
    }

    private int type() {
        return (bytes[0] & 0xFF) << 8 | bytes[1] & 0xFF;
    }

    /// 12 bytes.
    public byte[] transactionId() {
        return Arrays.copyOfRange(bytes, 8, HEADER_BYTES);
    }

    public boolean has(int attribute) {
        return place(attribute).isPresent();
    }

    public Optional<byte[]> value(int attribute) {
        return place(attribute).map(this::copied);
    }

    /// A number of 32 bits without sign.
    public Optional<Long> number(int attribute) throws StunException {
        Optional<byte[]> value = value(attribute);
        if (value.isEmpty()) return Optional.empty();
        if (value.get().length != 4) throw malformed(attribute);
        return Optional.of(ByteBuffer.wrap(value.get()).getInt() & 0xFFFF_FFFFL);
    }

    /// UTF-8, of `maxBytes` at most.
    public Optional<String> text(int attribute, int maxBytes) throws StunException {
        Optional<byte[]> value = value(attribute);
        if (value.isEmpty()) return Optional.empty();
        if (value.get().length > maxBytes) throw malformed(attribute);
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value.get()))
                    .toString());
        } catch (CharacterCodingException e) {
            throw malformed(attribute);
        }
    }

    /// An address that is veiled by the cookie and the transaction: RFC 8489, section 14.2.
    public Optional<InetSocketAddress> xorAddress(int attribute) throws StunException {
        Optional<Place> place = place(attribute);
        if (place.isEmpty()) return Optional.empty();
        return Optional.of(address(attribute, copied(place.get())));
    }

    /// Every peer that one request names: RFC 8656, section 9.1, allows several.
    public List<InetSocketAddress> xorAddresses(int attribute) throws StunException {
        var all = new ArrayList<InetSocketAddress>();
        for (Place each : places) if (each.type == attribute) all.add(address(attribute, copied(each)));
        return List.copyOf(all);
    }

    private InetSocketAddress address(int attribute, byte[] value) throws StunException {
        int size = value.length < 4 ? 0 : value[1] == 1 ? 4 : value[1] == 2 ? 16 : 0;
        if (size == 0 || value.length != 4 + size) throw malformed(attribute);
        int port = ((value[2] & 0xFF) << 8 | value[3] & 0xFF) ^ COOKIE >>> 16;
        byte[] raw = Arrays.copyOfRange(value, 4, 4 + size);
        for (int i = 0; i < size; i++) raw[i] ^= bytes[4 + i];
        try {
            return new InetSocketAddress(InetAddress.getByAddress(raw), port);
        } catch (UnknownHostException e) {
            throw malformed(attribute);
        }
    }

    /// code: 300 to 699
    public record Failure(int code, String reason) {}

    public Optional<Failure> failure() throws StunException {
        Optional<byte[]> value = value(Attribute.ERROR_CODE);
        if (value.isEmpty()) return Optional.empty();
        byte[] all = value.get();
        if (all.length < 4 || all.length > 4 + 763) throw malformed(Attribute.ERROR_CODE);
        int code = (all[2] & 7) * 100 + (all[3] & 0xFF);
        if (code < 300 || code > 699 || (all[3] & 0xFF) > 99) throw malformed(Attribute.ERROR_CODE);
        return Optional.of(new Failure(code, new String(all, 4, all.length - 4, StandardCharsets.UTF_8)));
    }

    /// Types that must be understood and are not: RFC 8489, section 6.3.
    public List<Integer> notUnderstood(Set<Integer> understood) {
        return places.stream()
                .map(Place::type)
                .filter(type -> type < 0x8000 && !understood.contains(type))
                .distinct()
                .toList();
    }

    /// Whether FINGERPRINT is there and right: RFC 8489, section 14.7.
    public boolean hasRightFingerprint() {
        Optional<Place> place = place(Attribute.FINGERPRINT).filter(each -> each.length == 4);
        return place.isPresent()
                && ByteBuffer.wrap(bytes).getInt(place.get().at + 4) == Protection.fingerprint(bytes, place.get().at);
    }

    /// Whether MESSAGE-INTEGRITY is there and was made with this key; compared in constant time.
    public boolean isIntact(byte[] key) {
        return isIntact(Attribute.MESSAGE_INTEGRITY, Protection.SHA1, SHA1_BYTES, SHA1_BYTES, key);
    }

    /// The same of MESSAGE-INTEGRITY-SHA256, which may be cut to 16 bytes: RFC 8489, section 14.6.
    public boolean isIntact256(byte[] key) {
        return isIntact(Attribute.MESSAGE_INTEGRITY_SHA256, Protection.SHA256, 16, SHA256_BYTES, key);
    }

    private boolean isIntact(int attribute, String algorithm, int least, int most, byte[] key) {
        Optional<Place> place =
                place(attribute).filter(each -> each.length >= least && each.length <= most && each.length % 4 == 0);
        if (place.isEmpty()) return false;
        byte[] right = Protection.hmac(algorithm, key, bytes, place.get().at, place.get().length);
        return MessageDigest.isEqual(Arrays.copyOf(right, place.get().length), copied(place.get()));
    }

    private Optional<Place> place(int attribute) {
        for (Place each : places) if (each.type == attribute) return Optional.of(each);
        return Optional.empty();
    }

    private byte[] copied(Place place) {
        return Arrays.copyOfRange(bytes, place.at + 4, place.at + 4 + place.length);
    }

    private static StunException malformed(int attribute) {
        return new StunException("malformed attribute 0x" + HexFormat.of().toHexDigits((short) attribute));
    }
}
