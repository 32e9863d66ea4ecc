package dev.starling.ca.validation;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.mail.MailRefused;
import dev.starling.mail.MimeParts;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import jakarta.mail.internet.ContentType;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// The text of a reply: the message is text/plain, or multipart/alternative with just one text/plain part
/// (RFC 8823, section 3.2; RFC 2045 and 2046). Other parts are not looked into, nested ones not at all, so the work
/// is bounded by the bytes of the mail.
final class PlainText {
    /// All of them read the markers and the response, which are ASCII, alike.
    private static final Pattern CHARSETS =
            Pattern.compile("us-ascii|utf-8|iso-8859-[0-9]{1,2}|windows-125[0-8]|koi8-[ru]", Pattern.CASE_INSENSITIVE);

    private static final Set<String> UNENCODED = Set.of("7bit", "8bit");

    private PlainText() {}

    /// One character for each byte.
    static String of(RawMail mail) throws MailRefused {
        ContentType type = MimeParts.type(mail);
        if (type.match("text/plain")) return decoded(mail, type);
        // RFC 6522, section 3.
        unless(!type.match("multipart/report"), Reason.BOUNCE);
        unless(type.match("multipart/alternative"), Reason.MEDIA_TYPE);
        unless(UNENCODED.contains(MimeParts.encoding(mail)), Reason.ENCODING);
        var parts = new ArrayList<RawMail>();
        for (String part : MimeParts.of(mail, type)) parts.add(RawMail.cut(part + "\r\n"));
        return alternative(parts);
    }

    private static String alternative(List<RawMail> parts) throws MailRefused {
        var texts = new ArrayList<RawMail>();
        boolean nested = false;
        for (RawMail part : parts) {
            ContentType type = MimeParts.type(part);
            if (type.match("text/plain")) texts.add(part);
            nested |= type.getPrimaryType().equalsIgnoreCase("multipart") || type.match("message/*");
        }
        unless(!texts.isEmpty(), nested ? Reason.NESTED : Reason.MEDIA_TYPE);
        unless(texts.size() == 1, Reason.PARTS);
        return decoded(texts.getFirst(), MimeParts.type(texts.getFirst()));
    }

    private static String decoded(RawMail part, ContentType type) throws MailRefused {
        String charset = type.getParameter("charset");
        unless(charset == null || CHARSETS.matcher(charset).matches(), Reason.CHARSET);
        String encoding = MimeParts.encoding(part);
        byte[] bytes = switch (encoding) {
            case "7bit", "8bit" -> part.body();
            case "base64" -> MimeParts.base64(part.body());
            case "quoted-printable" -> quotedPrintable(part.body());
            default -> throw new MailRefused(Reason.ENCODING);
        };
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /// RFC 2045, section 6.7. Not by the library, which calls itself for each soft line break, and so can be made to
    /// overflow its stack.
    private static byte[] quotedPrintable(byte[] body) throws MailRefused {
        var plain = new ByteArrayOutputStream(body.length);
        for (int i = 0; i < body.length; i++) {
            if (body[i] != '=') {
                plain.write(body[i]);
                continue;
            }
            int end = i + 1;
            while (end < body.length && (body[end] == ' ' || body[end] == '\t')) end++;
            if (end < body.length && body[end] == '\r') i = end + 1;
            else {
                unless(i + 2 < body.length, Reason.ENCODING);
                int high = Character.digit(body[i + 1], 16), low = Character.digit(body[i + 2], 16);
                unless(high >= 0 && low >= 0, Reason.ENCODING);
                plain.write(high << 4 | low);
                i += 2;
            }
        }
        return plain.toByteArray();
    }
}
