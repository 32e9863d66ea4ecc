package dev.starling.trace;

import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What may be shown of a message. Overwritten with `x`, in their length: credentials (a PASSporT and a contact token
/// are such too, whoever holds one can use it), passwords in URIs, keys in SDP, and every body that is no plain SDP.
public final class Redaction {
    private static final Set<String> CREDENTIALS = Set.of(
            "authorization",
            "proxy-authorization",
            "identity",
            "starling-token",
            "starling-signature",
            "starling-knock");

    /// RFC 4568, section 4; RFC 8839, section 5.4; RFC 8866, section 5.12.
    private static final List<String> KEYS = List.of("a=crypto:", "a=ice-pwd:", "k=");

    private Redaction() {}

    public static byte[] of(SipMessage message) {
        byte[] bytes = message.masked(CREDENTIALS);
        int body = bytes.length - message.bodyLength();
        passwords(bytes, body);
        boolean plain = message.hasSdp() && message.first("content-encoding").isEmpty();
        if (plain) keys(bytes, body);
        else Arrays.fill(bytes, body, bytes.length, (byte) 'x');
        return bytes;
    }

    /// `sip:user:password@host`, RFC 3261, section 19.1.1.
    private static void passwords(byte[] bytes, int end) {
        for (int at = 0; at < end; at++) {
            if (bytes[at] != ':' || !isScheme(bytes, at)) continue;
            int colon = -1;
            for (at++; at < end && !isDelimiter(bytes[at]); at++) if (bytes[at] == ':' && colon < 0) colon = at;
            if (at < end && bytes[at] == '@' && colon >= 0) Arrays.fill(bytes, colon + 1, at, (byte) 'x');
        }
    }

    private static boolean isScheme(byte[] bytes, int colon) {
        String before = new String(bytes, Math.max(0, colon - 4), Math.min(colon, 4), StandardCharsets.ISO_8859_1)
                .toLowerCase(Locale.ROOT);
        return before.endsWith("sip") || before.endsWith("sips");
    }

    private static boolean isDelimiter(byte b) {
        return b == '@' || b == '<' || b == '>' || b == '"' || (b >= 0 && b <= ' ');
    }

    private static void keys(byte[] bytes, int body) {
        for (int start = body; start < bytes.length; ) {
            int end = start;
            while (end < bytes.length && bytes[end] != '\n' && bytes[end] != '\r') end++;
            for (String key : KEYS)
                if (startsWith(bytes, start, end, key)) Arrays.fill(bytes, start + key.length(), end, (byte) 'x');
            start = end + 1;
        }
    }

    private static boolean startsWith(byte[] bytes, int start, int end, String prefix) {
        if (end - start < prefix.length()) return false;
        return new String(bytes, start, prefix.length(), StandardCharsets.ISO_8859_1).equalsIgnoreCase(prefix);
    }
}
