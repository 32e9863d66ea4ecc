package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import jakarta.mail.internet.ContentType;
import jakarta.mail.internet.ParseException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// What MIME says of a message or a part of one (RFC 2045), and where a multipart is cut (RFC 2046, section 5.1).
/// Nothing is nested here: whoever wants to look into a part asks again.
public final class MimeParts {
    private static final int MAX_PARTS = 10;
    private static final Pattern BOUNDARY = Pattern.compile("[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]");

    private MimeParts() {}

    /// RFC 2045, section 5.2: plain text unless said otherwise.
    public static ContentType type(RawMail mail) throws MailRefused {
        var field = mail.one("content-type");
        try {
            String value = field.isPresent() ? field.get().value() : "text/plain";
            var type = new ContentType(value);
            // RFC 2231 would cut one parameter into several; no boundary needs that.
            unless(value.indexOf('*') < 0 || type.getPrimaryType().equalsIgnoreCase("text"), Reason.PARTS);
            return type;
        } catch (ParseException e) {
            throw new MailRefused(Reason.MEDIA_TYPE);
        }
    }

    /// The Content-Transfer-Encoding, in lower case.
    public static String encoding(RawMail mail) throws MailRefused {
        var field = mail.one("content-transfer-encoding");
        return field.isPresent() ? field.get().value().toLowerCase(Locale.ROOT) : "7bit";
    }

    public static byte[] base64(byte[] body) throws MailRefused {
        try {
            return Base64.getMimeDecoder().decode(body);
        } catch (IllegalArgumentException e) {
            throw new MailRefused(Reason.ENCODING);
        }
    }

    /// RFC 2046, section 5.1.1. A delimiter is a whole line, so one that only begins like ours is text. The line end
    /// before a delimiter is the delimiter's.
    ///
    /// @return one character for each byte; a part without a header begins with a line end
    public static List<String> of(RawMail mail, ContentType type) throws MailRefused {
        String boundary = type.getParameter("boundary");
        unless(boundary != null && BOUNDARY.matcher(boundary).matches(), Reason.PARTS);
        String body = "\r\n" + new String(mail.body(), StandardCharsets.ISO_8859_1);
        var delimiter = Pattern.compile("\r\n--" + Pattern.quote(boundary) + "(--)?[ \\t]*(?=\r\n|$)")
                .matcher(body);
        var parts = new ArrayList<String>();
        int start = -1;
        while (delimiter.find()) {
            if (start >= 0) {
                unless(parts.size() < MAX_PARTS && start + 2 <= delimiter.start(), Reason.PARTS);
                parts.add(body.substring(start + 2, delimiter.start()));
            }
            start = delimiter.end();
            if (delimiter.group(1) != null) return parts;
        }
        throw new MailRefused(Reason.TRUNCATED);
    }
}
