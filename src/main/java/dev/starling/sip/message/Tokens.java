package dev.starling.sip.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The lexical rules that headers share: quoted strings, angle brackets, parameters, folding (RFC 3261, section
/// 25.1). Every scan is linear.
public final class Tokens {
    private static final boolean[] TOKEN = new boolean[128];
    private static final int MAX_SHOWN = 80;
    private static final Pattern UNSHOWN = Pattern.compile("[^\\x21-\\x7e]");

    static {
        for (int c = 0; c < 128; c++)
            TOKEN[c] = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-.!%*_+`'~".indexOf(c) >= 0;
    }

    private Tokens() {}

    /// What came from outside, as it may stand in a line of the log: printable ASCII of a certain length.
    public static String shown(String text) {
        String head = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "..." : text;
        return UNSHOWN.matcher(head)
                .replaceAll(c -> String.format("%%%02X", (int) c.group().charAt(0)));
    }

    public static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) if (!isTokenChar(text.charAt(i))) return false;
        return !text.isEmpty();
    }

    static boolean isTokenChar(int c) {
        return c >= 0 && c < 128 && TOKEN[c];
    }

    /// A decimal number of 1 to `maxDigits` (18 at most) digits; -1 when it is none.
    public static long number(String text, int maxDigits) {
        if (text.isEmpty() || text.length() > maxDigits) return -1;
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    }

    /// Line breaks and the blanks around them become one blank (RFC 3261, section 7.3.1).
    public static String unfold(String value) {
        if (value.indexOf('\n') < 0) return value;
        var plain = new StringBuilder(value.length());
        int start = 0;
        while (start <= value.length()) {
            int end = value.indexOf('\n', start);
            String line = value.substring(start, end < 0 ? value.length() : end).strip();
            if (!plain.isEmpty()) plain.append(' ');
            plain.append(line);
            if (end < 0) break;
            start = end + 1;
        }
        return plain.toString();
    }

    static int blank(String text) {
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) == ' ' || text.charAt(i) == '\t') return i;
        return text.length();
    }

    /// Splits at `separator` outside quotes and angle brackets; elements are trimmed.
    public static List<String> split(String value, char separator) {
        var parts = new ArrayList<String>();
        int start = 0;
        for (int at = next(value, 0, separator); at >= 0; at = next(value, start, separator)) {
            parts.add(value.substring(start, at).trim());
            start = at + 1;
        }
        String last = value.substring(start).trim();
        if (!last.isEmpty() || !parts.isEmpty()) parts.add(last);
        return parts;
    }

    /// What stands before the first `separator` outside quotes and angle brackets, trimmed.
    public static String head(String value, char separator) {
        int at = next(value, 0, separator);
        return (at < 0 ? value : value.substring(0, at)).trim();
    }

    /// Where `wanted` stands outside quotes and angle brackets, from `from` on; -1 when nowhere.
    public static int next(String value, int from, char wanted) {
        boolean quoted = false, angle = false;
        for (int i = from; i < value.length(); i++) {
            char c = value.charAt(i);
            if (quoted) {
                if (c == '\\') i++;
                else if (c == '"') quoted = false;
            } else if (c == '"') quoted = true;
            else if (c == wanted && !angle) return i;
            else if (c == '<') angle = true;
            else if (c == '>') angle = false;
        }
        return -1;
    }

    /// Quotes and angle brackets that are opened are closed, brackets do not nest.
    static boolean balanced(String value) {
        boolean quoted = false, angle = false;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (quoted) {
                if (c == '\\') i++;
                else if (c == '"') quoted = false;
            } else if (c == '"') quoted = true;
            else if (c == '<' && angle || c == '>' && !angle) return false;
            else if (c == '<' || c == '>') angle = c == '<';
        }
        return !quoted && !angle;
    }

    /// A header parameter's value, without its quotes ("" for a flag); `name` in lower case. The first with that name
    /// counts.
    public static Optional<String> parameter(String value, String name) {
        for (int at = next(value, 0, ';'); at >= 0; ) {
            int then = next(value, at + 1, ';'), end = then < 0 ? value.length() : then;
            int equals = value.indexOf('=', at + 1, end);
            if (isNamed(value, at + 1, equals < 0 ? end : equals, name))
                return Optional.of(
                        equals < 0
                                ? ""
                                : unquote(value.substring(equals + 1, end).strip()));
            at = then;
        }
        return Optional.empty();
    }

    // `name` with blanks around it, in any letters.
    private static boolean isNamed(String value, int from, int to, String name) {
        int start = from, end = to;
        while (start < end && Character.isWhitespace(value.charAt(start))) start++;
        while (end > start && Character.isWhitespace(value.charAt(end - 1))) end--;
        return end - start == name.length() && value.regionMatches(true, start, name, 0, name.length());
    }

    /// What a quoted-string says; other text as it is.
    public static String unquote(String text) {
        if (text.length() < 2 || text.charAt(0) != '"' || text.charAt(text.length() - 1) != '"') return text;
        if (text.indexOf('\\') < 0) return text.substring(1, text.length() - 1);
        var plain = new StringBuilder(text.length());
        for (int i = 1; i < text.length() - 1; i++) {
            if (text.charAt(i) == '\\' && i + 1 < text.length() - 1) i++;
            plain.append(text.charAt(i));
        }
        return plain.toString();
    }

    /// As a quoted-string: what a parameter's value is written as when it is no token.
    public static String quote(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}
