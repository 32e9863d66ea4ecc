package dev.starling.ca.validation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xbill.DNS.Record;

/// What the CAA records at a name let a CA do for mailboxes: RFC 8659, section 4, and RFC 9495.
final class Caa {
    private static final int CRITICAL = 0x80, HEAD = 2, MAX_VALUE = 1_000;
    private static final String MAIL = "issuemail";
    /// RFC 8659, sections 4.2 to 4.4: what they say is known, and does not matter to mail.
    private static final Set<String> KNOWN = Set.of(MAIL, "issue", "issuewild", "iodef");

    private static final String LABEL = "[A-Za-z0-9](?:-*[A-Za-z0-9])*";
    private static final String PARAMETER = LABEL + "[ \\t]*=[ \\t]*[\\x21-\\x3a\\x3c-\\x7e]*";
    /// RFC 9495, section 3: a CA, or none; then what that CA may give a meaning.
    private static final Pattern VALUE = Pattern.compile("[ \\t]*(" + LABEL + "(?:\\." + LABEL + ")*)?[ \\t]*"
            + "(?:;[ \\t]*(?:" + PARAMETER + "[ \\t]*(?:;[ \\t]*" + PARAMETER + "[ \\t]*)*)?)?");

    /// What speaks against a certificate.
    enum Objection {
        NONE,
        /// A property that must be understood, and is not.
        CRITICAL,
        /// Other CAs are named, or none.
        OTHERS
    }

    /// @param tag in lower case (RFC 8659, section 4.1: the case does not matter)
    /// @param value octets as ISO 8859-1
    private record Property(boolean critical, String tag, String value) {}

    private Caa() {}

    /// Of the records that matter (RFC 8659, section 3).
    ///
    /// @param issuer the name by which CAA records know this CA
    static Objection objection(List<Record> relevant, String issuer) throws IOException {
        boolean restricted = false, named = false;
        for (Record each : relevant) {
            Property property = read(each);
            // RFC 8659, section 4.1.
            if (property.critical && !KNOWN.contains(property.tag)) return Objection.CRITICAL;
            if (!property.tag.equals(MAIL)) continue;
            restricted = true;
            named |= name(property.value).filter(issuer::equalsIgnoreCase).isPresent();
        }
        return restricted && !named ? Objection.OTHERS : Objection.NONE;
    }

    /// The CA that a value names. RFC 9495, section 4: one that cannot be read names none. Nor does one that is longer
    /// than anybody needs.
    private static Optional<String> name(String value) {
        if (value.length() > MAX_VALUE) return Optional.empty();
        Matcher read = VALUE.matcher(value);
        return read.matches() ? Optional.ofNullable(read.group(1)) : Optional.empty();
    }

    // From its octets: the library's text of them hides which could not be written.
    private static Property read(Record caa) throws IOException {
        byte[] data = caa.rdataToWireCanonical();
        int end = data.length < HEAD ? 0 : HEAD + (data[1] & 0xff);
        if (end <= HEAD || end > data.length) throw new IOException("a CAA record is cut short: " + caa.getName());
        return new Property(
                (data[0] & CRITICAL) != 0,
                text(Arrays.copyOfRange(data, HEAD, end)).toLowerCase(Locale.ROOT),
                text(Arrays.copyOfRange(data, end, data.length)));
    }

    private static String text(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }
}
