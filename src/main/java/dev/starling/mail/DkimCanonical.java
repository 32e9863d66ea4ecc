package dev.starling.mail;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// The forms in which header fields and body are hashed: RFC 6376, section 3.4. Relaxed or simple, and nothing else.
enum DkimCanonical {
    SIMPLE,
    RELAXED;

    private static final byte[] CRLF = {'\r', '\n'};

    /// @param raw a field with its last CRLF; so is what comes back
    String field(String raw) {
        if (this == SIMPLE) return raw;
        int colon = raw.indexOf(':');
        String value = raw.substring(colon + 1).replace("\r\n", "").replaceAll("[ \\t]+", " ");
        return raw.substring(0, colon).strip().toLowerCase(Locale.ROOT) + ":" + value.strip() + "\r\n";
    }

    byte[] body(byte[] body) {
        byte[] lines = this == SIMPLE ? body : withoutBlanks(body);
        int end = lines.length;
        while (endsInCrlf(lines, end)) end -= 2;
        // Sections 3.4.3 and 3.4.4: an empty body is one line end when simple, and nothing when relaxed.
        if (end == 0) return this == SIMPLE ? CRLF.clone() : new byte[0];
        byte[] all = Arrays.copyOf(lines, end + 2);
        System.arraycopy(CRLF, 0, all, end, 2);
        return all;
    }

    private static boolean endsInCrlf(byte[] bytes, int end) {
        return end >= 2 && bytes[end - 2] == '\r' && bytes[end - 1] == '\n';
    }

    /// Runs of blanks become one, and those at the end of a line none.
    private static byte[] withoutBlanks(byte[] body) {
        var out = new ByteArrayOutputStream(body.length);
        boolean blank = false;
        for (byte each : body) {
            if (each == ' ' || each == '\t') blank = true;
            else {
                if (blank && each != '\r') out.write(' ');
                blank = false;
                out.write(each);
            }
        }
        return out.toByteArray();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
