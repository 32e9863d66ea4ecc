package dev.starling.ca.validation;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.mail.EncodedWords;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mailboxes;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import dev.starling.mail.SmimeMail;
import jakarta.mail.internet.MailDateFormat;
import java.text.ParsePosition;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a mail says that answers a challenge (RFC 8823, section 3.2): who, for which code, with which response. Read
/// strictly and within bounds; nothing of it is believed before `DkimVerifier` or `SmimeVerifier` has seen it.
///
/// @param from the one sender, normalised
/// @param part1 the code out of the Subject
/// @param response the digest, base64url without padding
/// @param signed what an S/MIME signature covers, if that is to vouch for it
record Reply(Address from, String part1, String response, RawMail mail, Optional<SmimeMail> signed) {
    private static final String LABEL = "ACME:";
    private static final Pattern TOKEN = Pattern.compile("([A-Za-z0-9_-]{22,128})={0,2}");
    private static final Pattern RESPONSE = Pattern.compile("([A-Za-z0-9_-]{43})=?");
    private static final int MAX_RESPONSE_LINES = 50;
    private static final String BEGIN = "-----BEGIN ACME RESPONSE-----", END = "-----END ACME RESPONSE-----";

    /// RFC 5322, section 3.6: these stand once at the most, whether we read them or not.
    private static final List<String> AT_MOST_ONCE = List.of(
            "from",
            "sender",
            "reply-to",
            "to",
            "cc",
            "bcc",
            "subject",
            "date",
            "message-id",
            "in-reply-to",
            "references",
            "mime-version",
            "content-type",
            "content-transfer-encoding",
            "auto-submitted");

    /// Without these under it, an S/MIME signature says nothing of who answers what.
    private static final List<String> PROTECTED = List.of("from", "to", "subject");

    private static final Set<String> AUTO_SUBMITTED = Set.of("no", "auto-generated");

    /// @param to the address that challenges come from
    /// @throws MailRefused with the first reason found
    static Reply parse(Incoming incoming, RawMail mail, Address to) throws MailRefused {
        Header header = header(incoming, mail, to);
        return new Reply(header.from, header.part1, response(PlainText.of(mail)), mail, Optional.empty());
    }

    /// One that is signed by S/MIME: what counts is the message that was signed, header and all. The header of the mail
    /// itself is read as strictly, and must not say anything else: it is what people see. Departs from RFC 8823,
    /// section 3.2, which asks for DKIM, by what its section 3.1 asks of challenges (docs/decisions/0047).
    static Reply parseSigned(Incoming incoming, RawMail mail, Address to) throws MailRefused {
        Header shown = header(incoming, mail, to);
        SmimeMail signed = SmimeMail.read(mail);
        RawMail message = signed.message();
        for (String name : PROTECTED) unless(!message.all(name).isEmpty(), Reason.SMIME_HEADERS);
        Header meant = counts(incoming, message);
        unless(meant.equals(shown), Reason.SMIME_OUTER);
        String response = response(PlainText.of(message));
        return new Reply(meant.from, meant.part1, response, message, Optional.of(signed));
    }

    /// What is decided on.
    ///
    /// @param answers In-Reply-To; "" for none
    private record Header(Address from, List<Address> to, String part1, String answers) {}

    private static Header header(Incoming incoming, RawMail mail, Address to) throws MailRefused {
        Header header = counts(incoming, mail);
        unless(header.to.contains(to), Reason.NOT_TO_US);
        date(mail.the("date").value());
        mail.the("message-id");
        return header;
    }

    private static Header counts(Incoming incoming, RawMail mail) throws MailRefused {
        unless(mail.all("from").size() <= 1, Reason.FROM_SEVERAL);
        for (String name : AT_MOST_ONCE) mail.one(name);
        Address from = Mailboxes.one(mail.the("from").value());
        writtenByHand(incoming, mail, from);
        List<Address> to = addressees(mail);
        String answers = mail.one("in-reply-to").map(RawMail.Field::value).orElse("");
        return new Header(from, to, token(mail.the("subject").value()), answers);
    }

    /// Not a report, not a list's, not an absence notice, not sent on, not sent by another.
    private static void writtenByHand(Incoming incoming, RawMail mail, Address from) throws MailRefused {
        // RFC 5321, section 4.5.5.
        unless(!incoming.sender().isEmpty(), Reason.BOUNCE);
        for (var field : mail.fields()) {
            unless(!field.name().startsWith("list-"), Reason.LIST);
            unless(!field.name().startsWith("resent-"), Reason.RESENT);
        }
        var automatic = mail.one("auto-submitted");
        if (automatic.isPresent()) {
            // RFC 3834, section 5. A program that enrols by itself may say auto-generated; what answers all mail is
            // auto-replied.
            String keyword = automatic.get().value().toLowerCase(Locale.ROOT).replaceFirst("[\\s;(].*", "");
            unless(AUTO_SUBMITTED.contains(keyword), Reason.AUTO_REPLIED);
        }
        var sender = mail.one("sender");
        if (sender.isPresent()) unless(Mailboxes.all(sender.get().value()).equals(List.of(from)), Reason.SENDER);
    }

    private static List<Address> addressees(RawMail mail) throws MailRefused {
        try {
            return Mailboxes.all(mail.the("to").value());
        } catch (MailRefused e) {
            throw e.reason() == Reason.HEADER_MISSING ? e : new MailRefused(Reason.NOT_TO_US);
        }
    }

    private static void date(String value) throws MailRefused {
        var format = new MailDateFormat();
        format.setLenient(false);
        // RFC 5322, section 4.3: obsolete, and must be read.
        String zoned = value.replaceFirst("(?i) (GMT|UTC?)\\s*$", " +0000");
        unless(format.parse(zoned, new ParsePosition(0)) != null, Reason.DATE);
    }

    /// RFC 8823, sections 3.1 and 3.2: what stands before the label is ignored, and so is white space in the token.
    private static String token(String subject) throws MailRefused {
        String plain = EncodedWords.decode(subject);
        int label = plain.indexOf(LABEL);
        unless(label >= 0, Reason.SUBJECT_TOKEN);
        var token = TOKEN.matcher(plain.substring(label + LABEL.length()).replaceAll("[ \\t]", ""));
        unless(token.matches(), Reason.SUBJECT_TOKEN);
        return token.group(1);
    }

    private static String response(String text) throws MailRefused {
        List<String> lines = text.lines().map(String::stripTrailing).toList();
        int begin = lines.indexOf(BEGIN), end = lines.indexOf(END);
        unless(begin >= 0, Reason.RESPONSE_MISSING);
        unless(lines.lastIndexOf(BEGIN) == begin && lines.lastIndexOf(END) == end, Reason.RESPONSE_TWICE);
        unless(end > begin && end - begin <= MAX_RESPONSE_LINES, Reason.RESPONSE_SYNTAX);
        var response =
                RESPONSE.matcher(String.join("", lines.subList(begin + 1, end)).replaceAll("[ \\t]", ""));
        unless(response.matches(), Reason.RESPONSE_SYNTAX);
        return response.group(1);
    }
}
