package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mails;
import dev.starling.mail.Mails.Signing;
import dev.starling.mail.Reason;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 8823, section 3.1, as the client reads it: which mail is a challenge of the CA, and what is answered.
class ChallengeLetterTest {
    private static final DkimSigner SIGNER = new DkimSigner(Mails.KEY, "ca.example", "sel", () -> Mails.NOW);
    private static final String GOOD = """
            From: acme@ca.example
            To: bob@example.net
            Subject: ACME: %s
            Date: Mon, 30 Nov 2026 09:59:00 +0000
            Message-ID: <7@ca.example>
            Auto-Submitted: auto-generated; type=acme
            MIME-Version: 1.0
            Content-Type: text/plain

            Whatever.
            """.formatted(Mails.PART1).replace("\n", "\r\n");

    private final Mails.Keys keys = new Mails.Keys();

    ChallengeLetterTest() {
        keys.txt.put("sel._domainkey.ca.example", List.of(Mails.KEY_TXT));
    }

    private ChallengeLetter read(byte[] mail) throws MailRefused, IOException {
        return ChallengeLetter.read(mail, Mails.CA, Mails.BOB, keys, () -> Mails.NOW);
    }

    private ChallengeLetter signed(String mail) throws MailRefused, IOException {
        return read(SIGNER.sign(Mails.bytes(mail)));
    }

    private void refused(Reason reason, byte[] mail) {
        assertEquals(reason, assertThrows(MailRefused.class, () -> read(mail)).reason());
    }

    /// Even if the CA's own key signed it.
    private void refused(Reason reason, String what, String by) {
        refused(reason, SIGNER.sign(Mails.bytes(GOOD.replace(what, by))));
    }

    @Test
    void whatTheCaSignedIsAnswered() throws Exception {
        var letter = signed(GOOD);
        assertEquals(Mails.PART1, letter.part1());
        assertEquals(Mails.CA, letter.replyTo());
        assertEquals("<7@ca.example>", letter.messageId());
        assertFalse(letter.toString().contains(Mails.PART1));
        String half = Mails.PART1.substring(0, 9), folded = half + "\r\n " + Mails.PART1.substring(9);
        assertEquals(Mails.PART1, signed(GOOD.replace(Mails.PART1, folded)).part1());
        String word = "=?us-ascii?q?ACME:_" + Mails.PART1 + "?=";
        assertEquals(
                Mails.PART1, signed(GOOD.replace("ACME: " + Mails.PART1, word)).part1());
        String elsewhere = GOOD.replace("Date:", "Reply-To: replies@ca.example\r\nDate:");
        assertEquals("replies@ca.example", signed(elsewhere).replyTo().text());
        assertEquals(
                "",
                signed(GOOD.replace("<7@ca.example>", "<7@ca.example> <8@x>")).messageId());
    }

    /// Item 5: `type=acme` is recommended, and other parameters may stand beside it.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "auto-generated",
                "Auto-Generated;type=\"acme\"",
                "auto-generated; x=1; type=acme; y=\"a; b\"",
                "auto-generated;\r\n\ttype=acme"
            })
    void theCaMaySayMoreOrLessOfWhatIsAutomatic(String value) throws Exception {
        assertEquals(
                Mails.PART1,
                signed(GOOD.replace("auto-generated; type=acme", value)).part1());
    }

    @Test
    void whatAnybodyCouldHaveWrittenIsNot() {
        refused(Reason.DKIM_NONE, Mails.bytes(GOOD));
        refused(Reason.DKIM_SIGNATURE, Mails.bytes(changed("Subject: ACME: a", "Subject: ACME: b")));
        refused(Reason.DKIM_BODY, Mails.bytes(changed("Whatever.", "Whatever!")));
        var other = new DkimSigner(Mails.rsa(2048), "ca.example", "sel", () -> Mails.NOW);
        refused(Reason.DKIM_SIGNATURE, other.sign(Mails.bytes(GOOD)));
        var evil = new DkimSigner(Mails.KEY, "evil.example", "sel", () -> Mails.NOW);
        refused(Reason.DKIM_OTHER_DOMAIN, evil.sign(Mails.bytes(GOOD)));
        var parent = new DkimSigner(Mails.KEY, "example", "sel", () -> Mails.NOW);
        refused(Reason.DKIM_OTHER_DOMAIN, parent.sign(Mails.bytes(GOOD)));
    }

    private static String changed(String what, String by) {
        return Mails.text(SIGNER.sign(Mails.bytes(GOOD))).replace(what, by);
    }

    @Test
    void eachFieldOfTheListMustBeSigned() throws Exception {
        String all =
                "from:sender:reply-to:to:cc:subject:date:in-reply-to:references:message-id:auto-submitted:content-type:"
                        + "content-transfer-encoding";
        var signing = Signing.GOOD.d("ca.example");
        assertEquals(Mails.PART1, read(Mails.bytes(signing.h(all).sign(GOOD))).part1());
        for (String each : all.split(":")) {
            String without = (":" + all + ":").replace(":" + each + ":", ":").replaceAll("^:|:$", "");
            refused(Reason.DKIM_HEADERS, Mails.bytes(signing.h(without).sign(GOOD)));
        }
    }

    @Test
    void whatIsNoChallengeForThisAddressIsNot() {
        refused(Reason.OTHER_ADDRESS, "From: acme@ca.example", "From: other@ca.example");
        refused(Reason.FROM_SEVERAL, "To:", "From: acme@ca.example\r\nTo:");
        refused(Reason.FROM_SEVERAL, "From: acme@ca.example", "From: acme@ca.example, eve@ca.example");
        refused(Reason.FROM_GROUP, "From: acme@ca.example", "From: ca:acme@ca.example;");
        refused(Reason.NOT_TO_US, "bob@example.net", "eve@example.net");
        refused(Reason.HEADER_MISSING, "Auto-Submitted: auto-generated; type=acme\r\n", "");
        refused(Reason.AUTO_REPLIED, "auto-generated; type=acme", "auto-generated; type=other");
        refused(Reason.AUTO_REPLIED, "auto-generated; type=acme", "auto-generated; type=acme; type=other");
        refused(Reason.AUTO_REPLIED, "auto-generated; type=acme", "auto-generatedx");
        refused(Reason.AUTO_REPLIED, "auto-generated; type=acme", "no");
        refused(Reason.AUTO_REPLIED, "auto-generated; type=acme", "auto-replied; type=acme");
        refused(Reason.SUBJECT_TOKEN, "ACME: ", "Re: ACME: ");
        refused(Reason.SUBJECT_TOKEN, Mails.PART1, "short");
        refused(Reason.SUBJECT_TOKEN, Mails.PART1, Mails.PART1 + "<b>");
        refused(Reason.HEADER_TWICE, "Date:", "Subject: ACME: " + Mails.PART2 + "\r\nDate:");
        refused(Reason.HEADER_TWICE, "Date:", "Reply-To: a@ca.example\r\nReply-To: b@ca.example\r\nDate:");
        refused(Reason.LATE, "Mon, 30 Nov 2026 09:59:00", "Sun, 29 Nov 2026 09:59:00");
        refused(Reason.LATE, "Mon, 30 Nov 2026 09:59:00", "Mon, 30 Nov 2026 11:59:00");
        refused(Reason.LATE, "Date: Mon, 30 Nov 2026 09:59:00 +0000", "Date: soon");
        refused(Reason.HEADER_MISSING, "Date: Mon, 30 Nov 2026 09:59:00 +0000\r\n", "");
        refused(Reason.TOO_BIG, Mails.bytes(GOOD + "x".repeat(70_000)));
    }

    @Test
    void aDnsThatDoesNotAnswerDecidesNothing() {
        keys.broken = true;
        assertThrows(IOException.class, () -> signed(GOOD));
        DkimKeys none = (_, _) -> new DkimKeys.Answer(List.of(), false);
        var e = assertThrows(
                MailRefused.class,
                () -> ChallengeLetter.read(SIGNER.sign(Mails.bytes(GOOD)), Mails.CA, Mails.BOB, none, () -> Mails.NOW));
        assertEquals(Reason.DKIM_KEY_NONE, e.reason());
    }

    @Test
    void theAnswerIsOneThatTheCaReads() throws Exception {
        byte[] reply = ReplyLetter.write(Mails.BOB, signed(GOOD), Mails.RESPONSE, () -> Mails.NOW);
        var open = new Mails.Open();
        var replies = new dev.starling.ca.validation.Replies(
                Mails.CA, dev.starling.mail.DkimPolicy.STRICT, keys, open, () -> Mails.NOW);
        var outcome = replies.take(Mails.incoming(Mails.signed(Mails.text(reply))));
        assertEquals("Taken", outcome.getClass().getSimpleName(), outcome::toString);
        assertEquals(Mails.RESPONSE, open.reply.orElseThrow().response());
    }
}
