package dev.starling.ca.validation;

import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.PLAIN;
import static dev.starling.mail.Mails.signed;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.MailRefused;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The CA's own SMTP server, spoken to in bare lines.
class SmtpInboxTest implements Inbound {
    /// For a machine on which others work, too.
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<Incoming> taken = new CopyOnWriteArrayList<>();
    private volatile Answer answer = Answer.TAKEN;
    private Optional<SmtpInbox> server = Optional.empty();

    @Override
    public boolean serves(String recipient) {
        return recipient.equalsIgnoreCase(CA.text());
    }

    @Override
    public Answer take(Incoming mail) {
        taken.add(mail);
        return answer;
    }

    private SmtpInbox start(int connections, int each, Duration silence, Duration session) throws IOException {
        var started = new SmtpInbox(
                new SmtpInbox.Config(
                        InetAddress.getLoopbackAddress(),
                        0,
                        "ca.example",
                        Optional.empty(),
                        connections,
                        each,
                        silence,
                        session),
                this);
        server = Optional.of(started);
        return started;
    }

    private SmtpInbox start() throws IOException {
        return start(10, 10, PATIENCE, PATIENCE);
    }

    @Test
    void aPortThatIsTakenIsNamed() throws Exception {
        try (var other = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var config = new SmtpInbox.Config(
                    InetAddress.getLoopbackAddress(),
                    other.getLocalPort(),
                    "ca.example",
                    Optional.empty(),
                    1,
                    1,
                    PATIENCE,
                    PATIENCE);
            var e = assertThrows(IOException.class, () -> new SmtpInbox(config, this));
            String said = String.valueOf(e.getMessage());
            assertTrue(said.contains("port " + other.getLocalPort() + ": another program has it"), said);
        }
    }

    @AfterEach
    void stop() {
        server.ifPresent(SmtpInbox::close);
    }

    /// One connection, in lines.
    private static final class Line implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;
        private final OutputStream out;

        Line(SmtpInbox server) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
            socket.setSoTimeout((int) PATIENCE.toMillis());
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            out = socket.getOutputStream();
        }

        /// The code of the answer; "" at the end.
        String answer() throws IOException {
            String line = in.readLine();
            while (line != null && line.startsWith("-", 3)) line = in.readLine();
            return line == null ? "" : line.substring(0, 3);
        }

        void write(String text) throws IOException {
            out.write(Mails.bytes(text));
            out.flush();
        }

        String say(String command) throws IOException {
            write(command + "\r\n");
            return answer();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static Line greeted(SmtpInbox server) throws IOException {
        var line = new Line(server);
        assertEquals("220", line.answer());
        assertEquals("250", line.say("EHLO mail.example.net"));
        return line;
    }

    private static String send(Line line, String from, String mail) throws IOException {
        assertEquals("250", line.say("MAIL FROM:<" + from + ">"));
        assertEquals("250", line.say("RCPT TO:<" + CA + ">"));
        assertEquals("354", line.say("DATA"));
        return line.say(mail.replace("\r\n.", "\r\n..") + "\r\n.".substring(mail.endsWith("\r\n") ? 2 : 0));
    }

    @Test
    void aMailArrivesOctetByOctet() throws Exception {
        String mail = signed(PLAIN + ".a line with a dot\r\n\u00e9\r\n");
        try (var line = greeted(start())) {
            assertEquals("250", send(line, "bob@example.net", mail));
            assertEquals("250", send(line, "", mail));
            assertEquals("221", line.say("QUIT"));
        }
        assertArrayEquals(Mails.bytes(mail), taken.getFirst().raw());
        assertEquals("bob@example.net", taken.getFirst().sender());
        assertEquals(CA.text(), taken.getFirst().recipient());
        assertEquals("", taken.getLast().sender(), "a report");
    }

    @Test
    void mailForOthersIsNotTaken() throws Exception {
        try (var line = greeted(start())) {
            assertEquals("250", line.say("MAIL FROM:<eve@evil.test>"));
            for (String other : List.of("bob@example.net", "root@ca.example", "acme@ca.example@evil.test"))
                assertTrue(line.say("RCPT TO:<" + other + ">").startsWith("55"), other);
            assertTrue(line.say("DATA").startsWith("50"));
        }
        assertEquals(List.of(), taken);
    }

    @Test
    void whatCannotBeToldNowMustComeAgain() throws Exception {
        try (var line = greeted(start())) {
            answer = Answer.LATER;
            assertEquals("451", send(line, "bob@example.net", PLAIN));
            answer = Answer.TAKEN;
            assertEquals("250", line.say("RSET"));
            assertEquals("250", send(line, "bob@example.net", PLAIN));
        }
    }

    @Test
    void aMailThatIsTooBigEndsTheSessionAndIsNoCommands() throws Exception {
        try (var line = greeted(start())) {
            String rest = "x".repeat(RawMail.MAX_BYTES) + "\r\nRSET\r\nMAIL FROM:<eve@evil.test>\r\n";
            assertEquals("552", send(line, "bob@example.net", rest));
            assertEquals("", line.answer());
        } catch (java.net.SocketException e) {
            // Reset before all was read: also an end.
            assertTrue(true);
        }
        try (var line = greeted(server.orElseThrow())) {
            assertEquals("552", line.say("MAIL FROM:<bob@example.net> SIZE=" + (RawMail.MAX_BYTES + 1)));
        }
        assertEquals(List.of(), taken);
    }

    /// SMTP smuggling: a line end that is none must not end a mail.
    @Test
    void onlyCrLfDotCrLfEndsAMail() throws Exception {
        String smuggled = "Subject: x\r\n\r\nhello\n.\nMAIL FROM:<eve@evil.test>\n.\r\nx\r.\r\nend\r\n";
        try (var line = greeted(start())) {
            assertEquals("250", send(line, "bob@example.net", smuggled));
        }
        assertEquals(1, taken.size());
        assertEquals(
                Reason.LINE_END,
                assertThrows(
                                MailRefused.class,
                                () -> RawMail.parse(taken.getFirst().raw()))
                        .reason());
    }

    @Test
    void halfAMailIsNone() throws Exception {
        try (var line = greeted(start())) {
            assertEquals("250", line.say("MAIL FROM:<bob@example.net>"));
            assertEquals("250", line.say("RCPT TO:<" + CA + ">"));
            assertEquals("354", line.say("DATA"));
            line.write(PLAIN);
        }
        try (var line = greeted(server.orElseThrow())) {
            assertEquals("250", send(line, "bob@example.net", PLAIN));
        }
        assertEquals(1, taken.size());
    }

    /// As some large senders do where it is offered.
    @Test
    void aMailInChunksIsTheSame() throws Exception {
        String mail = signed(PLAIN), huge = "x".repeat(40_000);
        try (var line = greeted(start())) {
            assertEquals("250", line.say("MAIL FROM:<bob@example.net>"));
            assertEquals("250", line.say("RCPT TO:<" + CA + ">"));
            line.write("BDAT 100\r\n" + mail.substring(0, 100));
            assertEquals("250", line.answer());
            line.write("BDAT " + (mail.length() - 100) + " LAST\r\n" + mail.substring(100));
            assertEquals("250", line.answer());
            assertEquals("250", send(line, "bob@example.net", PLAIN));
            assertEquals("250", line.say("MAIL FROM:<bob@example.net>"));
            assertEquals("250", line.say("RCPT TO:<" + CA + ">"));
            line.write("BDAT 40000\r\n" + huge);
            assertEquals("250", line.answer());
            line.write("BDAT 40000 LAST\r\n" + huge);
            assertEquals("552", line.answer());
        }
        assertEquals(2, taken.size());
        assertArrayEquals(Mails.bytes(mail), taken.getFirst().raw());
    }

    @Test
    void recipientsAreFew() throws Exception {
        try (var line = greeted(start())) {
            assertEquals("250", line.say("MAIL FROM:<bob@example.net>"));
            for (int i = 0; i < 4; i++) assertEquals("250", line.say("RCPT TO:<" + CA + ">"));
            assertEquals("452", line.say("RCPT TO:<" + CA + ">"));
        }
    }

    @Test
    void connectionsAreFewAndThoseOfOneAddressFewer() throws Exception {
        var few = start(10, 2, PATIENCE, PATIENCE);
        var open = new ArrayList<Line>();
        for (int i = 0; i < 2; i++) open.add(greeted(few));
        try (var third = new Line(few)) {
            assertTrue(third.answer().startsWith("4"));
        }
        for (Line each : open) each.close();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true)
            try (var again = new Line(few)) {
                if (again.answer().equals("220")) return;
                assertTrue(System.nanoTime() < end);
            }
    }

    @Test
    void whoIsSilentIsDisconnected() throws Exception {
        try (var silent = greeted(start(10, 10, Duration.ofSeconds(1), PATIENCE))) {
            assertEquals("421", silent.answer());
            assertEquals("", silent.answer());
        }
    }

    @Test
    void whoDripsIsDisconnected() throws Exception {
        long start = System.nanoTime();
        // Not greeted first: on a busy machine the session may be over before that.
        try (var dripping = new Line(start(10, 10, PATIENCE, Duration.ofSeconds(2)))) {
            while (true) {
                dripping.write("N");
                Thread.sleep(100);
                assertTrue(System.nanoTime() - start < PATIENCE.toNanos() / 2, "it drips for ever");
            }
        } catch (IOException e) {
            assertTrue(System.nanoTime() - start > Duration.ofSeconds(1).toNanos());
        }
    }
}
