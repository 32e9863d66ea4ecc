package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.james.jdkim.DKIMSigner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.subethamail.smtp.MessageHandler;
import org.subethamail.smtp.server.SMTPServer;

/// The whole way over real SMTP: the CA's challenge to the mail server of a person, whose program believes its
/// signature and answers; the person's server signs (jDKIM), and the CA receives, judges and keeps. Then a bounce.
class MailRoundTripTest {
    private static final String SIGNED =
            "v=1; s=sel; d=example.net; h=from:from:to:subject:date:message-id:mime-version; a=rsa-sha256; c=relaxed/relaxed; bh=; b=;";

    private record Got(String sender, byte[] mail) {}

    private final List<Got> mailbox = new CopyOnWriteArrayList<>();

    /// The person's mail server.
    private final class Server implements MessageHandler {
        private String from = "";

        @Override
        public void from(String address) {
            from = address;
        }

        @Override
        public void recipient(String address) {
            assertEquals(Mails.BOB.text(), address);
        }

        @Override
        public String data(InputStream data) throws java.io.IOException {
            mailbox.add(new Got(from, data.readAllBytes()));
            return "taken";
        }

        @Override
        public void done() {}
    }

    private static byte[] signed(byte[] mail) throws Exception {
        String field = new DKIMSigner(SIGNED, Mails.KEY.getPrivate()).sign(new ByteArrayInputStream(mail));
        return Mails.bytes(field + "\r\n" + Mails.text(mail));
    }

    /// What a program does that answers challenges by itself, with the library's own way to write mails.
    private static byte[] answer(RawMail challenge, String response) throws Exception {
        var reply = new MimeMessage(Session.getInstance(new Properties()));
        reply.setFrom(new InternetAddress("bob@example.net", "Bob Ø"));
        reply.setRecipients(MimeMessage.RecipientType.TO, challenge.the("from").value());
        reply.setSubject("Re: " + challenge.the("subject").value());
        reply.setHeader("In-Reply-To", challenge.the("message-id").value());
        reply.setSentDate(java.util.Date.from(Instant.now()));
        reply.setText(
                "Grüße\r\n\r\n-----BEGIN ACME RESPONSE-----\r\n" + response + "\r\n-----END ACME RESPONSE-----\r\n",
                "UTF-8");
        reply.saveChanges();
        var bytes = new ByteArrayOutputStream();
        reply.writeTo(bytes);
        return bytes.toByteArray();
    }

    @Test
    void aChallengeIsAnsweredAndAMailboxProven(@TempDir java.nio.file.Path folder) throws Exception {
        var signer = DkimSigner.open(folder.resolve("key"), "ca.example", "starling", Clock.systemUTC());
        var verp = new Verp(Mails.CA, new byte[32]);
        var open = new Mails.Open();
        open.one = new OpenReplies.Open(
                "o1",
                Mails.BOB,
                Mails.PART1,
                Mails.PART2,
                Mails.THUMBPRINT,
                Instant.now().plusSeconds(600),
                false);
        var bounces = new CopyOnWriteArrayList<String>();
        var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, new Mails.Keys(), open, Clock.systemUTC());
        var postbox = new Postbox(
                Mails.CA, verp, replies, (tag, forGood, status) -> bounces.add(tag + " " + forGood + " " + status));
        var server = new SMTPServer.Builder()
                .port(0)
                .bindAddress(InetAddress.getLoopbackAddress())
                .messageHandlerFactory(_ -> new Server())
                .build();
        server.start();
        var config = new SmtpInbox.Config(
                InetAddress.getLoopbackAddress(),
                0,
                "ca.example",
                Optional.empty(),
                10,
                10,
                Duration.ofSeconds(20),
                Duration.ofSeconds(60));
        try (var inbox = new SmtpInbox(config, postbox)) {
            var mailer = new SmtpMailer(
                    new SmtpMailer.Config(
                            "127.0.0.1",
                            server.getPortAllocated(),
                            SmtpMailer.Security.PLAIN,
                            "",
                            "",
                            Mails.CA.text(),
                            Duration.ofSeconds(20),
                            Optional.empty()),
                    Optional.of(signer),
                    Optional.of(verp));
            mailer.send(ChallengeMail.letter(Mails.BOB.text(), Mails.PART1, "de", Optional.empty(), "mail1"));

            var challenge = RawMail.parse(mailbox.getFirst().mail);
            DkimKeys keys = (_, _) -> new DkimKeys.Answer(List.of(signer.txt()), false);
            new DkimVerifier(keys, DkimPolicy.STRICT, Clock.systemUTC()).verify(challenge, Mails.CA);
            String part1 = challenge.the("subject").value().substring("ACME: ".length());
            byte[] reply = signed(answer(challenge, MailCode.response(part1, Mails.PART2, Mails.THUMBPRINT)));
            Mails.submit(inbox.port(), "bob@example.net", Mails.CA.text(), reply);
            assertEquals(Mails.BOB, open.reply.orElseThrow().from());
            assertArrayEquals(reply, open.reply.orElseThrow().raw());

            String report = "From: mailer-daemon@example.net\r\nSubject: undelivered\r\n\r\nStatus: 5.1.1\r\n";
            Mails.submit(inbox.port(), "<>", mailbox.getFirst().sender, Mails.bytes(report));
            assertEquals(List.of("mail1 true 5.1.1"), bounces);
            assertTrue(open.told.isEmpty());
        } finally {
            server.stop();
        }
    }
}
