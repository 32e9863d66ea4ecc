package dev.starling.identity.cbor;

import dev.starling.identity.IdentityException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// A CBOR map with integer keys, and getters that refuse (`malformed`) what has another type or is out of bounds.
public final class CborMap {
    /// The encoded order: 0, 1, 2 …, then -1, -2 …
    static final Comparator<Long> ORDER =
            (a, b) -> a < 0 == b < 0 ? Long.compare(Math.abs(a), Math.abs(b)) : a < 0 ? 1 : -1;

    private final TreeMap<Long, Object> entries = new TreeMap<>(ORDER);

    /// Adds an entry and returns this map.
    public CborMap with(long key, Object value) {
        entries.put(key, value);
        return this;
    }

    public boolean has(long key) {
        return entries.containsKey(key);
    }

    public boolean isNull(long key) {
        return entries.get(key) == Cbor.Null.NULL;
    }

    public int size() {
        return entries.size();
    }

    Set<Map.Entry<Long, Object>> entries() {
        return entries.entrySet();
    }

    public byte[] bytes(long key, int min, int max) throws IdentityException {
        return bytes(get(key), min, max);
    }

    public static byte[] bytes(Object item, int min, int max) throws IdentityException {
        if (item instanceof byte[] bytes && bytes.length >= min && bytes.length <= max) return bytes;
        throw Cbor.malformed("bytes expected");
    }

    /// A text of at most `max` UTF-16 code units.
    public String text(long key, int max) throws IdentityException {
        if (get(key) instanceof String text && text.length() <= max) return text;
        throw Cbor.malformed("text expected at " + key);
    }

    public long number(long key, long min, long max) throws IdentityException {
        if (get(key) instanceof Long n && n >= min && n <= max) return n;
        throw Cbor.malformed("number expected at " + key);
    }

    public boolean flag(long key) throws IdentityException {
        if (get(key) instanceof Boolean flag) return flag;
        throw Cbor.malformed("true or false expected at " + key);
    }

    public List<?> list(long key, int min, int max) throws IdentityException {
        if (get(key) instanceof List<?> list && list.size() >= min && list.size() <= max) return list;
        throw Cbor.malformed("list expected at " + key);
    }

    public CborMap map(long key) throws IdentityException {
        return map(get(key));
    }

    public static CborMap map(Object item) throws IdentityException {
        if (item instanceof CborMap map) return map;
        throw Cbor.malformed("map expected");
    }

    private Object get(long key) throws IdentityException {
        return Optional.ofNullable(entries.get(key)).orElseThrow(() -> Cbor.malformed("no " + key));
    }
}
