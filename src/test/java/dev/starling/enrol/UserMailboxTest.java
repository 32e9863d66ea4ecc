package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.icegreen.greenmail.user.GreenMailUser;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.starling.mail.MailServer;
import dev.starling.mail.Mails;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A mailbox to which others write what they like, at a real IMAP server (GreenMail).
class UserMailboxTest {
    private final GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_IMAP));
    private final GreenMailUser user;

    UserMailboxTest() {
        server.start();
        user = server.setUser("bob@example.net", "bob", "secret");
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    private MailServer login(String password) {
        return new MailServer(
                "127.0.0.1",
                server.getImap().getPort(),
                MailServer.Security.PLAIN,
                "bob",
                password,
                Duration.ofSeconds(60),
                Optional.empty());
    }

    private void deliver(String from, String text) throws Exception {
        String mail = "From: " + from + "\r\nTo: bob@example.net\r\nSubject: ACME: x\r\n\r\n" + text + "\r\n";
        user.deliver(
                new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(Mails.bytes(mail))));
    }

    @Test
    void onlySmallMailsOfTheCaAreFetchedAndEachIsLookedAtOnce() throws Exception {
        for (int i = 0; i < 300; i++) deliver("other" + i + "@example.org", "x");
        deliver("acme@ca.example", "y".repeat(100_000));
        for (int i = 0; i < 120; i++) deliver("acme@ca.example", "number " + i + ".");
        try (var mailbox = UserMailbox.open(login("secret"))) {
            int seen = 0;
            UserMailbox.Look look;
            do {
                look = mailbox.look(Mails.CA, Instant.now());
                assertTrue(look.letters().size() <= 50);
                for (var each : look.letters()) {
                    String text = Mails.text(each.raw());
                    // The newest first.
                    assertTrue(text.contains("number " + (119 - seen++) + "."), text);
                    mailbox.done(each.uid());
                }
            } while (!look.all());
            assertEquals(120, seen);
            assertTrue(mailbox.look(Mails.CA, Instant.now()).letters().isEmpty());
        }
    }

    @Test
    void waitingEndsWhenAMailComesOrTheTimeIsOver() throws Exception {
        try (var mailbox = UserMailbox.open(login("secret"))) {
            mailbox.await(Duration.ofMillis(300));
            assertTrue(mailbox.look(Mails.CA, Instant.now()).letters().isEmpty());
            var waiting = CompletableFuture.runAsync(() -> {
                try {
                    mailbox.await(Duration.ofSeconds(50));
                } catch (EnrolmentException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            deliver("acme@ca.example", "there");
            waiting.join();
            assertEquals(1, mailbox.look(Mails.CA, Instant.now()).letters().size());
        }
    }

    @Test
    void whatIsWrongIsSaidWithoutThePassword() {
        var e = assertThrows(EnrolmentException.class, () -> UserMailbox.open(login("wrong horse")));
        assertEquals(EnrolmentException.Reason.MAIL_SERVER, e.reason());
        assertTrue(e.detail().contains("does not accept the login"), e::detail);
        assertFalse(e.detail().contains("wrong horse"));
        assertFalse(login("wrong horse").toString().contains("wrong horse"));
        var login = login("secret");
        server.stop();
        e = assertThrows(EnrolmentException.class, () -> UserMailbox.open(login));
        assertTrue(e.detail().contains("cannot be reached"), e::detail);
    }
}
