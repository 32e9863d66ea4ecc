package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// An Internet message, or a part of one, cut into header fields and body; nothing is decoded (RFC 5322, section 2).
///
/// The same fields are judged by `Reply` and hashed by `DkimVerifier`: where two parsers would disagree on what a
/// field is, one could be shown what the other did not verify. So whatever could be read in two ways is refused:
/// line ends that are not CRLF, a blank before the colon, continuation lines of nothing but blanks, 8-bit headers.
///
/// @param fields in the order of the message
public record RawMail(List<Field> fields, byte[] body) {
    /// What mails answering a challenge are, many times over: one from a large provider has 6 KiB, most of it header.
    public static final int MAX_BYTES = 64 * 1024;

    private static final int MAX_FIELDS = 200;
    /// RFC 5322, section 2.1.1: without its CRLF.
    private static final int MAX_LINE = 998;

    /// @param name in lower case
    /// @param raw the whole field as it came, one character for each byte, with its last CRLF
    public record Field(String name, String raw) {
        /// What follows the colon, unfolded (RFC 5322, section 2.2.3) and without blanks around it.
        public String value() {
            return raw.substring(raw.indexOf(':') + 1).replace("\r\n", "").strip();
        }
    }

    public RawMail {
        fields = List.copyOf(fields);
    }

    public static RawMail parse(byte[] bytes) throws MailRefused {
        unless(bytes.length <= MAX_BYTES, Reason.TOO_BIG);
        return cut(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /// @param text one character for each byte
    public static RawMail cut(String text) throws MailRefused {
        checkLineEnds(text);
        var fields = new ArrayList<Field>();
        int at = 0;
        while (!text.startsWith("\r\n", at)) {
            int end = endOfField(text, at);
            unless(fields.size() < MAX_FIELDS, Reason.HEADER_SYNTAX);
            fields.add(field(text.substring(at, end)));
            at = end;
        }
        return new RawMail(fields, text.substring(at + 2).getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void checkLineEnds(String text) throws MailRefused {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            unless(c != 0, Reason.CONTROL_CHARACTER);
            if (c == '\r') unless(i + 1 < text.length() && text.charAt(i + 1) == '\n', Reason.LINE_END);
            if (c == '\n') unless(i > 0 && text.charAt(i - 1) == '\r', Reason.LINE_END);
        }
    }

    private static int endOfField(String text, int start) throws MailRefused {
        int at = start;
        do {
            int end = text.indexOf("\r\n", at);
            unless(end >= 0, Reason.TRUNCATED);
            String line = text.substring(at, end);
            unless(line.length() <= MAX_LINE, Reason.HEADER_SYNTAX);
            // Also the first line of a field: one that begins with a blank continues nothing.
            unless(!line.isBlank() && (at > start || !blank(line.charAt(0))), Reason.HEADER_SYNTAX);
            at = end + 2;
        } while (at < text.length() && blank(text.charAt(at)));
        unless(at < text.length(), Reason.TRUNCATED);
        return at;
    }

    private static boolean blank(char c) {
        return c == ' ' || c == '\t';
    }

    private static Field field(String raw) throws MailRefused {
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            unless(c < 0x80, Reason.EIGHT_BIT_HEADER);
            unless((c >= ' ' && c != 0x7f) || c == '\t' || c == '\r' || c == '\n', Reason.CONTROL_CHARACTER);
        }
        int colon = raw.indexOf(':');
        String name = colon < 1 ? "" : raw.substring(0, colon);
        unless(!name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 0x7f), Reason.HEADER_SYNTAX);
        return new Field(name.toLowerCase(Locale.ROOT), raw);
    }

    public List<Field> all(String name) {
        return fields.stream().filter(each -> each.name().equals(name)).toList();
    }

    /// The field that may stand once.
    public Optional<Field> one(String name) throws MailRefused {
        var all = all(name);
        unless(all.size() <= 1, Reason.HEADER_TWICE);
        return all.stream().findFirst();
    }

    /// The field that must stand, once.
    public Field the(String name) throws MailRefused {
        return one(name).orElseThrow(() -> new MailRefused(Reason.HEADER_MISSING));
    }
}
