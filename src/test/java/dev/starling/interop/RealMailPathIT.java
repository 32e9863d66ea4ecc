package dev.starling.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.AcmeCaller;
import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.MailSettings;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.validation.SmtpInbox;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.ReplyByMail;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.MailServer;
import dev.starling.mail.NameServer;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The whole way of a proof by mail over servers that we did not write: CA, Postfix, Dovecot; then the client, Postfix
/// as submission server, OpenDKIM, Postfix, CA. And what goes wrong on it.
class RealMailPathIT {
    @TempDir
    static Path folder;

    private static Optional<MailSystem> mail = Optional.empty();
    private static Optional<CertificateAuthority> ca = Optional.empty();
    private static Optional<WebServer> web = Optional.empty();
    private static String base = "";
    private final List<String> said = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        mail = Optional.of(new MailSystem("bob", "carol", "dave"));
        var routes = new Routes();
        var clock = Clock.systemUTC();
        web = Optional.of(WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 64), routes, clock));
        base = "http://127.0.0.1:" + web.get().port();
        var settings = new CertificateAuthority.Settings(Optional.of(mailOfTheCa()), Optional.empty(), "");
        ca = Optional.of(new CertificateAuthority(folder.resolve("ca"), settings, clock));
        ca.get().mount(routes, base);
        // `name. IN TXT ( "…" "…" )`
        String line = ca.get().dnsRecord().orElseThrow();
        String txt =
                line.replaceFirst("^[^\"]*\"", "").replaceFirst("\"[^\"]*$", "").replace("\" \"", "");
        mail.get().start(Map.of("starling._domainkey." + MailSystem.CA_DOMAIN, txt));
    }

    private static MailSettings mailOfTheCa() throws Exception {
        var loopback = InetAddress.getLoopbackAddress();
        var inbox = new SmtpInbox.Config(
                loopback,
                port("ca"),
                MailSystem.CA_DOMAIN,
                Optional.empty(),
                SmtpInbox.Config.CONNECTIONS,
                SmtpInbox.Config.EACH,
                SmtpInbox.Config.SILENCE,
                SmtpInbox.Config.SESSION);
        return new MailSettings(
                new SmtpMailer.Config(
                        "127.0.0.1",
                        port("mx"),
                        SmtpMailer.Security.PLAIN,
                        "",
                        "",
                        "acme@" + MailSystem.CA_DOMAIN,
                        SmtpMailer.Config.PATIENCE,
                        Optional.empty()),
                base,
                Optional.of("starling"),
                Optional.of(new MailSettings.Inbox.Smtp(inbox)),
                DkimPolicy.PRACTICAL,
                NameServer.at("127.0.0.1:" + port("dns")));
    }

    @AfterAll
    static void stop() throws Exception {
        if (ca.isPresent()) ca.get().close();
        if (web.isPresent()) web.get().close();
        if (mail.isPresent()) mail.get().close();
    }

    private static int port(String name) {
        return mail.orElseThrow().port(name);
    }

    private static MailServer server(String name, String user, String password) throws Exception {
        return new MailServer(
                "localhost",
                port(name),
                MailServer.Security.STARTTLS,
                user,
                password,
                Duration.ofSeconds(30),
                Optional.of(mail.orElseThrow().trust()));
    }

    private ReplyByMail reply(String address, String password, String submission) throws Exception {
        return new ReplyByMail(
                server("imap", address, password),
                server(submission, address, password),
                new DnsDkimKeys(NameServer.at("127.0.0.1:" + port("dns")), Duration.ofSeconds(5)),
                Clock.systemUTC(),
                said::add);
    }

    private static Enrolment enrolment() {
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.orElseThrow().root()), false);
        return new Enrolment(URI.create(base + "/acme/directory"), verifier, Clock.systemUTC());
    }

    @Test
    void aReplyThatItsServerSignsLeadsToACertificate() throws Exception {
        var bob = Address.parse("bob@example.net");
        try {
            var held = enrolment()
                    .enrol(bob, folder.resolve("bob.p12"), reply("bob@example.net", MailSystem.PASSWORD, "signed"));
            assertEquals(2, held.chain().size());
            assertTrue(said.getLast().contains("it was answered"), said::toString);
        } catch (EnrolmentException e) {
            throw new AssertionError(said + mail.orElseThrow().logs(), e);
        }
    }

    /// As a user does, in a process of its own; on the loopback no certificate is wanted, and this submission server
    /// wants TLS.
    @Test
    void theCommandAnswersTheMail() throws Exception {
        Path root = Files.writeString(
                folder.resolve("root.pem"), Issuer.pem(ca.orElseThrow().root()));
        Path password = Files.writeString(folder.resolve("password"), MailSystem.PASSWORD + "\n");
        Path held = folder.resolve("dave.p12");
        var command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.starling.cli.Main",
                "enrol",
                "dave@example.net",
                "--ca",
                base + "/acme/directory",
                "--anchor",
                root.toString(),
                "--out",
                held.toString(),
                "--reply",
                "--imap",
                "127.0.0.1:" + port("imap"),
                "--submit",
                "127.0.0.1:" + port("signed"),
                "--dns",
                "127.0.0.1:" + port("dns"),
                "--mail-password-file",
                password.toString());
        Path out = folder.resolve("enrol.out");
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertTrue(process.waitFor(2, TimeUnit.MINUTES), "it does not end");
        } finally {
            process.destroyForcibly();
        }
        String told = Files.readString(out);
        assertEquals(0, process.exitValue(), told);
        assertTrue(told.contains("it was answered") && told.contains("Certified until"), told);
        assertTrue(!told.contains(MailSystem.PASSWORD));
        assertEquals(2, Keys.load(held).chain().size());
    }

    @Test
    void anUnsignedReplyIsRefusedForThatReasonAndASignedOneMendsIt() throws Exception {
        var carol = Address.parse("carol@example.net");
        Path file = folder.resolve("carol.p12");
        var e = assertThrows(
                EnrolmentException.class,
                () -> enrolment().enrol(carol, file, reply("carol@example.net", "wrong", "unsigned")));
        assertEquals(EnrolmentException.Reason.MAIL_SERVER, e.reason());
        assertTrue(e.detail().contains("does not accept the login"), e::detail);
        e = assertThrows(
                EnrolmentException.class,
                () -> enrolment().enrol(carol, file, reply("carol@example.net", MailSystem.PASSWORD, "unsigned")));
        assertEquals(EnrolmentException.Reason.MAIL_SERVER, e.reason(), e::detail);
        assertTrue(e.detail().contains("carries no DKIM signature"), e::detail);
        // The same order and the same mail.
        assertEquals(
                2,
                enrolment()
                        .enrol(carol, file, reply("carol@example.net", MailSystem.PASSWORD, "signed"))
                        .chain()
                        .size());
    }

    @Test
    void aMailThatComesBackEndsTheOrderAndSilencesTheAddress() throws Exception {
        try (var caller = new AcmeCaller(base).registered()) {
            var order = caller.order("nobody@example.net");
            String authorization = order.first("authorizations");
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (caller.post(authorization, "").text("status").equals("pending")) {
                if (System.nanoTime() > end)
                    throw new AssertionError(mail.orElseThrow().logs());
                Thread.sleep(500);
            }
            assertEquals("invalid", caller.post(authorization, "").text("status"));
            String text = caller.post(authorization, "").http().body();
            assertTrue(text.contains("The mail came back"), text);
            var again = caller.order("nobody@example.net");
            assertEquals(429, again.http().statusCode(), again.http()::body);
        }
    }
}
