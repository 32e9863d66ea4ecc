package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.KEY_TXT;
import static dev.starling.mail.Mails.NOW;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.PART2;
import static dev.starling.mail.Mails.PLAIN;
import static dev.starling.mail.Mails.RESPONSE;
import static dev.starling.mail.Mails.THUMBPRINT;
import static dev.starling.mail.Mails.incoming;
import static dev.starling.mail.Mails.signed;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.Reason;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// Which mails prove a mailbox: every attack by mail that we know of, refused for its own reason.
class RepliesTest {
    private final Mails.Keys keys = new Mails.Keys();
    private final Mails.Open open = new Mails.Open();
    private final Replies replies = new Replies(CA, DkimPolicy.PRACTICAL, keys, open, () -> NOW);

    private void refused(Reason reason, String mail) {
        refused(reason, incoming(mail));
    }

    private void refused(Reason reason, Incoming mail) {
        var before = open.reply;
        assertEquals(new Outcome.Refused(reason), replies.take(mail));
        assertEquals(before, open.reply);
    }

    @Test
    void aGoodReplyProvesTheMailboxAndLeavesEvidence() {
        String mail = signed(PLAIN);
        var taken = assertInstanceOf(Outcome.Taken.class, replies.take(incoming(mail)));
        assertEquals("order-1", taken.challenge());
        AcceptedReply reply = open.reply.orElseThrow();
        assertEquals(BOB, reply.from());
        assertEquals(PART1, reply.part1());
        assertEquals(RESPONSE, reply.response());
        assertEquals(
                new AcceptedReply.Voucher.Dkim(DkimPolicy.PRACTICAL, "example.net", "sel", KEY_TXT, false, true),
                reply.by());
        assertArrayEquals(Mails.bytes(mail), reply.raw());
        assertFalse(reply.toString().contains(PART1) || reply.toString().contains(RESPONSE));
        assertFalse(open.one.toString().contains(PART1));
    }

    @Test
    void anUnsignedReply() {
        refused(Reason.DKIM_NONE, PLAIN);
        assertEquals(Optional.of(Reason.DKIM_NONE), open.told);
    }

    @Test
    void anotherUserOfTheSameProvider() {
        refused(Reason.OTHER_ADDRESS, signed(PLAIN.replace("Bob@Example.NET", "eve@example.net")));
        refused(Reason.OTHER_ADDRESS, signed(PLAIN.replace("Bob@Example.NET", "bob+tag@example.net")));
        refused(
                Reason.DKIM_IDENTITY,
                Mails.Signing.GOOD.more(" i=eve@example.net;").sign(PLAIN));
    }

    @Test
    void aSignatureOfTheAttackersDomain() {
        keys.txt.put("sel._domainkey.evil.test", List.of(KEY_TXT));
        refused(Reason.DKIM_OTHER_DOMAIN, Mails.Signing.GOOD.d("evil.test").sign(PLAIN));
        refused(
                Reason.OTHER_ADDRESS,
                Mails.Signing.GOOD.d("evil.test").sign(PLAIN.replace("Example.NET", "evil.test")));
    }

    @Test
    void anAbsenceNoticeOrABounceOfTheVictim() {
        refused(Reason.AUTO_REPLIED, signed("Auto-Submitted: auto-replied\r\n" + PLAIN));
        refused(Reason.BOUNCE, new Incoming("", CA.text(), Mails.bytes(signed(PLAIN))));
        // One without any sign of that knows no response.
        refused(Reason.RESPONSE_MISSING, signed(HEAD + "\r\nI am away. You wrote:\r\n> ACME: " + PART1 + "\r\n"));
        assertEquals(0, keys.asked);
    }

    @Test
    void aMailingList() {
        refused(Reason.LIST, signed("List-Id: <all.example.net>\r\n" + PLAIN));
        // Added by the list, after the signature.
        refused(Reason.LIST, "List-Id: <all.example.net>\r\n" + signed(PLAIN));
        refused(Reason.SENDER, "Sender: all-bounces@example.net\r\n" + signed(PLAIN));
    }

    @Test
    void aReplyToAnotherAccountOrAnotherOrder() {
        String other = MailCode.response(PART1, PART2, "OtherThumbprint");
        refused(Reason.WRONG_RESPONSE, signed(PLAIN.replace(RESPONSE, other)));
        assertEquals(Optional.of(Reason.WRONG_RESPONSE), open.told);
        refused(Reason.WRONG_RESPONSE, signed(PLAIN.replace(RESPONSE, MailCode.response(PART1, "part2", THUMBPRINT))));
        // The challenge is still open.
        assertInstanceOf(Outcome.Taken.class, replies.take(incoming(signed(PLAIN))));
    }

    @Test
    void aReplyToNothing() {
        refused(Reason.UNKNOWN, signed(PLAIN.replace("Re: ACME: abc", "Re: ACME: xyz")));
        assertEquals(0, keys.asked, "strangers cannot make us ask the DNS");
    }

    @Test
    void aReplyThatComesTwice() {
        String mail = signed(PLAIN);
        assertInstanceOf(Outcome.Taken.class, replies.take(incoming(mail)));
        refused(Reason.REPLAYED, mail);
        open.one = new OpenReplies.Open("order-1", BOB, PART1, PART2, THUMBPRINT, NOW.plusSeconds(9), true);
        int asked = keys.asked;
        refused(Reason.REPLAYED, mail);
        assertEquals(asked, keys.asked);
        assertEquals(Optional.empty(), open.told, "nobody is alarmed by a copy");
    }

    @Test
    void copiesThatComeAtOnceCountOnce() throws Exception {
        Callable<Outcome> taking = () -> replies.take(incoming(signed(PLAIN)));
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            int taken = 0;
            for (var each : all.invokeAll(java.util.Collections.nCopies(16, taking)))
                if (each.get() instanceof Outcome.Taken) taken++;
            assertEquals(1, taken);
        }
    }

    @Test
    void aReplyThatComesTooLate() {
        open.one = new OpenReplies.Open("order-1", BOB, PART1, PART2, THUMBPRINT, NOW, false);
        refused(Reason.LATE, signed(PLAIN));
    }

    @Test
    void aHeaderInjectedIntoASignedMail() {
        String mail = Mails.Signing.GOOD.h("from:to:subject:date:message-id").sign(PLAIN);
        refused(Reason.FROM_SEVERAL, "From: eve@example.net\r\n" + mail);
        refused(Reason.HEADER_TWICE, "Subject: ACME: " + PART1 + "\r\n" + mail);
        refused(Reason.HEADER_TWICE, "To: " + CA + "\r\n" + mail);
        refused(Reason.LINE_END, mail.replace("Date:", "X: y\nFrom: bob@example.net\r\nDate:"));
    }

    @Test
    void aSecondResponseBesideTheFirst() {
        refused(Reason.RESPONSE_TWICE, signed(PLAIN + BLOCK));
        refused(Reason.DKIM_BODY, signed(HEAD + "\r\nHello\r\n") + BLOCK);
    }

    @Test
    void aReplyThatWasMeantForSomebodyElse() {
        refused(Reason.NOT_TO_US, signed(PLAIN.replace("acme@ca.example", "acme@other.example")));
    }

    @Test
    void headersThatAreNotSignedChangeNothing() {
        String mail = Mails.Signing.GOOD.h("from:to:subject:date:message-id").sign(PLAIN);
        String added = "Reply-To: eve@evil.test\r\nCc: eve@evil.test\r\nReferences: <x@evil.test>\r\n";
        assertInstanceOf(Outcome.Taken.class, replies.take(incoming(added + mail)));
        assertEquals(BOB, open.reply.orElseThrow().from());
    }

    @Test
    void whatCannotBeToldNowComesAgain() {
        keys.broken = true;
        assertInstanceOf(Outcome.Later.class, replies.take(incoming(signed(PLAIN))));
        keys.broken = false;
        assertInstanceOf(Outcome.Taken.class, replies.take(incoming(signed(PLAIN))));
    }

    @Test
    void aStoreThatFailsLosesNothing() {
        var broken = new Replies(
                CA,
                DkimPolicy.PRACTICAL,
                keys,
                new OpenReplies() {
                    @Override
                    public Optional<Open> find(String part1) {
                        return open.find(part1);
                    }

                    @Override
                    public boolean replied(Open one, AcceptedReply reply) throws IOException {
                        throw new IOException("disk full");
                    }

                    @Override
                    public void refused(Open one, Reason reason) throws IOException {
                        throw new IOException("disk full");
                    }
                },
                () -> NOW);
        assertEquals(new Outcome.Later("disk full"), broken.take(incoming(signed(PLAIN))));
        assertEquals(new Outcome.Later("disk full"), broken.take(incoming(PLAIN)));
    }

    @Test
    void bouncesAreToldByTheirAddress() {
        var verp = new Verp(CA, new byte[32]);
        var told = new java.util.ArrayList<String>();
        var postbox = new Postbox(CA, verp, replies, (tag, forGood, status) -> told.add(tag + forGood + status));
        String to = verp.sender("mail7");
        assertTrue(postbox.serves(to)
                && postbox.serves("ACME@CA.example")
                && postbox.serves(to.toUpperCase(java.util.Locale.ROOT)));
        String forged = to.replace("mail7", "mail8");
        assertFalse(postbox.serves(forged)
                || postbox.serves("root@ca.example")
                || postbox.serves("x")
                || postbox.serves(""));
        String report = "Subject: failed\r\n\r\nFinal-Recipient: rfc822;bob@example.net\r\nStatus: 5.1.1\r\n";
        assertEquals(Inbound.Answer.TAKEN, postbox.take(new Incoming("", to, Mails.bytes(report))));
        postbox.take(new Incoming("", to, Mails.bytes(report.replace("5.1.1", "4.2.2"))));
        postbox.take(new Incoming("", to, Mails.bytes("\r\n")));
        // Only a report has no sender.
        postbox.take(new Incoming("eve@evil.test", to, Mails.bytes(report)));
        postbox.take(new Incoming("", forged, Mails.bytes(report)));
        assertEquals(List.of("mail7true5.1.1", "mail7false4.2.2", "mail7false"), told);
    }

    @Test
    void addressesForBouncesAreShortAndSafe() {
        var verp = new Verp(CA, new byte[] {1});
        assertTrue(verp.sender("a".repeat(26)).indexOf('@') <= 64);
        for (String bad : new String[] {"", "A", "a-b", "a@b", "a".repeat(27), "a\r\n"})
            org.junit.jupiter.api.Assertions.assertThrows(IllegalArgumentException.class, () -> verp.sender(bad), bad);
        assertTrue(new Verp(CA, new byte[] {2}).tag(verp.sender("a")).isEmpty(), "of another key");
    }
}
