package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.icegreen.greenmail.user.GreenMailUser;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.starling.ca.TestCa;
import dev.starling.ca.validation.Replies;
import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.MailServer;
import dev.starling.mail.Mails;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// RFC 8823, section 3, step 6: a client answers a challenge mail once, whatever interrupts it. With a mail server
/// (GreenMail) that takes what is sent and does not pass it on.
class AnsweredTest {
    @TempDir
    Path folder;

    private final GreenMail server = new GreenMail(new ServerSetup[] {
        new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_IMAP),
        new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP)
    });
    private final Mails.Keys keys = new Mails.Keys();
    private final List<String> said = new ArrayList<>();
    private final GreenMailUser user;

    AnsweredTest() {
        server.start();
        user = server.setUser("bob@example.net", "bob", "secret");
        server.setUser(Mails.CA.text(), "acme", "secret");
        keys.txt.put("sel._domainkey.ca.example", List.of(Mails.KEY_TXT));
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    private static MailServer login(int port) {
        return new MailServer(
                "127.0.0.1",
                port,
                MailServer.Security.PLAIN,
                "bob",
                "secret",
                Duration.ofSeconds(60),
                Optional.empty());
    }

    /// With a server for sending at `port`.
    private Keys.Held enrol(TestCa ca, Path file, int port) throws Exception {
        var reply = new ReplyByMail(
                login(server.getImap().getPort()),
                login(port),
                keys,
                ca.clock,
                said::add,
                Duration.ofSeconds(1),
                Duration.ofMillis(20));
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false);
        return new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10)).enrol(Mails.BOB, file, reply);
    }

    private static Beside beside(TestCa ca, Path file) {
        return new Beside(file, ca.directory(), Mails.BOB.text());
    }

    private String fails(TestCa ca, Path file, int port) {
        var e = assertThrows(EnrolmentException.class, () -> enrol(ca, file, port));
        return e.detail();
    }

    /// The CA's mail, as it would come to the mailbox.
    private void deliver(TestCa ca) throws Exception {
        String date =
                DateTimeFormatter.RFC_1123_DATE_TIME.format(ca.clock.instant().atOffset(ZoneOffset.UTC));
        String mail = "From: acme@ca.example\r\nTo: bob@example.net\r\nSubject: "
                + ca.letters.last().subject()
                + "\r\nDate: " + date
                + "\r\nMessage-ID: <1@ca.example>\r\nAuto-Submitted: auto-generated; type=acme\r\n\r\nx\r\n";
        byte[] signed = new DkimSigner(Mails.KEY, "ca.example", "sel", ca.clock).sign(Mails.bytes(mail));
        user.deliver(new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(signed)));
    }

    private List<byte[]> sent() throws Exception {
        var all = new ArrayList<byte[]>();
        for (var each : server.getReceivedMessagesForDomain("ca.example")) {
            var raw = new ByteArrayOutputStream();
            each.writeTo(raw);
            all.add(raw.toByteArray());
        }
        return all;
    }

    private static int nobody() throws Exception {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void aMailIsAnsweredOnceOverInterruptions() throws Exception {
        Path file = folder.resolve("bob.p12");
        try (var ca = TestCa.withReplies(Files.createDirectory(folder.resolve("ca")))) {
            int smtp = server.getSmtp().getPort();
            assertTrue(fails(ca, file, smtp).startsWith("No mail of the CA came"));
            deliver(ca);
            // What did not go out is no answer.
            assertTrue(fails(ca, file, nobody()).contains("cannot be reached"));
            assertEquals(0, sent().size());
            assertTrue(fails(ca, file, smtp).contains("It is not answered twice."));
            assertEquals(1, sent().size());
            assertTrue(Files.readString(Answered.file(beside(ca, file))).matches("[0-9a-f]{64}"));
            assertTrue(fails(ca, file, smtp).contains("It is not answered twice."));
            assertEquals(1, sent().size(), said::toString);

            // When the CA gets it at last, there is nothing left to do but to go on.
            var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, keys, Optional.empty(), ca.desk, ca.clock);
            String mail = Mails.text(sent().getFirst());
            String reply = mail.substring(mail.indexOf("From: bob@example.net"));
            assertInstanceOf(Outcome.Taken.class, replies.take(Mails.incoming(Mails.signed(reply))));
            assertEquals(2, enrol(ca, file, smtp).chain().size());
            assertEquals(1, sent().size());
            assertTrue(Files.notExists(Answered.file(beside(ca, file))));
        }
    }

    @Test
    void whatTheCaDoesNotCountMayBeAnsweredAgainByThePerson() throws Exception {
        Path file = folder.resolve("bob.p12");
        try (var ca = TestCa.withReplies(Files.createDirectory(folder.resolve("ca")))) {
            int smtp = server.getSmtp().getPort();
            assertTrue(fails(ca, file, smtp).startsWith("No mail of the CA came"));
            deliver(ca);
            assertTrue(fails(ca, file, smtp).contains("It is not answered twice."));
            var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, keys, Optional.empty(), ca.desk, ca.clock);
            String mail = Mails.text(sent().getFirst());
            assertInstanceOf(
                    Outcome.Refused.class,
                    replies.take(Mails.incoming(mail.substring(mail.indexOf("From: bob@example.net")))));
            fails(ca, file, smtp);
            assertEquals(2, sent().size(), said::toString);
            assertTrue(said.stream().anyMatch(each -> each.startsWith("The CA says: ")), said::toString);
        }
    }

    /// A mail server that takes a mail whole, says that or nothing, and leaves.
    ///
    /// @param said after the data; "": nothing
    private static ServerSocket rude(String said) throws Exception {
        var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try (var socket = server.accept();
                    var in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
                var out = socket.getOutputStream();
                out.write(Mails.bytes("220 x\r\n"));
                boolean data = false;
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (data && !line.equals(".")) continue;
                    if (data) {
                        if (!said.isEmpty()) out.write(Mails.bytes(said + "\r\n"));
                        return;
                    }
                    data = line.equals("DATA");
                    String answer = line.startsWith("EHLO")
                            ? "250-x\r\n250 AUTH PLAIN LOGIN"
                            : line.startsWith("AUTH") ? "235 ok" : data ? "354 go" : "250 ok";
                    out.write(Mails.bytes(answer + "\r\n"));
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        return server;
    }

    @Test
    void anAnswerThatMayHaveGoneIsNotSentAgainAndOneThatWasRefusedIs() throws Exception {
        Path file = folder.resolve("bob.p12");
        try (var ca = TestCa.withReplies(Files.createDirectory(folder.resolve("ca")));
                var refusing = rude("554 no");
                var silent = rude("");
                var taking = rude("250 ok")) {
            int smtp = server.getSmtp().getPort();
            assertTrue(fails(ca, file, smtp).startsWith("No mail of the CA came"));
            deliver(ca);
            String why = fails(ca, file, refusing.getLocalPort());
            assertTrue(why.contains("Your mail server for sending"), why);
            why = fails(ca, file, silent.getLocalPort());
            assertTrue(why.contains("It is not answered twice."), why);
            assertTrue(said.stream().anyMatch(each -> each.contains("did not say that it took")), said::toString);
            assertTrue(fails(ca, file, smtp).contains("It is not answered twice."));
            assertEquals(0, sent().size(), said::toString);
            // It says that it took it, and is gone before we take leave.
            Files.delete(Answered.file(beside(ca, file)));
            why = fails(ca, file, taking.getLocalPort());
            assertTrue(why.contains("It is not answered twice."), why);
        }
    }
}
