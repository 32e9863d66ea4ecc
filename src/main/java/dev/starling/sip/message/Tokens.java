package dev.starling.sip.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The lexical rules that headers share: quoted strings, angle brackets, parameters, folding (RFC 3261, section
/// 25.1).
public final class Tokens {
    private static final String TOKEN = "-.!%*_+`'~";

    private Tokens() {}

    static boolean isToken(String text) {
        return !text.isEmpty() && text.chars().allMatch(Tokens::isTokenChar);
    }

    static boolean isTokenChar(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || TOKEN.indexOf(c) >= 0;
    }

    /// Line breaks and the blanks around them become one blank; linear in time.
    static String unfold(String value) {
        if (value.indexOf('\n') < 0) return value;
        var plain = new StringBuilder();
        for (String line : value.split("\\r?\\n"))
            plain.append(plain.isEmpty() ? "" : " ").append(line.strip());
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

    /// Where `wanted` stands outside quotes and angle brackets, from `from` on; -1 when nowhere.
    static int next(String value, int from, char wanted) {
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

    /// A header parameter's value ("" for a flag); the first with that name counts.
    public static Optional<String> parameter(String value, String name) {
        List<String> parts = split(value, ';');
        for (String part : parts.subList(Math.min(1, parts.size()), parts.size())) {
            int equals = part.indexOf('=');
            String key = (equals < 0 ? part : part.substring(0, equals)).trim();
            if (key.toLowerCase(Locale.ROOT).equals(name))
                return Optional.of(
                        equals < 0 ? "" : unquote(part.substring(equals + 1).trim()));
        }
        return Optional.empty();
    }

    static String unquote(String text) {
        if (text.length() < 2 || text.charAt(0) != '"' || text.charAt(text.length() - 1) != '"') return text;
        return text.substring(1, text.length() - 1).replaceAll("\\\\(.)", "$1");
    }
}
