package dev.starling.enrol;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.EncodedWords;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mailboxes;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import jakarta.mail.internet.MailDateFormat;
import java.io.IOException;
import java.text.ParsePosition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// The CA's mail with the code (RFC 8823, section 3.1), read as strictly as the CA reads the answer. Anybody can write
/// such a mail, so it counts only if the domain of its sender signed all of it.
///
/// @param part1 the code
/// @param messageId of the mail, with its angle brackets; "" when it is not fit to be repeated
/// @param replyTo where the answer goes
record ChallengeLetter(String part1, String messageId, Address replyTo) {
    private static final Duration GOOD = Duration.ofHours(24), SKEW = Duration.ofMinutes(10);
    private static final String LABEL = "ACME:";
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]{22,128}={0,2}");
    private static final Pattern MESSAGE_ID = Pattern.compile("<[!-;=?-~]{1,250}>");

    /// RFC 3834, section 5. `type=acme` is only recommended, and others may stand beside it.
    private static final Pattern AUTO_GENERATED = Pattern.compile(
            "auto-generated *(; *(type *= *\"?acme\"?|(?!type *=)[a-z0-9-]+ *= *(\"[^\"\\\\]*\"|[a-z0-9._-]+)) *){0,8}",
            Pattern.CASE_INSENSITIVE);

    /// What is signed, and so may stand once only: else one would be shown, and another one verified.
    private static final List<String> ONCE = List.of(
            "sender",
            "reply-to",
            "to",
            "cc",
            "subject",
            "date",
            "in-reply-to",
            "references",
            "message-id",
            "auto-submitted",
            "content-type",
            "content-transfer-encoding");

    /// @param from whom the challenge names as its sender
    /// @param to the address that is to be proven
    /// @throws MailRefused it is no challenge from there for that address
    /// @throws IOException the DNS does not answer
    static ChallengeLetter read(byte[] raw, Address from, Address to, DkimKeys keys, InstantSource clock)
            throws MailRefused, IOException {
        RawMail mail = RawMail.parse(raw);
        unless(mail.all("from").size() == 1, Reason.FROM_SEVERAL);
        for (String name : ONCE) mail.one(name);
        unless(Mailboxes.one(mail.the("from").value()).equals(from), Reason.OTHER_ADDRESS);
        unless(Mailboxes.all(mail.the("to").value()).contains(to), Reason.NOT_TO_US);
        String automatic = mail.the("auto-submitted").value().replace('\t', ' ');
        unless(AUTO_GENERATED.matcher(automatic).matches(), Reason.AUTO_REPLIED);
        String part1 = part1(mail.the("subject").value());
        unless(isFresh(mail.the("date").value(), clock.instant()), Reason.LATE);
        var replyTo = mail.one("reply-to");
        Address answer = replyTo.isPresent() ? Mailboxes.one(replyTo.get().value()) : from;
        String id = mail.the("message-id").value();
        new DkimVerifier(keys, DkimPolicy.CHALLENGE, clock).verify(mail, from);
        return new ChallengeLetter(part1, MESSAGE_ID.matcher(id).matches() ? id : "", answer);
    }

    /// White space within is ignored: long Subjects are folded.
    private static String part1(String subject) throws MailRefused {
        String plain = EncodedWords.decode(subject).strip();
        unless(plain.toUpperCase(Locale.ROOT).startsWith(LABEL), Reason.SUBJECT_TOKEN);
        String token = plain.substring(LABEL.length()).replaceAll("\\s", "");
        unless(TOKEN.matcher(token).matches(), Reason.SUBJECT_TOKEN);
        return token;
    }

    /// Codes are good for a day; whatever is older belongs to an order that is over.
    private static boolean isFresh(String date, Instant now) {
        var sent = new MailDateFormat().parse(date, new ParsePosition(0));
        if (sent == null) return false;
        return sent.toInstant().isAfter(now.minus(GOOD)) && sent.toInstant().isBefore(now.plus(SKEW));
    }

    /// Without the code.
    @Override
    public String toString() {
        return "ChallengeLetter[" + messageId + "]";
    }
}
