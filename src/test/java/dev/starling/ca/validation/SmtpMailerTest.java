package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Keys;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.subethamail.smtp.MessageContext;
import org.subethamail.smtp.MessageHandler;
import org.subethamail.smtp.RejectException;
import org.subethamail.smtp.auth.EasyAuthenticationHandlerFactory;
import org.subethamail.smtp.auth.LoginFailedException;
import org.subethamail.smtp.server.SMTPServer;

/// Handing mails to a real SMTP server (SubEtha), and to some that are not.
class SmtpMailerTest {
    private static final String BOB = "bob@example.net", CODE = "A1b2C3d4-E5f6_G7h8I9j0K1l2M3n4O5";
    private static KeyStore serverKey;
    private static KeyStore believed;

    private record Taken(String from, String to, String mail) {}

    private final List<Taken> taken = new CopyOnWriteArrayList<>();
    private volatile Reject rejecting = (_, _) -> {};
    private Optional<SMTPServer> server = Optional.empty();

    private interface Reject {
        void check(String command, String value) throws RejectException;
    }

    /// Keeps what comes, unless it is told to refuse.
    private final class Inbox implements MessageHandler {
        private String from = "", to = "";

        @Override
        public void from(String address) throws RejectException {
            rejecting.check("MAIL", address);
            from = address;
        }

        @Override
        public void recipient(String address) throws RejectException {
            rejecting.check("RCPT", address);
            to = address;
        }

        @Override
        public String data(InputStream data) throws RejectException, IOException {
            String mail = new String(data.readAllBytes(), StandardCharsets.UTF_8);
            rejecting.check("DATA", mail);
            taken.add(new Taken(from, to, mail));
            return "taken";
        }

        @Override
        public void done() {}
    }

    @BeforeAll
    static void makeCertificate() throws Exception {
        KeyPair key = Keys.generate();
        var name = new X500Name("CN=mail.example.net");
        var builder = new JcaX509v3CertificateBuilder(
                name,
                BigInteger.ONE,
                Date.from(Instant.now().minusSeconds(60)),
                Date.from(Instant.now().plusSeconds(3600)),
                name,
                key.getPublic());
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.dNSName, "localhost")));
        X509Certificate certificate = new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
        serverKey = KeyStore.getInstance("PKCS12");
        serverKey.load(null, null);
        serverKey.setKeyEntry("k", key.getPrivate(), new char[0], new Certificate[] {certificate});
        believed = KeyStore.getInstance("PKCS12");
        believed.load(null, null);
        believed.setCertificateEntry("c", certificate);
    }

    private static SSLContext serverTls() throws Exception {
        var keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(serverKey, new char[0]);
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private static SSLSocketFactory trusting() throws Exception {
        var trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(believed);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    @AfterEach
    void stop() {
        server.ifPresent(SMTPServer::stop);
    }

    private int start(SMTPServer.Builder builder) {
        var started = builder.port(0)
                .bindAddress(InetAddress.getLoopbackAddress())
                .messageHandlerFactory((MessageContext _) -> new Inbox())
                .build();
        started.start();
        server = Optional.of(started);
        return started.getPortAllocated();
    }

    private static SmtpMailer mailer(
            int port, SmtpMailer.Security security, String user, String password, Optional<SSLSocketFactory> tls)
            throws IOException {
        return new SmtpMailer(new SmtpMailer.Config(
                "localhost", port, security, user, password, "ca@example.org", Duration.ofSeconds(2), tls));
    }

    private static SmtpMailer plain(int port) throws IOException {
        return mailer(port, SmtpMailer.Security.PLAIN, "", "", Optional.empty());
    }

    private static void send(SmtpMailer mailer) throws IOException {
        mailer.send(BOB, ChallengeMail.subject(CODE), ChallengeMail.text(BOB, CODE, "de"));
    }

    private static String fails(SmtpMailer mailer) {
        var e = assertThrows(IOException.class, () -> send(mailer));
        assertFalse(e instanceof Mailer.Refused, "may pass by itself");
        assertFalse(String.valueOf(e.getMessage()).contains(CODE));
        return String.valueOf(e.getMessage());
    }

    @Test
    void theMailHasTheHeadersItMustHaveAndTellsNothingOfThisMachine() throws Exception {
        send(plain(start(new SMTPServer.Builder())));
        var one = taken.getFirst();
        assertEquals("ca@example.org", one.from);
        assertEquals(BOB, one.to);
        String head = one.mail.substring(0, one.mail.indexOf("\r\n\r\n"));
        for (String line : List.of(
                "From: ca@example.org",
                "To: " + BOB,
                "Subject: ACME: " + CODE,
                "Auto-Submitted: auto-generated; type=acme",
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=UTF-8"))
            assertTrue(head.lines().anyMatch(line::equals), line + " in " + head);
        assertTrue(head.lines().anyMatch(l -> l.matches("Message-ID: <[0-9a-f-]{36}@example\\.org>")), head);
        assertTrue(head.lines().anyMatch(l -> l.startsWith("Date: ")), head);
        assertFalse(head.contains("Bcc") || head.contains("X-Mailer"), head);
        String user = System.getProperty("user.name") + "@";
        assertFalse(one.mail.contains(user), head);
    }

    /// What goes through the library and a server is still what was signed.
    @Test
    void theSignatureSurvivesTheWay() throws Exception {
        var ca = Mails.address("ca@example.org");
        var signer = new DkimSigner(Mails.KEY, "example.org", "starling", java.time.Clock.systemUTC());
        var verp = new Verp(ca, new byte[32]);
        int port = start(new SMTPServer.Builder().insertReceivedHeaders());
        var config = new SmtpMailer.Config(
                "localhost",
                port,
                SmtpMailer.Security.PLAIN,
                "",
                "",
                ca.text(),
                Duration.ofSeconds(20),
                Optional.empty());
        var mailer = new SmtpMailer(config, Optional.of(signer), Optional.of(verp));
        var optOut = Optional.of(java.net.URI.create("https://ca.example.org/stop?a=1&b=2"));
        for (String language : List.of("en", "de")) {
            mailer.send(ChallengeMail.letter(BOB, CODE, language, optOut, "mail7"));
            var one = taken.getLast();
            assertEquals(Optional.of("mail7"), verp.tag(one.from));
            assertEquals(BOB, one.to);
            DkimKeys keys = (_, _) -> new DkimKeys.Answer(List.of(signer.txt()), false);
            var mail = RawMail.parse(one.mail.getBytes(StandardCharsets.UTF_8));
            var verifier = new DkimVerifier(keys, DkimPolicy.STRICT, java.time.Clock.systemUTC());
            assertEquals("starling", verifier.verify(mail, ca).signature().selector());
            assertEquals("ACME: " + CODE, mail.the("subject").value());
            assertTrue(one.mail.lines().allMatch(line -> line.length() <= 120), one.mail);
        }
        mailer.send(BOB, "s", "t");
        assertEquals(ca.text(), taken.getLast().from, "without a tag");
    }

    @Test
    void twoMailsHaveTwoIds() throws Exception {
        var mailer = plain(start(new SMTPServer.Builder()));
        send(mailer);
        send(mailer);
        var ids = taken.stream()
                .map(t -> t.mail.lines()
                        .filter(l -> l.startsWith("Message-ID"))
                        .findFirst()
                        .orElseThrow())
                .toList();
        assertNotEquals(ids.getFirst(), ids.getLast());
    }

    @Test
    void lineBreaksNeverReachTheServer() throws Exception {
        var mailer = plain(start(new SMTPServer.Builder()));
        for (String hostile :
                List.of("bob@example.net\r\nBcc: x@example.net", "bob@example.net\n", "bob@example.net\u0000"))
            assertThrows(IllegalArgumentException.class, () -> mailer.send(hostile, "s", "t"));
        assertThrows(IllegalArgumentException.class, () -> mailer.send(BOB, "s\r\nBcc: x@example.net", "t"));
        mailer.send(BOB, "s", "a line\r\n.\r\nMAIL FROM:<x@example.net>\r\n");
        assertEquals(1, taken.size());
        assertTrue(taken.getFirst().mail.contains("MAIL FROM:<x@example.net>"));
    }

    @Test
    void startTlsAndAuthenticationWork() throws Exception {
        int port = start(new SMTPServer.Builder()
                .requireTLS()
                .startTlsSocketFactory(serverTls())
                .requireAuth()
                .authenticationHandlerFactory(new EasyAuthenticationHandlerFactory((user, password, _) -> {
                    if (!user.equals("starling") || !password.equals("secret")) throw new LoginFailedException();
                })));
        send(mailer(port, SmtpMailer.Security.STARTTLS, "starling", "secret", Optional.of(trusting())));
        assertEquals(BOB, taken.getFirst().to);
        assertEquals(
                "The mail server does not accept the login of this CA.",
                fails(mailer(port, SmtpMailer.Security.STARTTLS, "starling", "wrong", Optional.of(trusting()))));
        assertEquals(1, taken.size());
    }

    /// The CA's own server, at the other end.
    @Test
    void theInboxOfTheCaSpeaksStartTls() throws Exception {
        var got = new CopyOnWriteArrayList<Incoming>();
        var inbound = new Inbound() {
            @Override
            public boolean serves(String recipient) {
                return recipient.equals(BOB);
            }

            @Override
            public Answer take(Incoming mail) {
                got.add(mail);
                return Answer.TAKEN;
            }
        };
        var config = new SmtpInbox.Config(
                InetAddress.getLoopbackAddress(),
                0,
                "localhost",
                Optional.of(serverTls()),
                SmtpInbox.Config.CONNECTIONS,
                SmtpInbox.Config.EACH,
                SmtpInbox.Config.SILENCE,
                SmtpInbox.Config.SESSION);
        try (var inbox = new SmtpInbox(config, inbound)) {
            send(mailer(inbox.port(), SmtpMailer.Security.STARTTLS, "", "", Optional.of(trusting())));
            assertEquals("ca@example.org", got.getFirst().sender());
            assertThrows(
                    Mailer.Refused.class,
                    () -> mailer(inbox.port(), SmtpMailer.Security.STARTTLS, "", "", Optional.of(trusting()))
                            .send("eve@example.net", "s", "t"));
        }
        assertEquals(1, got.size());
    }

    @Test
    void tlsFromTheStartWorks() throws Exception {
        int port = start(new SMTPServer.Builder().serverSocketFactory(serverTls()));
        send(mailer(port, SmtpMailer.Security.TLS, "", "", Optional.of(trusting())));
        assertEquals(1, taken.size());
    }

    @Test
    void aServerWhoseCertificateIsNotBelievedGetsNothing() throws Exception {
        int port = start(new SMTPServer.Builder().requireTLS().startTlsSocketFactory(serverTls()));
        assertEquals(
                "The mail server's certificate is not believed.",
                fails(mailer(port, SmtpMailer.Security.STARTTLS, "", "", Optional.empty())));
        var otherName = new SmtpMailer(new SmtpMailer.Config(
                "127.0.0.1",
                port,
                SmtpMailer.Security.STARTTLS,
                "",
                "",
                "ca@example.org",
                Duration.ofSeconds(2),
                Optional.of(trusting())));
        fails(otherName);
        assertEquals(0, taken.size());
    }

    @Test
    void aServerWithoutStartTlsGetsNothing() throws Exception {
        int port = start(new SMTPServer.Builder());
        fails(mailer(port, SmtpMailer.Security.STARTTLS, "", "", Optional.of(trusting())));
        assertEquals(0, taken.size());
    }

    @Test
    void aRefusalForGoodIsTellableFromOneForNow() throws Exception {
        var mailer = plain(start(new SMTPServer.Builder()));
        for (String command : List.of("RCPT", "DATA")) {
            rejecting = (at, _) -> {
                if (at.equals(command)) throw new RejectException(550, "no such user " + BOB);
            };
            var refused = assertThrows(Mailer.Refused.class, () -> send(mailer), command);
            assertEquals("The mail server does not take mail for this address.", refused.getMessage());
            rejecting = (at, _) -> {
                if (at.equals(command)) throw new RejectException(451, "greylisted");
            };
            assertEquals("The mail server asks to try again later.", fails(mailer), command);
        }
        rejecting = (at, _) -> {
            if (at.equals("MAIL")) throw new RejectException(550, "relay denied");
        };
        assertEquals("The mail server does not accept the sender of this CA.", fails(mailer));
        rejecting = (_, _) -> {};
        send(mailer);
        assertEquals(1, taken.size());
    }

    @Test
    void aServerThatIsGoneOrUnknownSaysSoAtOnce() throws Exception {
        int port;
        try (var closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertEquals("The mail server cannot be reached.", fails(plain(port)));
        var unknown = new SmtpMailer(new SmtpMailer.Config(
                "mail.invalid",
                25,
                SmtpMailer.Security.PLAIN,
                "",
                "",
                "ca@example.org",
                Duration.ofSeconds(2),
                Optional.empty()));
        assertEquals("The mail server cannot be reached.", fails(unknown));
    }

    @Test
    void aServerThatSaysNothingIsGivenUpInTime() throws Exception {
        try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            long start = System.nanoTime();
            String why = fails(plain(silent.getLocalPort()));
            assertTrue(
                    why.equals("The mail server does not answer in time.") || why.endsWith("cannot be reached."), why);
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 8);
        }
    }

    @Test
    void aServerThatHangsUpInTheMiddleIsAFailureThatMayPass() throws Exception {
        try (var rude = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            var once = Thread.ofVirtual().start(() -> {
                try (var socket = rude.accept()) {
                    socket.getOutputStream().write("220 mail\r\n".getBytes(StandardCharsets.US_ASCII));
                    var _ = socket.getInputStream().read(new byte[100]);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            fails(plain(rude.getLocalPort()));
            once.join();
        }
    }

    @Test
    void thePasswordIsInNoText() throws Exception {
        var mailer = mailer(25, SmtpMailer.Security.STARTTLS, "starling", "secret", Optional.empty());
        assertFalse(mailer.toString().contains("secret"));
        assertEquals("SmtpMailer[localhost:25]", mailer.toString());
    }

    @Test
    void aSenderThatIsNoAddressIsRefusedAtTheStart() {
        var e = assertThrows(
                IOException.class,
                () -> new SmtpMailer(new SmtpMailer.Config(
                        "localhost",
                        25,
                        SmtpMailer.Security.PLAIN,
                        "",
                        "",
                        "not an address",
                        Duration.ofSeconds(1),
                        Optional.empty())));
        assertInstanceOf(IOException.class, e);
        assertTrue(String.valueOf(e.getMessage()).contains("not an address"));
    }
}
