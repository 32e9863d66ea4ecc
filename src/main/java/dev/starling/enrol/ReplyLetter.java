package dev.starling.enrol;

import dev.starling.identity.Address;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.UUID;

/// The answer to a challenge: RFC 8823, section 3.2. Plain ASCII with nothing that a server on its way would change.
final class ReplyLetter {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    private ReplyLetter() {}

    /// @param response base64url, 43 characters
    static byte[] write(Address from, ChallengeLetter challenge, String response, InstantSource clock) {
        String id = challenge.messageId();
        String thread = id.isEmpty() ? "" : "In-Reply-To: " + id + "\r\nReferences: " + id + "\r\n";
        String text = "From: " + from + "\r\nTo: " + challenge.replyTo()
                + "\r\nSubject: Re: ACME: " + challenge.part1()
                + "\r\nDate: " + DATE.format(clock.instant())
                + "\r\nMessage-ID: <" + UUID.randomUUID() + "@" + from.domain() + ">\r\n" + thread
                + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
                + "Content-Transfer-Encoding: 7bit\r\n\r\n"
                + "-----BEGIN ACME RESPONSE-----\r\n" + response + "\r\n-----END ACME RESPONSE-----\r\n";
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
