package dev.starling.identity.cbor;

import dev.starling.identity.IdentityException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Deterministic CBOR (RFC 8949, section 4.2.1), the subset of docs/protocols/formats.md, section 4. In Java: `Long`
/// (also `Integer` when writing), `byte[]`, `String`, `List<?>`, [CborMap], `Boolean` and [Null].
public final class Cbor {
    public static final int MAX_BYTES = 64 * 1024;
    private static final int MAX_DEPTH = 16;
    private static final long MAX_INTEGER = (1L << 53) - 1;

    /// CBOR's null.
    public enum Null {
        NULL
    }

    private final byte[] in;
    private int at;

    private Cbor(byte[] in) {
        this.in = in;
    }

    /// Reads one item that fills `bytes`; anything else is `malformed`.
    public static Object decode(byte[] bytes) throws IdentityException {
        if (bytes.length > MAX_BYTES) throw malformed("too long");
        var reader = new Cbor(bytes);
        Object item = reader.item(0);
        if (reader.at != bytes.length) throw malformed("trailing bytes");
        return item;
    }

    public static CborMap decodeMap(byte[] bytes) throws IdentityException {
        if (decode(bytes) instanceof CborMap map) return map;
        throw malformed("not a map");
    }

    public static byte[] encode(Object item) {
        var out = new ByteArrayOutputStream();
        write(out, item, 0);
        return out.toByteArray();
    }

    private Object item(int depth) throws IdentityException {
        if (depth > MAX_DEPTH) throw malformed("too deep");
        int first = next();
        int major = first >> 5;
        int info = first & 31;
        if (major == 7) return simple(info);
        long argument = argument(info);
        return switch (major) {
            case 0 -> integer(argument);
            case 1 -> negative(argument);
            case 2 -> take(argument);
            case 3 -> text(take(argument));
            case 4 -> array(argument, depth);
            case 5 -> map(argument, depth);
            default -> throw malformed("tag");
        };
    }

    private static Object simple(int info) throws IdentityException {
        return switch (info) {
            case 20 -> false;
            case 21 -> true;
            case 22 -> Null.NULL;
            default -> throw malformed("simple value");
        };
    }

    private long argument(int info) throws IdentityException {
        if (info < 24) return info;
        if (info > 27) throw malformed("indefinite length");
        int size = 1 << (info - 24);
        long value = 0;
        for (int i = 0; i < size; i++) value = value << 8 | next();
        long least = size == 1 ? 24 : 1L << (size * 4);
        if (value >= 0 && value < least) throw malformed("not the shortest form");
        if (value < 0) throw malformed("number too large");
        return value;
    }

    private static long integer(long value) throws IdentityException {
        if (value > MAX_INTEGER) throw malformed("number too large");
        return value;
    }

    private static long negative(long value) throws IdentityException {
        if (value >= MAX_INTEGER) throw malformed("number too large");
        return -1 - value;
    }

    private byte[] take(long length) throws IdentityException {
        if (length > in.length - at) throw malformed("cut off");
        byte[] bytes = java.util.Arrays.copyOfRange(in, at, at + (int) length);
        at += (int) length;
        return bytes;
    }

    private static String text(byte[] bytes) throws IdentityException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("not UTF-8");
        }
    }

    private List<Object> array(long size, int depth) throws IdentityException {
        if (size > in.length - at) throw malformed("cut off");
        var list = new ArrayList<Object>();
        for (long i = 0; i < size; i++) list.add(item(depth + 1));
        return List.copyOf(list);
    }

    private CborMap map(long size, int depth) throws IdentityException {
        if (size > (in.length - at) / 2) throw malformed("cut off");
        var map = new CborMap();
        long last = 0;
        for (long i = 0; i < size; i++) {
            if (!(item(depth + 1) instanceof Long key)) throw malformed("map key is no integer");
            if (i > 0 && CborMap.ORDER.compare(last, key) >= 0) throw malformed("map keys out of order");
            last = key;
            map.with(key, item(depth + 1));
        }
        return map;
    }

    private int next() throws IdentityException {
        if (at >= in.length) throw malformed("cut off");
        return in[at++] & 255;
    }

    private static void write(ByteArrayOutputStream out, Object item, int depth) {
        if (depth > MAX_DEPTH) throw new IllegalArgumentException("too deep");
        switch (item) {
            case Integer n -> writeInteger(out, n);
            case Long n -> writeInteger(out, n);
            case byte[] bytes -> {
                head(out, 2, bytes.length);
                out.writeBytes(bytes);
            }
            case String text -> {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                head(out, 3, bytes.length);
                out.writeBytes(bytes);
            }
            case List<?> list -> {
                head(out, 4, list.size());
                for (Object each : list) write(out, each, depth + 1);
            }
            case CborMap map -> {
                head(out, 5, map.size());
                for (Map.Entry<Long, Object> entry : map.entries()) {
                    writeInteger(out, entry.getKey());
                    write(out, entry.getValue(), depth + 1);
                }
            }
            case Boolean b -> out.write(b ? 0xf5 : 0xf4);
            case Null _ -> out.write(0xf6);
            default -> throw new IllegalArgumentException("no CBOR for " + item.getClass());
        }
    }

    private static void writeInteger(ByteArrayOutputStream out, long n) {
        if (Math.abs(n) > MAX_INTEGER) throw new IllegalArgumentException("number too large");
        if (n >= 0) head(out, 0, n);
        else head(out, 1, -1 - n);
    }

    private static void head(ByteArrayOutputStream out, int major, long value) {
        int size = value < 24 ? 0 : value < 1 << 8 ? 1 : value < 1 << 16 ? 2 : value < 1L << 32 ? 4 : 8;
        int info = size == 0 ? (int) value : 24 + Integer.numberOfTrailingZeros(size);
        out.write(major << 5 | info);
        for (int i = size - 1; i >= 0; i--) out.write((int) (value >> (8 * i)));
    }

    static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
