package dev.starling.identity.der;

import dev.starling.identity.IdentityException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// One DER item (docs/protocols/formats.md, section 3): its identifier octet and where its content lies. The whole
/// input was checked before the first item is handed out, so that no two readers can understand it differently;
/// everything refused is `malformed`.
public final class Der {
    public static final int BOOLEAN = 1, INTEGER = 2, BITS = 3, OCTETS = 4, OID = 6, UTC_TIME = 23, TIME = 24;
    public static final int SEQUENCE = 0x30, SET = 0x31;
    private static final int MAX_DEPTH = 24;
    private static final int MAX_OID_BYTES = 64;

    private final byte[] in;
    private final int start;
    private final int content;
    private final int end;

    private Der(byte[] in, int start, int limit) throws IdentityException {
        this.in = in;
        this.start = start;
        if (limit - start < 2) throw bad("cut off");
        if ((in[start] & 31) == 31) throw bad("long tag");
        int first = in[start + 1] & 255;
        int more = first < 128 ? 0 : first - 128;
        if (first == 128 || more > 3 || limit - start < 2 + more) throw bad("length");
        int size = first;
        if (more > 0) {
            size = 0;
            for (int i = 0; i < more; i++) size = size << 8 | in[start + 2 + i] & 255;
            if (size < 128 || size < 1 << (8 * (more - 1))) throw bad("length form");
        }
        content = start + 2 + more;
        if (size > limit - content) throw bad("cut off");
        end = content + size;
    }

    /// Reads one item that fills `bytes`, of at most `max` bytes.
    public static Der parse(byte[] bytes, int max) throws IdentityException {
        if (bytes.length > max) throw bad("too long");
        var item = new Der(bytes, 0, bytes.length);
        if (item.end != bytes.length) throw bad("trailing bytes");
        item.check(0);
        return item;
    }

    private void check(int depth) throws IdentityException {
        if (depth > MAX_DEPTH) throw bad("too deep");
        boolean constructed = (tag() & 0x20) != 0;
        if ((tag() & 0xc0) == 0) {
            int number = tag() & 31;
            if (constructed != (number == 16 || number == 17) || number == 0) throw bad("tag");
            checkForm(number);
        }
        if (!constructed) return;
        byte[] last = {};
        for (Der item : items()) {
            item.check(depth + 1);
            if (tag() != SET) continue;
            byte[] next = item.bytes();
            if (Arrays.compareUnsigned(last, next) > 0) throw bad("set order");
            last = next;
        }
    }

    private void checkForm(int number) throws IdentityException {
        int size = end - content;
        boolean good = switch (number) {
            case BOOLEAN -> size == 1 && (in[content] == 0 || in[content] == -1);
            case INTEGER -> size > 0 && (size == 1 || in[content] != (in[content + 1] < 0 ? -1 : 0));
            case BITS -> size > 0 && bitsFit(size);
            case 5 -> size == 0;
            case OID -> size > 0 && size <= MAX_OID_BYTES && in[end - 1] >= 0 && arcsAreShort();
            default -> true;
        };
        if (!good) throw bad("form of tag " + number);
    }

    private boolean bitsFit(int size) {
        int unused = in[content];
        return unused >= 0 && unused <= 7 && (size == 1 ? unused == 0 : (in[end - 1] & ((1 << unused) - 1)) == 0);
    }

    private boolean arcsAreShort() {
        for (int i = content; i < end; i++) if ((in[i] & 255) == 128 && (i == content || in[i - 1] >= 0)) return false;
        return true;
    }

    /// The identifier octet: class, constructed bit and number.
    public int tag() {
        return in[start] & 255;
    }

    public boolean is(int tag) {
        return tag() == tag;
    }

    public Der expect(int tag) throws IdentityException {
        if (!is(tag)) throw bad("tag " + tag + " expected, found " + tag());
        return this;
    }

    /// The items inside a constructed one.
    public List<Der> items() throws IdentityException {
        if ((tag() & 0x20) == 0) throw bad("not constructed");
        var items = new ArrayList<Der>();
        for (int at = content; at < end; at = items.getLast().end) items.add(new Der(in, at, end));
        return items;
    }

    /// The items of a SEQUENCE that has at least `least` and at most `most`.
    public List<Der> sequence(int least, int most) throws IdentityException {
        List<Der> items = expect(SEQUENCE).items();
        if (items.size() < least || items.size() > most) throw bad(items.size() + " items");
        return items;
    }

    public byte[] content() {
        return Arrays.copyOfRange(in, content, end);
    }

    /// The whole encoding.
    public byte[] bytes() {
        return Arrays.copyOfRange(in, start, end);
    }

    public BigInteger integer() throws IdentityException {
        return new BigInteger(expect(INTEGER).content());
    }

    /// A small number: an INTEGER of at most six bytes.
    public long smallInteger() throws IdentityException {
        BigInteger value = integer();
        if (end - content > 6) throw bad("number too large");
        return value.longValue();
    }

    /// The bytes of a BIT STRING that has no unused bits.
    public byte[] wholeBits() throws IdentityException {
        expect(BITS);
        if (in[content] != 0) throw bad("unused bits");
        return Arrays.copyOfRange(in, content + 1, end);
    }

    /// An OBJECT IDENTIFIER in dotted form.
    public String oid() throws IdentityException {
        expect(OID);
        var dotted = new StringBuilder();
        BigInteger value = BigInteger.ZERO;
        for (int i = content; i < end; i++) {
            value = value.shiftLeft(7).or(BigInteger.valueOf(in[i] & 127));
            if (in[i] < 0) continue;
            if (dotted.isEmpty()) {
                int first = Math.min(value.bitLength() > 7 ? 2 : value.intValue() / 40, 2);
                dotted.append(first);
                value = value.subtract(BigInteger.valueOf(40L * first));
            }
            dotted.append('.').append(value);
            value = BigInteger.ZERO;
        }
        return dotted.toString();
    }

    private static IdentityException bad(String why) {
        return new IdentityException("malformed", why);
    }

    @Override
    public String toString() {
        return "Der[tag " + tag() + ", " + (end - content) + " bytes]";
    }
}
