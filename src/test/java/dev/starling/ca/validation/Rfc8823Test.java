package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.PLAIN;
import static dev.starling.mail.Mails.RESPONSE;
import static dev.starling.mail.Mails.incoming;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 8823: what a reply to a challenge must be (section 3.2), and what a challenge mail (section 3.1).
class Rfc8823Test {
    private static Reply read(String mail) throws MailRefused {
        return Reply.parse(incoming(mail), RawMail.parse(incoming(mail).raw()), CA);
    }

    private static void good(String mail) throws MailRefused {
        Reply reply = read(mail);
        assertEquals(BOB, reply.from());
        assertEquals(PART1, reply.part1());
        assertEquals(RESPONSE, reply.response());
    }

    private static void refused(Reason reason, String mail) {
        assertEquals(reason, assertThrows(MailRefused.class, () -> read(mail)).reason());
    }

    private static String with(String field, String instead) {
        String changed =
                PLAIN.replaceFirst("(?m)^" + field + ":.*\r\n", java.util.regex.Matcher.quoteReplacement(instead));
        assertTrue(!changed.equals(PLAIN), field);
        return changed;
    }

    private static String subject(String value) {
        return with("Subject", "Subject: " + value + "\r\n");
    }

    private static String body(String encoding, String body) {
        return HEAD + "Content-Transfer-Encoding: " + encoding + "\r\n\r\n" + body;
    }

    private static String alternative(String... parts) {
        return with("Content-Type", "Content-Type: multipart/alternative; boundary=\"=_x y\"\r\n")
                        .replaceFirst("(?s)\r\n\r\n.*", "\r\n\r\n")
                + "preamble\r\n--=_x y\r\n" + String.join("\r\n--=_x y \r\n", parts) + "\r\n--=_x y--\r\nepilogue";
    }

    private static final String TEXT = "Content-Type: text/plain\r\n\r\n" + BLOCK;
    private static final String HTML = "Content-Type: text/html\r\n\r\n<p>-----BEGIN ACME RESPONSE-----</p>";

    @Test
    void aPlainReplyIsRead() throws Exception {
        good(PLAIN);
        good(with("In-Reply-To", ""));
        good(with("Content-Type", ""));
    }

    // Section 3.2, item 1.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ACME: {}",
                "AW: WG: [extern] ACME: {}",
                "ACME:{}",
                "Re: ACME:\r\n\t{}",
                "Re: =?utf-8?Q?ACME=3A_{}?=",
                "=?US-ASCII?B?QUNNRTo=?= {}",
                "=?utf-8?q?AC?= \r\n =?utf-8?q?ME=3A?= {}",
                "=?UTF-8*de?q?=C3=84W=3A?= ACME: {}",
                "Re: ACME: {}=="
            })
    void theSubjectMayHaveAnyPrefixAndBeEncoded(String value) throws Exception {
        good(subject(value.replace("{}", PART1)));
    }

    @Test
    void whiteSpaceInTheTokenIsIgnored() throws Exception {
        String cut = PART1.substring(0, 12) + "\r\n " + PART1.substring(12, 20) + " " + PART1.substring(20);
        good(subject("Re: ACME: " + cut));
        good(subject("Re: ACME: =?utf-8?q?" + PART1.substring(0, 9) + "?=\r\n =?utf-8?q?" + PART1.substring(9) + "?="));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Re: acme {}",
                "{}",
                "ACME: ",
                "ACME: short",
                "ACME: {} (was: hello)",
                "ACME: ACME: {}",
                "acme: {}"
            })
    void aSubjectWithoutJustOneTokenIsRefused(String value) {
        refused(Reason.SUBJECT_TOKEN, subject(value.replace("{}", PART1)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "=?iso-8859-1?q?ACME=3A?= {}",
                "=?utf-7?q?ACME=3A?= {}",
                "=?utf-8?b?!!?= ACME: {}",
                "=?utf-8?q?=FF?= ACME: {}",
                "=?utf-8?q?=0D=0ABcc=3A?= ACME: {}",
                "=?us-ascii?q?=C3=84?= ACME: {}"
            })
    void anotherCharacterSetOrBrokenEncodingIsRefused(String value) {
        refused(Reason.SUBJECT_CHARSET, subject(value.replace("{}", PART1)));
    }

    // Item 2: one sender; who it is decides over everything.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bob@example.net",
                "<bob@example.net>",
                "\"eve@evil.test, \\\" <eve@evil.test>\" <bob@example.net>",
                "=?utf-8?q?eve=40evil.test?= <bob@example.net>",
                "Bob\r\n <bob@example.net>"
            })
    void theSenderIsTheAddressAndNotItsName(String value) throws Exception {
        good(with("From", "From: " + value + "\r\n"));
    }

    @Test
    void severalSendersAreRefused() {
        refused(Reason.FROM_SEVERAL, with("From", "From: bob@example.net, eve@evil.test\r\n"));
        refused(Reason.FROM_SEVERAL, "From: eve@evil.test\r\n" + PLAIN);
        refused(Reason.FROM_SEVERAL, with("To", "To: acme@ca.example\r\nFROM: eve@evil.test\r\n"));
        refused(Reason.FROM_GROUP, with("From", "From: us:bob@example.net;\r\n"));
        refused(Reason.FROM_GROUP, with("From", "From: :bob@example.net\r\n"));
        refused(Reason.HEADER_MISSING, with("From", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "=?utf-8?q?bob=40example.net?=",
                "bob@example.net (Bob)",
                "<@evil.test,@b:bob@example.net>",
                "\"bob\"@example.net",
                "<bob@example.net> <eve@evil.test>",
                "<eve@evil.test> bob@example.net",
                "bob@[127.0.0.1]",
                "bob@localhost",
                "bob@example..net",
                "bob@example.net.",
                "bob @example.net",
                "Bob <bob@example.net",
                "-f@example.net",
                "bob%evil.test@example.net",
                "\"Bob <bob@example.net>",
                "Bob [x] <bob@example.net>",
                "+4930123456"
            })
    void aSenderThatIsNoPlainAddressIsRefused(String value) {
        var reason = assertThrows(MailRefused.class, () -> read(with("From", "From: " + value + "\r\n")))
                .reason();
        assertTrue(
                reason == Reason.FROM_SYNTAX || reason == Reason.FROM_GROUP || reason == Reason.FROM_SEVERAL,
                reason::code);
    }

    @Test
    void lettersThatLookAlikeAreRefused() {
        // A Cyrillic o, as UTF-8 and as an encoded word.
        refused(Reason.EIGHT_BIT_HEADER, with("From", "From: b\u00d0\u00beb@example.net\r\n"));
        refused(Reason.FROM_SYNTAX, with("From", "From: =?utf-8?q?b=D0=BEb?=@example.net <bob@example.net\r\n"));
        refused(Reason.EIGHT_BIT_HEADER, subject("\u00c4W: ACME: " + PART1));
    }

    // Item 3.
    @Test
    void itIsAddressedToWhereTheChallengeCameFrom() throws Exception {
        good(with("To", "To: \"The CA\" <ACME@ca.example>, carol@example.net\r\n"));
        refused(Reason.NOT_TO_US, with("To", "To: carol@example.net\r\n"));
        refused(Reason.NOT_TO_US, with("To", "To: undisclosed-recipients:;\r\n"));
        refused(Reason.HEADER_MISSING, with("To", ""));
    }

    // Item 6.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "List-Id: <l.example.net>",
                "List-Unsubscribe: <mailto:x@example.net>",
                "LIST-POST: NO",
                "List-Unsubscribe-Post: x"
            })
    void whatComesOverAListIsRefused(String field) {
        refused(Reason.LIST, field + "\r\n" + PLAIN);
    }

    // RFC 3834.
    @Test
    void absenceNoticesAreRefused() throws Exception {
        good("Auto-Submitted: no\r\n" + PLAIN);
        good("Auto-Submitted: auto-generated; type=acme\r\n" + PLAIN);
        for (String value :
                new String[] {"auto-replied", "Auto-Replied (vacation)", "auto-notified", "auto-generatedx", ""})
            refused(Reason.AUTO_REPLIED, "Auto-Submitted: " + value + "\r\n" + PLAIN);
    }

    @Test
    void reportsAreRefused() {
        var noSender = new Incoming("", CA.text(), Mails.bytes(PLAIN));
        assertEquals(
                Reason.BOUNCE,
                assertThrows(MailRefused.class, () -> Reply.parse(noSender, RawMail.parse(noSender.raw()), CA))
                        .reason());
        refused(
                Reason.BOUNCE,
                with("Content-Type", "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n"));
    }

    @Test
    void whatSomebodyElseSentIsRefused() throws Exception {
        good("Sender: bob@example.net\r\n" + PLAIN);
        refused(Reason.SENDER, "Sender: eve@example.net\r\n" + PLAIN);
        refused(Reason.RESENT, "Resent-From: eve@example.net\r\n" + PLAIN);
        refused(Reason.RESENT, "Resent-Date: Mon, 30 Nov 2026 10:00:00 +0100\r\n" + PLAIN);
    }

    // Item 7.
    @Test
    void thePlainTextOfAlternativesIsRead() throws Exception {
        good(alternative(TEXT, HTML));
        good(alternative(HTML, TEXT));
        good(alternative(TEXT, "Content-Type: multipart/related; boundary=z\r\n\r\n--z\r\n\r\nx\r\n--z--"));
        // A delimiter is a whole line.
        good(alternative("Content-Type: text/plain\r\n\r\n--=_x yz\r\n" + BLOCK));
        // A part without a header is plain text.
        good(alternative("\r\n" + BLOCK));
    }

    @Test
    void otherMediaTypesAndNestedPartsAreRefused() {
        refused(Reason.MEDIA_TYPE, with("Content-Type", "Content-Type: text/html\r\n"));
        refused(Reason.MEDIA_TYPE, with("Content-Type", "Content-Type: multipart/mixed; boundary=x\r\n"));
        refused(Reason.MEDIA_TYPE, with("Content-Type", "Content-Type: multipart/signed; boundary=x\r\n"));
        refused(Reason.MEDIA_TYPE, with("Content-Type", "Content-Type: rubbish\r\n"));
        refused(Reason.MEDIA_TYPE, alternative(HTML));
        refused(
                Reason.NESTED,
                alternative("Content-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n" + TEXT + "\r\n--z--"));
        refused(Reason.NESTED, alternative("Content-Type: message/rfc822\r\n\r\n" + PLAIN));
        refused(Reason.PARTS, alternative(TEXT, TEXT));
    }

    @Test
    void bombsOfPartsAreRefused() {
        String[] many = new String[20];
        Arrays.fill(many, HTML);
        refused(Reason.PARTS, alternative(many));
        refused(Reason.TRUNCATED, alternative(TEXT).replace("--=_x y--", "--=_x y-"));
        refused(Reason.PARTS, alternative(TEXT).replace("boundary=\"=_x y\"", "boundary=\"" + "x".repeat(71) + "\""));
        refused(Reason.PARTS, alternative(TEXT).replace("; boundary=\"=_x y\"", ""));
        refused(Reason.PARTS, alternative(TEXT).replace("boundary=\"=_x y\"", "boundary*0=\"=_x\"; boundary*1=\" y\""));
    }

    @Test
    void theResponseMayBeCutIntoLinesAndHaveTextAround() throws Exception {
        String cut = BLOCK.replace(RESPONSE, RESPONSE.substring(0, 20) + "\r\n" + RESPONSE.substring(20) + "=");
        good(HEAD + "\r\n" + cut + "Bob\r\n");
        // Format=flowed: blanks at the ends of lines; quoted words of ours.
        good(HEAD + "\r\n> -----BEGIN ACME RESPONSE-----\r\n" + BLOCK.replace("\r\n", " \r\n"));
    }

    @Test
    void theResponseStandsOnceAndWhole() {
        refused(Reason.RESPONSE_MISSING, HEAD + "\r\nHello\r\n");
        refused(Reason.RESPONSE_MISSING, HEAD + "\r\n x" + BLOCK);
        refused(Reason.RESPONSE_TWICE, PLAIN + BLOCK);
        refused(Reason.RESPONSE_TWICE, PLAIN + "-----BEGIN ACME RESPONSE-----\r\n");
        refused(Reason.RESPONSE_SYNTAX, HEAD + "\r\n" + BLOCK.replace("-----END ACME RESPONSE-----", "----"));
        refused(Reason.RESPONSE_SYNTAX, HEAD + "\r\n" + BLOCK.replace(RESPONSE, RESPONSE + "A"));
        refused(Reason.RESPONSE_SYNTAX, HEAD + "\r\n" + BLOCK.replace(RESPONSE, RESPONSE.substring(1) + "+"));
        refused(Reason.RESPONSE_SYNTAX, HEAD + "\r\n" + BLOCK.replace(RESPONSE, RESPONSE + "\r\n".repeat(60)));
    }

    @Test
    void manySoftLineBreaksAreNoBomb() throws Exception {
        good(body("quoted-printable", "=\r\n".repeat(20_000) + "\r\n" + BLOCK));
    }

    // Item 8.
    @Test
    void theTextMayBeEncoded() throws Exception {
        good(body("7BIT", BLOCK));
        good(body(
                "quoted-printable", BLOCK.replace("-----\r\n", "=2D----=20\r\n").replace("AAAA", "AA=\r\nAA")));
        good(body(
                "base64",
                Base64.getMimeEncoder().encodeToString(BLOCK.getBytes(java.nio.charset.StandardCharsets.US_ASCII))));
        refused(Reason.ENCODING, body("binary", BLOCK));
        refused(Reason.ENCODING, body("x-uuencode", BLOCK));
        refused(Reason.ENCODING, body("base64", "A"));
        for (String bad : new String[] {"=", "=2", "=ZZ", "=-1", "= x"})
            refused(Reason.ENCODING, body("quoted-printable", BLOCK + bad));
        refused(Reason.CHARSET, with("Content-Type", "Content-Type: text/plain; charset=utf-16\r\n"));
    }

    @Test
    void halfMailsAndHugeOnesAreRefused() {
        refused(Reason.TOO_BIG, PLAIN + "x".repeat(RawMail.MAX_BYTES));
        refused(Reason.TRUNCATED, HEAD);
        refused(Reason.TRUNCATED, HEAD + "X: y");
        refused(Reason.TRUNCATED, "");
        refused(Reason.RESPONSE_SYNTAX, PLAIN.substring(0, PLAIN.indexOf("-----END")));
        refused(Reason.HEADER_SYNTAX, "X: y\r\n".repeat(250) + PLAIN);
        refused(Reason.HEADER_SYNTAX, "X: " + "y".repeat(1_000) + "\r\n" + PLAIN);
    }

    // RFC 5322, section 3.6.
    @Test
    void headersThatStandTwiceOrNotAtAllAreRefused() {
        refused(Reason.HEADER_TWICE, "Subject: ACME: x\r\n" + PLAIN);
        refused(Reason.HEADER_TWICE, "To: carol@example.net\r\n" + PLAIN);
        refused(Reason.HEADER_TWICE, "Content-Type: text/html\r\n" + PLAIN);
        refused(Reason.HEADER_MISSING, with("Date", ""));
        refused(Reason.HEADER_MISSING, with("Subject", ""));
        refused(Reason.HEADER_MISSING, with("Message-ID", ""));
        refused(Reason.DATE, with("Date", "Date: yesterday\r\n"));
        refused(Reason.DATE, with("Date", "Date: Mon, 32 Nov 2026 10:00:00 +0100\r\n"));
    }

    @Test
    void whatCouldBeReadInTwoWaysIsRefused() {
        refused(Reason.LINE_END, PLAIN.replace("To:", "X: y\nTo:"));
        refused(Reason.LINE_END, PLAIN.replace("To:", "X: y\rTo:"));
        refused(Reason.LINE_END, PLAIN + "\n.\nMAIL FROM:<x>");
        refused(Reason.LINE_END, PLAIN + "\r");
        refused(Reason.CONTROL_CHARACTER, PLAIN + "\0");
        refused(Reason.CONTROL_CHARACTER, with("To", "To: acme@ca.example\u0001\r\n"));
        refused(Reason.HEADER_SYNTAX, PLAIN.replace("To:", "To :"));
        refused(Reason.HEADER_SYNTAX, PLAIN.replace("To:", "no colon\r\nTo:"));
        refused(Reason.HEADER_SYNTAX, PLAIN.replace("To:", ": y\r\nTo:"));
        // Some take a line of blanks for the end of the header.
        refused(Reason.HEADER_SYNTAX, with("To", "To: acme@ca.example\r\n \r\n\tx\r\n"));
        refused(Reason.HEADER_SYNTAX, " X: y\r\n" + PLAIN);
        refused(Reason.HEADER_SYNTAX, "From bob Mon Nov 30\r\n" + PLAIN);
    }

    @Test
    void everyReasonHasItsOwnWord() {
        var codes = new HashSet<String>();
        for (Reason each : Reason.values())
            assertTrue(codes.add(each.code()) && !each.words().isBlank(), each.code());
    }

    @Test
    void noMailOfAllowedSizeTakesLong() {
        for (String unit : new String[] {"=?a?q?", "=?utf-8?q?x?= ", "ACME:", "\r\n\tx", "=?x", "=?utf-8?b?", "=?="})
            quick(with("Subject", "Subject: " + bomb(unit) + "\r\n"));
        for (String unit : new String[] {",", "\"", "<", "a@b.example,", "\\\"", ":;", "\r\n x", "a.", "a@"})
            quick(with("From", "From: " + bomb(unit) + "\r\n"));
        for (String unit : new String[] {";", "a=;", "a=b ", "\r\n x", "a", "from:", "="})
            quick("DKIM-Signature: " + bomb(unit) + "\r\n" + PLAIN);
        for (String unit : new String[] {"a=b;", "\"", "(", "a/", "; a*0=b"})
            quick(with("Content-Type", "Content-Type: text/plain; " + bomb(unit) + "\r\n"));
        for (String unit : new String[] {
            "\r\n--=_x y", "\r\n--=_x y\r\n\r\n", "-", "\r\n", "=\r\n", "=20", "-----BEGIN ACME RESPONSE-----\r\n"
        }) {
            String bomb = unit.repeat(60_000 / unit.length());
            quick(alternative("\r\n" + bomb));
            quick(body("quoted-printable", bomb));
            quick(body("base64", bomb));
            quick(HEAD + "\r\n-----BEGIN ACME RESPONSE-----\r\n" + bomb);
        }
    }

    /// Folded, so that no line is too long.
    private static String bomb(String unit) {
        String line = unit.repeat(900 / unit.length()) + "\r\n ";
        return line.repeat(60_000 / line.length()) + "x";
    }

    private static void quick(String mail) {
        assertTrue(mail.length() <= RawMail.MAX_BYTES, () -> "" + mail.length());
        org.junit.jupiter.api.Assertions.assertTimeout(java.time.Duration.ofSeconds(20), () -> {
            try {
                var reply = read(mail);
                new DkimVerifier(new Mails.Keys(), DkimPolicy.STRICT, () -> Mails.NOW)
                        .verify(reply.mail(), reply.from());
            } catch (MailRefused e) {
                assertTrue(e.reason() != Reason.TOO_BIG, "not even looked at");
            }
        });
    }

    private static long count(String text, String pattern) {
        return java.util.regex.Pattern.compile(pattern).matcher(text).results().count();
    }

    // Section 3.1.
    @Test
    void theChallengeIsOneThatClientsAccept() throws Exception {
        for (String language : new String[] {"en", "de-DE"}) {
            var letter = ChallengeMail.letter(
                    BOB.text(),
                    PART1,
                    language,
                    Optional.of(java.net.URI.create("https://ca.example/stop?a=1&b=2")),
                    "");
            String mail = Mails.text(OutgoingMail.write(letter, CA, () -> Mails.NOW));
            RawMail parsed = RawMail.cut(mail);
            assertEquals(CA.text(), parsed.the("from").value());
            assertEquals(BOB.text(), parsed.the("to").value());
            assertEquals("ACME: " + PART1, parsed.the("subject").value());
            assertEquals(
                    "auto-generated; type=acme", parsed.the("auto-submitted").value());
            assertTrue(parsed.the("message-id").value().endsWith("@ca.example>"));
            assertEquals(1, count(letter.text(), "https?:"), "no link but that to the page to opt out");
            assertEquals(2, count(letter.html(), "https?:"), "its address, and its name");
            assertTrue(letter.html().contains("href=\"https://ca.example/stop?a=1&amp;b=2\""), letter.html());
            assertTrue(mail.lines().allMatch(line -> line.length() <= 78), mail);
            assertTrue(mail.toLowerCase(Locale.ROOT).contains("content-type: multipart/alternative"));
            assertTrue(PlainText.of(parsed).contains(PART1));
        }
    }
}
