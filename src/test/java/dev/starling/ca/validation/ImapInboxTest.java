package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.icegreen.greenmail.imap.ImapHostManager;
import com.icegreen.greenmail.store.MailFolder;
import com.icegreen.greenmail.user.GreenMailUser;
import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Reading the CA's mail out of a mailbox at a real IMAP server (GreenMail).
class ImapInboxTest implements Inbound {
    private static final String LOGIN = "acme", PASSWORD = "secret";
    private final List<Incoming> taken = new CopyOnWriteArrayList<>();
    private volatile Answer answer = Answer.TAKEN;
    private GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_IMAP));
    private GreenMailUser user;
    private Optional<ImapInbox> inbox = Optional.empty();

    ImapInboxTest() {
        server.start();
        user = server.setUser("acme@ca.example", LOGIN, PASSWORD);
    }

    @Override
    public boolean serves(String recipient) {
        return true;
    }

    @Override
    public Answer take(Incoming mail) {
        if (Mails.text(mail.raw()).contains("poison")) throw new IllegalStateException("as a fault of ours would");
        taken.add(mail);
        return Mails.text(mail.raw()).contains("later") ? Answer.LATER : answer;
    }

    private void read(Duration pause) {
        read(server.getImap().getPort(), pause);
    }

    private void read(int port, Duration pause) {
        read(port, pause, 100);
    }

    private void read(int port, Duration pause, int most) {
        inbox = Optional.of(new ImapInbox(
                new ImapInbox.Config(
                        "127.0.0.1",
                        port,
                        SmtpMailer.Security.PLAIN,
                        LOGIN,
                        PASSWORD,
                        "Done",
                        pause,
                        pause.plusSeconds(60),
                        Optional.empty()),
                this,
                most));
    }

    private void read() {
        read(Duration.ofMillis(300));
    }

    private void deliver(String mail) throws Exception {
        user.deliver(
                new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(Mails.bytes(mail))));
    }

    private int count(String folder) throws Exception {
        ImapHostManager host = server.getManagers().getImapHostManager();
        MailFolder found = folder.equals("INBOX") ? host.getInbox(user) : host.getFolder(user, folder);
        return found == null ? 0 : found.getMessageCount();
    }

    private interface Waiting {
        boolean over() throws Exception;
    }

    private static void await(Waiting what) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!what.over()) {
            assertTrue(System.nanoTime() < end, "in vain");
            Thread.sleep(20);
        }
    }

    @BeforeEach
    void empty() {
        taken.clear();
    }

    @AfterEach
    void stop() {
        inbox.ifPresent(ImapInbox::close);
        server.stop();
    }

    @Test
    void whatIsThereAndWhatComesIsReadOctetByOctetAndMoved() throws Exception {
        String mail = Mails.signed(Mails.PLAIN);
        deliver("Return-Path: <bob@example.net>\r\nDelivered-To: acme@ca.example\r\n" + mail);
        read();
        await(() -> count("Done") == 1 && count("INBOX") == 0);
        assertEquals("bob@example.net", taken.getFirst().sender());
        assertEquals("acme@ca.example", taken.getFirst().recipient());
        assertTrue(Mails.text(taken.getFirst().raw()).endsWith(mail));
        // While it waits, and a report this time.
        deliver("Return-Path: <>\r\n" + mail);
        await(() -> count("Done") == 2);
        assertEquals("", taken.getLast().sender());
        assertEquals("acme@ca.example", taken.getLast().recipient());
        assertEquals(2, taken.size());
        // And the whole way: a signature that survived the mailbox.
        var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, new Mails.Keys(), new Mails.Open(), () -> Mails.NOW);
        assertTrue(replies.take(taken.getFirst()) instanceof Replies.Outcome.Taken);
    }

    @Test
    void aMailIsReadAtOnceWhereTheServerTellsThatItCame() throws Exception {
        // Only IDLE is quicker than that.
        read(Duration.ofMinutes(10));
        deliver(Mails.PLAIN);
        await(() -> count("Done") == 1);
        await(() -> {
            // One that comes just before the client waits is not told by this server.
            deliver(Mails.PLAIN);
            Thread.sleep(500);
            return count("Done") >= 2;
        });
    }

    @Test
    void whatMustComeAgainStays() throws Exception {
        answer = Answer.LATER;
        deliver(Mails.PLAIN);
        deliver(Mails.PLAIN);
        read();
        await(() -> taken.size() >= 4);
        assertEquals(2, count("INBOX"));
        answer = Answer.TAKEN;
        await(() -> count("INBOX") == 0 && count("Done") == 2);
    }

    /// More than are looked at at once, of a stranger whose name server says nothing.
    @Test
    void anyNumberThatMustComeAgainHoldsUpNoOther() throws Exception {
        for (int i = 0; i < 12; i++) deliver(Mails.PLAIN.replace("Here you are", "later " + i));
        deliver(Mails.PLAIN);
        // So many at once.
        read(server.getImap().getPort(), Duration.ofMillis(100), 5);
        await(() -> count("Done") == 1);
        assertEquals(12, count("INBOX"));
        // Of what comes afterwards nobody waits for those, either.
        deliver(Mails.PLAIN);
        await(() -> count("Done") == 2);
    }

    @Test
    void aMailWhoseReaderDiedIsReadAgain() throws Exception {
        answer = Answer.LATER;
        deliver(Mails.PLAIN);
        read();
        await(() -> !taken.isEmpty());
        inbox.orElseThrow().close();
        taken.clear();
        answer = Answer.TAKEN;
        read();
        await(() -> count("Done") == 1);
        assertEquals(1, taken.size());
    }

    @Test
    void aMailThatIsTooBigIsNotFetched() throws Exception {
        deliver(Mails.PLAIN + "x\r\n".repeat(RawMail.MAX_BYTES / 3 + 1));
        deliver(Mails.PLAIN);
        read();
        await(() -> count("Done") == 2);
        assertEquals(1, taken.size());
    }

    /// A server of the old kind: what it offers is taken out on the way.
    @Test
    void withoutMoveAndIdleMailsAreCopiedAndExpunged() throws Exception {
        try (var plain = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> carry(plain, server.getImap().getPort()));
            deliver(Mails.PLAIN);
            deliver(Mails.PLAIN);
            read(plain.getLocalPort(), Duration.ofMillis(300));
            await(() -> count("Done") == 2 && count("INBOX") == 0);
            deliver(Mails.PLAIN);
            await(() -> count("Done") == 3 && count("INBOX") == 0);
        }
        assertEquals(3, taken.size());
    }

    private static void carry(ServerSocket plain, int to) {
        try {
            while (true) {
                var client = plain.accept();
                var real = new Socket(InetAddress.getLoopbackAddress(), to);
                Thread.ofVirtual().start(() -> copy(client, real, text -> text));
                Thread.ofVirtual()
                        .start(() -> copy(
                                real,
                                client,
                                text -> text.replace(" MOVE", " XOLD").replace(" IDLE", " XOLD")));
            }
        } catch (IOException e) {
            assertTrue(plain.isClosed(), e::toString);
        }
    }

    private static void copy(Socket from, Socket to, UnaryOperator<String> change) {
        try (from;
                to) {
            byte[] buffer = new byte[65_536];
            for (int n = from.getInputStream().read(buffer);
                    n >= 0;
                    n = from.getInputStream().read(buffer))
                to.getOutputStream().write(Mails.bytes(change.apply(Mails.text(Arrays.copyOf(buffer, n)))));
        } catch (IOException e) {
            // Closed by either side: nothing more to carry.
            return;
        }
    }

    @Test
    void aMailThatMakesUsFailHoldsUpNoOther() throws Exception {
        deliver("Subject: poison\r\n" + Mails.PLAIN.replaceFirst("Subject[^\r]*\r\n", ""));
        deliver(Mails.PLAIN);
        read();
        // Both are still there.
        await(() -> count("Done") == 2 && count("INBOX") == 0);
        assertEquals(1, taken.size());
    }

    @Test
    void aServerThatIsGoneIsTriedAgain() throws Exception {
        int port = server.getImap().getPort();
        read();
        deliver(Mails.PLAIN);
        await(() -> taken.size() == 1);
        server.stop();
        server = new GreenMail(new ServerSetup(port, "127.0.0.1", ServerSetup.PROTOCOL_IMAP));
        server.start();
        user = server.setUser("acme@ca.example", LOGIN, PASSWORD);
        deliver(Mails.PLAIN);
        await(() -> taken.size() == 2);
    }

    @Test
    void aFieldOfAnyLengthCostsLittle() {
        for (var each : Map.of(
                        "Acme <acme@ca.example>", "acme@ca.example",
                        "\"<x>\" <acme@ca.example> (it)", "acme@ca.example",
                        " acme@ca.example\r\n ", "acme@ca.example",
                        "", "")
                .entrySet()) assertEquals(each.getValue(), ImapInbox.address(each.getKey()));
        // By a pattern that begins anew at each character it was minutes.
        for (String many : List.of(">", "x", " ", "x ", "< "))
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> ImapInbox.address(many.repeat(500_000)));
    }

    @Test
    void thePasswordIsInNoText() {
        read();
        assertFalse(inbox.orElseThrow().toString().contains(PASSWORD));
        assertTrue(inbox.orElseThrow().toString().startsWith("ImapInbox[acme at 127.0.0.1:"));
    }
}
