package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Jws;
import dev.starling.ca.AcmeCaller;
import dev.starling.ca.Csrs;
import dev.starling.ca.TestCa;
import dev.starling.ca.registration.ReplyDesk;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.EvidenceTable.Evidence;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.Reason;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `email-reply-00` (RFC 8823) from the order to the certificate: the mails are real ones with real signatures, the DNS
/// is a map.
class EmailReplyTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller bob;
    private Replies replies;

    @BeforeEach
    void start() throws Exception {
        ca = TestCa.withReplies(folder);
        bob = ca.caller().registered();
        replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, new Mails.Keys(), ca.desk, ca.clock);
    }

    @AfterEach
    void stop() throws Exception {
        bob.close();
        ca.close();
    }

    private static Map<?, ?> challenge(AcmeCaller caller, AcmeCaller.Reply order) throws Exception {
        return (Map<?, ?>) caller.post(order.first("authorizations"), "").list("challenges").stream()
                .filter(each -> "email-reply-00".equals(((Map<?, ?>) each).get("type")))
                .findFirst()
                .orElseThrow();
    }

    /// The mail that a program of that account answers with.
    private String mail(Map<?, ?> challenge, String part1) {
        String response = MailCode.response(part1, String.valueOf(challenge.get("token")), Jws.thumbprint(bob.key));
        String date =
                DateTimeFormatter.RFC_1123_DATE_TIME.format(ca.clock.instant().atOffset(ZoneOffset.UTC));
        return Mails.HEAD.replace(Mails.PART1, part1).replace("Mon, 30 Nov 2026 10:00:00 +0100", date)
                + "\r\nHere you are:\r\n"
                + Mails.BLOCK.replace(Mails.RESPONSE, response);
    }

    private Replies.Outcome take(Map<?, ?> challenge) {
        return replies.take(
                Mails.incoming(Mails.signed(mail(challenge, ca.letters.last().code()))));
    }

    @Test
    void theChallengeSaysFromWhomItsMailComes() throws Exception {
        var challenge = challenge(bob, bob.order(BOB));
        assertEquals("acme@ca.example", challenge.get("from"));
        assertEquals("pending", challenge.get("status"));
        assertEquals(32, String.valueOf(challenge.get("token")).length());
        // And with what the code in it begins.
        assertEquals(ca.letters.last().code().substring(0, 10), challenge.get("begins"));
    }

    @Test
    void aReplyToAFrontWhoseClockIsAheadComesAgain() throws Exception {
        var order = bob.order(BOB);
        var challenge = challenge(bob, order);
        bob.post(String.valueOf(challenge.get("url")), "{}");
        ca.clock.pass(Duration.ofMinutes(-15));
        assertInstanceOf(Replies.Outcome.Later.class, take(challenge));
        ca.clock.pass(Duration.ofMinutes(6));
        assertInstanceOf(Replies.Outcome.Taken.class, take(challenge));
        assertEquals("ready", bob.post(order.header("location"), "").text("status"));
    }

    @Test
    void aReplyAfterThePostMakesItValidAndTheCertificateSaysSo() throws Exception {
        var order = bob.order(BOB);
        var challenge = challenge(bob, order);
        // RFC 8555, section 7.5.1: what the type does not know is ignored.
        var awaited = bob.post(String.valueOf(challenge.get("url")), "{\"response\":\"x\",\"other\":1}");
        assertEquals("processing", awaited.text("status"));
        assertEquals("15", awaited.header("retry-after"));
        assertInstanceOf(Replies.Outcome.Taken.class, take(challenge));
        assertEquals("valid", challenge(bob, order).get("status"));
        assertEquals("ready", bob.post(order.header("location"), "").text("status"));
        String pem = bob.post(bob.finish(order, Csrs.of(BOB)).text("certificate"), "")
                .http()
                .body();
        byte[] leaf = java.util.Base64.getMimeDecoder()
                .decode(pem.substring(0, pem.indexOf("-----END")).replace("-----BEGIN CERTIFICATE-----", ""));
        String policies =
                java.util.HexFormat.of().formatHex(Keys.certificate(leaf).getExtensionValue("2.5.29.32"));
        String reply = java.util.HexFormat.of()
                .formatHex(new org.bouncycastle.asn1.ASN1ObjectIdentifier(CertificateVerifier.POLICY_ARC + ".2")
                        .getEncoded());
        assertTrue(policies.contains(reply), policies);
        // And what an issuer elsewhere would want to see.
        String authorization = ca.order(order.header("location")).authorization();
        var receipt = ca.stored(session -> session.receipts().of(authorization)).orElseThrow();
        assertTrue(ca.key.check().hasSigned(receipt));
        assertEquals("email-reply-00", receipt.way());
        assertEquals(BOB, receipt.address());
        assertEquals("account " + Jws.thumbprint(bob.key), receipt.holder());
        byte[] mail = ca.<Evidence>stored(
                        session -> session.evidence().of(authorization).orElseThrow())
                .mail();
        assertEquals(
                java.util.HexFormat.of().formatHex(dev.starling.identity.DeviceId.sha256(mail)), receipt.evidence());
    }

    @Test
    void aReplyBeforeThePostWaitsForIt() throws Exception {
        var order = bob.order(BOB);
        var challenge = challenge(bob, order);
        assertInstanceOf(Replies.Outcome.Taken.class, take(challenge));
        assertEquals("pending", challenge(bob, order).get("status"));
        // Reading is not posting.
        assertEquals(
                "pending", bob.post(String.valueOf(challenge.get("url")), "").text("status"));
        assertEquals(
                "valid", bob.post(String.valueOf(challenge.get("url")), "{}").text("status"));
    }

    @Test
    void theSameReplyTwiceIsAReplay() throws Exception {
        var challenge = challenge(bob, bob.order(BOB));
        bob.post(String.valueOf(challenge.get("url")), "{}");
        assertInstanceOf(Replies.Outcome.Taken.class, take(challenge));
        assertEquals(new Replies.Outcome.Refused(Reason.REPLAYED), take(challenge));
    }

    @Test
    void theReplyOfAnotherAccountProvesNothing() throws Exception {
        var order = bob.order(BOB);
        var challenge = challenge(bob, order);
        String code = ca.letters.last().code();
        var own = bob;
        // Mallory sees the mail and answers for an account of her own.
        bob = ca.caller().registered();
        String forged = mail(challenge, code);
        bob.close();
        bob = own;
        assertEquals(
                new Replies.Outcome.Refused(Reason.WRONG_RESPONSE), replies.take(Mails.incoming(Mails.signed(forged))));
        var seen = challenge(bob, order);
        assertEquals("pending", seen.get("status"));
        assertTrue(String.valueOf(seen.get("error")).contains("does not belong to this challenge"));
        assertInstanceOf(Replies.Outcome.Taken.class, take(challenge), "the genuine one still counts");
        assertEquals(null, challenge(bob, order).get("error"));
    }

    @Test
    void aReplyThatComesTooLateOrForSomethingOverProvesNothing() throws Exception {
        var first = challenge(bob, bob.order(BOB));
        String old = Mails.signed(mail(first, ca.letters.last().code()));
        bob.order(BOB);
        assertInstanceOf(
                Replies.Outcome.Refused.class, replies.take(Mails.incoming(old)), "a newer mail was asked for");
        var second = challenge(bob, bob.order(BOB));
        ca.clock.pass(Duration.ofHours(25));
        assertEquals(new Replies.Outcome.Refused(Reason.LATE), take(second));
    }

    @Test
    void theCodeIsGoodForOneOfTheTwoWays() throws Exception {
        var order = bob.order(BOB);
        var reply = challenge(bob, order);
        String code = ca.letters.last().code();
        assertEquals("valid", bob.answer(bob.challenge(order), code).text("status"));
        assertInstanceOf(Replies.Outcome.Refused.class, take(reply));
        // A response is no answer to a challenge by mail.
        var other = bob.order("carol@example.net");
        var byMail = challenge(bob, other);
        var said = bob.answer(byMail, ca.letters.last().code());
        assertEquals("processing", said.text("status"), said::toString);
        assertEquals("pending", bob.post(other.header("location"), "").text("status"));
    }

    @Test
    void theReplyIsKeptWithTheKeyByWhichItCanBeCheckedAgain() throws Exception {
        var order = bob.order(BOB);
        var challenge = challenge(bob, order);
        String mail = Mails.signed(mail(challenge, ca.letters.last().code()));
        replies.take(Mails.incoming(mail));
        String id = order.first("authorizations").replaceFirst(".*/", "");
        Evidence kept = ca.stored(session -> session.evidence().of(id).orElseThrow());
        assertEquals(mail, Mails.text(kept.mail()));
        assertEquals(Mails.KEY_TXT, kept.keyRecord());
        assertEquals(
                "sel example.net PRACTICAL true",
                kept.selector() + " " + kept.domain() + " " + kept.policy() + " " + kept.dnssec());
    }

    @Test
    void aReportThatComesAfterTheProofChangesNothing() throws Exception {
        var order = bob.order(BOB);
        var authorization = order.first("authorizations").replaceFirst(".*/", "");
        bob.answer(bob.challenge(order), ca.letters.last().code());
        ca.desk.bounced(authorization.substring(0, 26), true, "5.1.1");
        assertEquals("ready", bob.post(order.header("location"), "").text("status"));
        try (var other = ca.caller().registered()) {
            assertEquals(201, other.order(BOB).status(), "nor for the address");
        }
    }

    @Test
    void aMailThatCameBackEndsTheOrderAndLeavesTheAddressAlone() throws Exception {
        var order = bob.order(BOB);
        String id = order.first("authorizations").replaceFirst(".*/", "");
        Authorization authorization =
                ca.stored(session -> session.authorizations().byId(id).orElseThrow());
        ca.desk.bounced(ReplyDesk.tag(authorization), false, "4.2.2");
        assertEquals("pending", bob.post(order.header("location"), "").text("status"), "it may still arrive");
        ca.desk.bounced(ReplyDesk.tag(authorization), true, "5.1.1");
        var over = bob.post(order.header("location"), "");
        assertEquals("invalid", over.text("status"));
        assertTrue(over.json().toString().contains("nobody has this address"));
        assertEquals("rateLimited", bob.order(BOB).problem());
        ca.desk.bounced("0123456789abcdef0123456789", true, "5.1.1");
    }
}
