package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/// Header names in their one form: long (RFC 3261, section 7.3.3, and the registry's later compact forms), in lower
/// case. Names that we know cost no allocation.
final class HeaderName {
    private static final int LONGEST = 24;

    /// By letter, from `a`; "" where no compact form is registered.
    private static final String[] COMPACT = new String[26];

    /// By length: the names that nearly every message holds.
    private static final String[][] KNOWN = new String[LONGEST + 1][0];

    static {
        java.util.Arrays.fill(COMPACT, "");
        for (String each : List.of(
                "a accept-contact",
                "b referred-by",
                "c content-type",
                "e content-encoding",
                "f from",
                "i call-id",
                "k supported",
                "l content-length",
                "m contact",
                "o event",
                "r refer-to",
                "s subject",
                "t to",
                "u allow-events",
                "v via",
                "x session-expires",
                "y identity")) COMPACT[each.charAt(0) - 'a'] = each.substring(2).intern();
        for (String name : COMPACT) know(name);
        for (String name : List.of(
                "route",
                "record-route",
                "max-forwards",
                "cseq",
                "expires",
                "date",
                "reason",
                "require",
                "proxy-require",
                "accept",
                "subscription-state",
                "sip-if-match",
                "sip-etag",
                "starling-token",
                "starling-signature",
                "starling-knock",
                "user-agent",
                "retry-after",
                "allow",
                "authorization",
                "proxy-authorization",
                "path")) know(name.intern());
    }

    private HeaderName() {}

    private static void know(String name) {
        if (name.isEmpty()) return;
        String[] same = KNOWN[name.length()];
        String[] more = java.util.Arrays.copyOf(same, same.length + 1);
        more[same.length] = name;
        KNOWN[name.length()] = more;
    }

    /// The name in `in[from, to)`, a token.
    static String of(byte[] in, int from, int to) {
        int length = to - from;
        if (length == 1) {
            int letter = lower(in[from]) - 'a';
            if (letter >= 0 && letter < 26 && !COMPACT[letter].isEmpty()) return COMPACT[letter];
        }
        if (length <= LONGEST) for (String known : KNOWN[length]) if (matches(known, in, from)) return known;
        return new String(in, from, length, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    }

    static String canonical(String name) {
        int length = name.length();
        if (length <= LONGEST) for (String known : KNOWN[length]) if (known.equalsIgnoreCase(name)) return known;
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
        return of(bytes, 0, length);
    }

    private static boolean matches(String known, byte[] in, int from) {
        for (int i = 0; i < known.length(); i++) if (known.charAt(i) != lower(in[from + i])) return false;
        return true;
    }

    // Letters only: `c | 32` alone would take a CR for a hyphen.
    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + 32 : b;
    }
}
