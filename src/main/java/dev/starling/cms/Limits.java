package dev.starling.cms;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.CborMap;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Fields of a body with their limits: what has another type or is missing is `malformed`, what is over a limit has
/// the reason of that kind of limit.
final class Limits {
    private Limits() {}

    /// At most `most` UTF-16 code units.
    static String text(CborMap map, long key, int most) throws IdentityException {
        String text = map.text(key, Integer.MAX_VALUE);
        if (text.length() > most) throw new IdentityException("too-long");
        return text;
    }

    /// At most `most` bytes of UTF-8.
    static String utf8(CborMap map, long key, int most) throws IdentityException {
        String text = map.text(key, Integer.MAX_VALUE);
        if (text.getBytes(StandardCharsets.UTF_8).length > most) throw new IdentityException("too-long");
        return text;
    }

    static byte[] bytes(CborMap map, long key, int length) throws IdentityException {
        return exactly(map.bytes(key, 0, Integer.MAX_VALUE), length);
    }

    static byte[] bytes(Object item, int length) throws IdentityException {
        return exactly(CborMap.bytes(item, 0, Integer.MAX_VALUE), length);
    }

    static byte[] upTo(CborMap map, long key, int most) throws IdentityException {
        byte[] bytes = map.bytes(key, 0, Integer.MAX_VALUE);
        if (bytes.length > most) throw new IdentityException("too-long");
        return bytes;
    }

    private static byte[] exactly(byte[] bytes, int length) throws IdentityException {
        if (bytes.length != length) throw new IdentityException("wrong-length");
        return bytes;
    }

    static long number(CborMap map, long key, long min, long max) throws IdentityException {
        long number = map.number(key, Long.MIN_VALUE, Long.MAX_VALUE);
        if (number < min || number > max) throw new IdentityException("out-of-range");
        return number;
    }

    static List<?> list(CborMap map, long key, int least, int most) throws IdentityException {
        List<?> list = map.list(key, 0, Integer.MAX_VALUE);
        if (list.size() < least) throw new IdentityException("too-few");
        if (list.size() > most) throw new IdentityException("too-many");
        return list;
    }

    /// An address in its one form.
    static Address address(CborMap map, long key) throws IdentityException {
        String text = map.text(key, Integer.MAX_VALUE);
        try {
            Address address = Address.parse(text);
            if (address.text().equals(text)) return address;
        } catch (IdentityException e) {
            throw new IdentityException("bad-address", e.reason());
        }
        throw new IdentityException("bad-address", "not normalised");
    }
}
