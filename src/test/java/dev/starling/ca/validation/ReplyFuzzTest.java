package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.PLAIN;
import static dev.starling.mail.Mails.RESPONSE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.identity.IdentityException;
import dev.starling.mail.DkimAlgorithm;
import dev.starling.mail.DkimKey;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import java.io.ByteArrayInputStream;
import java.util.List;
import org.apache.james.jdkim.DKIMVerifier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Any bytes are a reply, or refused with a reason of ours; one whose signature verifies says what was signed, and
/// somebody else's verifier agrees.
class ReplyFuzzTest {
    private static final long SEED = 20261130;
    private static final int MILLION = 1_000_000;

    private static final String ALTERNATIVE =
            HEAD.replace("text/plain; charset=us-ascii", "multipart/alternative; boundary=x")
                    + "\r\n--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                    + BLOCK.replace("-----\r\n", "=2D----=20\r\n")
                    + "\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>\r\n--x--\r\n";
    private static final String ENCODED = PLAIN.replace("Re: ACME:", "=?utf-8?q?Re=3A_ACME?=\r\n =?us-ascii?b?Og==?=")
            .replace("Bob <", "\"B, \\\"<\" <");

    private static List<byte[]> all(boolean signed) {
        return java.util.stream.Stream.of(PLAIN, ALTERNATIVE, ENCODED)
                .map(each -> Mails.bytes(signed ? Mails.signed(each) : each))
                .toList();
    }

    @Test
    void anyBytesAreAReplyOrRefused() throws Exception {
        read(20_000);
    }

    @Test
    void aChangedMailSaysWhatWasSigned() throws Exception {
        verify(4_000);
    }

    @Test
    void anyKeyRecordIsAKeyOrRefused() throws Exception {
        keys(5_000);
    }

    @Tag("long")
    @Test
    void aMillionReplies() throws Exception {
        long start = System.nanoTime();
        read(MILLION);
        verify(MILLION / 20);
        keys(MILLION / 10);
        Mutations.report("replies by mail", MILLION + MILLION / 20 + MILLION / 10, start);
    }

    private static void read(int cases) {
        int accepted = new Mutations(SEED, all(false)).feed(cases, bytes -> {
            try {
                Reply reply = Reply.parse(new Incoming("x", "y", bytes), RawMail.parse(bytes), CA);
                assertTrue(
                        reply.from().text().length() <= 254 && reply.response().length() == 43);
            } catch (MailRefused e) {
                throw new IdentityException(e.reason().code());
            }
        });
        assertTrue(accepted > cases / 100 && accepted < cases, "accepted " + accepted);
    }

    private static void verify(int cases) {
        int accepted = new Mutations(SEED + 1, all(true)).feed(cases, bytes -> {
            var verifier = new DkimVerifier(new Mails.Keys(), DkimPolicy.PRACTICAL, () -> Mails.NOW);
            try {
                Reply reply = Reply.parse(new Incoming("x", "y", bytes), RawMail.parse(bytes), CA);
                verifier.verify(reply.mail(), reply.from());
                assertEquals(BOB, reply.from());
                assertEquals(PART1, reply.part1());
                assertEquals(RESPONSE, reply.response());
                var jdkim = new DKIMVerifier((_, _, _) -> List.of(Mails.KEY_TXT));
                assertEquals(1, jdkim.verify(new ByteArrayInputStream(bytes)).size());
            } catch (MailRefused e) {
                throw new IdentityException(e.reason().code());
            } catch (java.io.IOException | org.apache.james.jdkim.exceptions.FailException e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(accepted > 0 && accepted < cases / 2, "accepted " + accepted);
    }

    private static void keys(int cases) {
        int accepted = new Mutations(SEED + 2, List.of(Mails.bytes(Mails.KEY_TXT + "; h=sha256; s=*; t=s; n=x")))
                .feed(cases, bytes -> {
                    try {
                        DkimKey.parse(new DkimKeys.Answer(List.of(Mails.text(bytes)), false), DkimAlgorithm.RSA);
                    } catch (MailRefused e) {
                        throw new IdentityException(e.reason().code());
                    }
                });
        assertTrue(accepted > 0 && accepted < cases, "accepted " + accepted);
    }
}
