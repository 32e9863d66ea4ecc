package dev.starling.identity.passport;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.IdentityException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The one form in which our tokens write JSON: members in alphabetical order, no white space, printable ASCII,
/// safe integers, true and false only, nested at most eight deep. A token in
/// another form is refused, so that no two readers can understand it differently (duplicate members, odd numbers).
public final class Json {
    private static final int MAX_DEPTH = 8;
    private static final long MAX_INTEGER = (1L << 53) - 1;

    private Json() {}

    public static String write(Object value) {
        var out = new StringBuilder();
        write(out, value, 0);
        return out.toString();
    }

    /// Reads an object and checks that it was written in our form.
    public static Map<String, Object> read(byte[] bytes) throws IdentityException {
        String text = new String(bytes, StandardCharsets.US_ASCII);
        try {
            Map<String, Object> parsed = JSONObjectUtils.parse(text);
            // The library gives null for `null`.
            if (parsed == null) throw new IdentityException("malformed", "not an object");
            if (!write(parsed).equals(text)) throw new IdentityException("malformed", "not in canonical form");
            return parsed;
        } catch (ParseException | IllegalArgumentException e) {
            throw new IdentityException("malformed", "not JSON in canonical form");
        }
    }

    private static void write(StringBuilder out, @Nullable Object value, int depth) {
        if (depth > MAX_DEPTH) throw new IllegalArgumentException("too deep");
        switch (value) {
            case null -> throw new IllegalArgumentException("null");
            case String text -> string(out, text);
            case Number number -> out.append(safe(number));
            case Boolean flag -> out.append(flag);
            case List<?> list -> {
                String separator = "";
                out.append('[');
                for (Object each : list) {
                    out.append(separator);
                    write(out, each, depth + 1);
                    separator = ",";
                }
                out.append(']');
            }
            case Map<?, ?> map -> {
                String separator = "";
                out.append('{');
                for (var entry : new TreeMap<Object, Object>(map).entrySet()) {
                    out.append(separator);
                    string(out, String.valueOf(entry.getKey()));
                    out.append(':');
                    write(out, entry.getValue(), depth + 1);
                    separator = ",";
                }
                out.append('}');
            }
            default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
        }
    }

    private static long safe(Number number) {
        if (Math.abs(number.longValue()) > MAX_INTEGER) throw new IllegalArgumentException("number too large");
        return number.longValue();
    }

    private static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c > 0x7e) throw new IllegalArgumentException("not printable ASCII");
            if (c == '"' || c == '\\') out.append('\\');
            out.append(c);
        }
        out.append('"');
    }
}
