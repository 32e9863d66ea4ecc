package dev.starling.ca.validation;

import dev.starling.identity.Address;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeUtility;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;

/// A mail of ours, octet by octet as it is signed and sent: plain text, or plain text and HTML as alternatives. The
/// library that sends it must not write it anew, because it would give it another Message-ID.
final class OutgoingMail {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    private OutgoingMail() {}

    /// @throws IllegalArgumentException a line break would start another header field or another command
    static byte[] write(Mailer.Letter letter, Address from, InstantSource clock) {
        for (String line : new String[] {letter.to(), letter.subject()})
            if (!line.chars().allMatch(c -> c >= ' ' && c < 0x7f))
                throw new IllegalArgumentException("a control character or a letter beyond ASCII");
        String head = "From: " + from + "\r\nTo: " + letter.to() + "\r\nSubject: " + letter.subject() + "\r\nDate: "
                + DATE.format(clock.instant())
                // The library's own would tell the names of this machine and of the user it runs as.
                + "\r\nMessage-ID: <" + UUID.randomUUID() + "@" + from.domain() + ">"
                // RFC 3834, section 5; RFC 8823, section 3.1.
                + "\r\nAuto-Submitted: auto-generated" + (letter.isChallenge() ? "; type=acme" : "")
                + "\r\nMIME-Version: 1.0\r\n";
        return (head + body(letter)).getBytes(StandardCharsets.US_ASCII);
    }

    private static String body(Mailer.Letter letter) {
        if (letter.html().isEmpty()) return part("plain", letter.text());
        String boundary = UUID.randomUUID().toString();
        return "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary
                + "\"\r\nContent-Transfer-Encoding: 7bit\r\n"
                + "\r\n--" + boundary + "\r\n" + part("plain", letter.text()) + "\r\n--" + boundary + "\r\n"
                + part("html", letter.html()) + "\r\n--" + boundary + "--\r\n";
    }

    private static String part(String kind, String text) {
        return "Content-Type: text/" + kind + "; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                + quotedPrintable(text.replace("\r\n", "\n").replace("\n", "\r\n"));
    }

    private static String quotedPrintable(String text) {
        var bytes = new ByteArrayOutputStream();
        try (var out = MimeUtility.encode(bytes, "quoted-printable")) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MessagingException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toString(StandardCharsets.US_ASCII);
    }
}
