package dev.starling.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.AcmeCaller;
import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.MailSettings;
import dev.starling.ca.validation.ImapInbox;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.enrol.Enrolment;
import dev.starling.enrol.ReplyByMail;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.TrustAnchors;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.MailServer;
import dev.starling.mail.NameServer;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// As `RealMailPathIT`, with the CA's mail in a mailbox at Debian's Dovecot. The CA would look into it by itself only
/// after ten minutes: what it learns sooner it was told (RFC 2177).
class ImapMailPathIT {
    private static final Duration PAUSE = Duration.ofMinutes(10);

    @TempDir
    static Path folder;

    private static Optional<MailSystem> mail = Optional.empty();
    private static Optional<CertificateAuthority> ca = Optional.empty();
    private static Optional<WebServer> web = Optional.empty();
    private static String base = "";
    private final List<String> said = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        mail = Optional.of(MailSystem.withMailboxOfTheCa("bob", "carol"));
        var routes = new Routes();
        var clock = Clock.systemUTC();
        web = Optional.of(WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 64), routes, clock));
        base = "http://127.0.0.1:" + web.get().port();
        var settings = new CertificateAuthority.Settings(Optional.of(mailOfTheCa()), Optional.empty(), "");
        // Before the mailbox is there: it comes to it by itself.
        ca = Optional.of(new CertificateAuthority(folder.resolve("ca"), settings, clock));
        ca.get().mount(routes, base);
        String line = ca.get().dnsRecord().orElseThrow();
        String txt =
                line.replaceFirst("^[^\"]*\"", "").replaceFirst("\"[^\"]*$", "").replace("\" \"", "");
        mail.get().start(Map.of("starling._domainkey." + MailSystem.CA_DOMAIN, txt));
    }

    private static MailSettings mailOfTheCa() throws Exception {
        var inbox = new ImapInbox.Config(
                "localhost",
                port("imap"),
                SmtpMailer.Security.STARTTLS,
                "acme@" + MailSystem.CA_DOMAIN,
                MailSystem.PASSWORD,
                "Starling",
                PAUSE,
                PAUSE.plusMinutes(1),
                Optional.of(mail.orElseThrow().trust()));
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
                Optional.of(new MailSettings.Inbox.Imap(inbox)),
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

    private static MailServer server(String name, String user) throws Exception {
        return new MailServer(
                "localhost",
                port(name),
                MailServer.Security.STARTTLS,
                user,
                MailSystem.PASSWORD,
                Duration.ofSeconds(30),
                Optional.of(mail.orElseThrow().trust()));
    }

    private void enrols(String user) throws Exception {
        String address = user + "@" + MailSystem.DOMAIN;
        var reply = new ReplyByMail(
                server("imap", address),
                server("signed", address),
                new DnsDkimKeys(NameServer.at("127.0.0.1:" + port("dns")), Duration.ofSeconds(5)),
                Clock.systemUTC(),
                said::add);
        var verifier = new CertificateVerifier(TrustAnchors.of(ca.orElseThrow().root()), false);
        var held = new Enrolment(URI.create(base + "/acme/directory"), verifier, Clock.systemUTC())
                .enrol(Address.parse(address), folder.resolve(user + ".p12"), reply);
        assertEquals(
                "reply",
                verifier.verify(
                                held.chain().stream()
                                        .map(dev.starling.identity.Keys::encoded)
                                        .toList(),
                                Address.parse(address),
                                Clock.systemUTC().instant())
                        .level());
    }

    @Test
    void repliesAreToldByTheServerAlsoAfterItWasAway() throws Exception {
        long begin = System.nanoTime();
        try {
            enrols("bob");
            mail.orElseThrow().restartDovecot(() -> {});
            enrols("carol");
        } catch (Exception e) {
            throw new AssertionError(said + mail.orElseThrow().logs(), e);
        }
        assertTrue(System.nanoTime() - begin < PAUSE.toNanos() / 2, "it looked by itself");
    }

    @Test
    void aReportOnAMailComesThatWay() throws Exception {
        try (var caller = new AcmeCaller(base).registered()) {
            String authorization = caller.order("nobody@example.net").first("authorizations");
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (caller.post(authorization, "").text("status").equals("pending")) {
                if (System.nanoTime() > end)
                    throw new AssertionError(mail.orElseThrow().logs());
                Thread.sleep(500);
            }
            String text = caller.post(authorization, "").http().body();
            assertTrue(text.contains("The mail came back"), text);
        }
    }
}
