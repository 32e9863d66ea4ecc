package dev.starling.cli;

import dev.starling.ca.MailSettings;
import dev.starling.ca.validation.ImapInbox;
import dev.starling.ca.validation.SmtpInbox;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.MailServer;
import dev.starling.mail.SmimeTrust;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How a CA sends its mails and hears the answers. Passwords come from the environment alone.
final class CaMailOptions {
    // Over TLS from the start.
    private static final int SMTPS = 465, IMAPS = 993;

    @Option(
            names = "--smtp",
            defaultValue = "",
            paramLabel = "HOST:PORT",
            description = "Mail server that takes the mails. STARTTLS is required, on port 465 TLS from the start; a"
                    + " server on the loopback is spoken to in the clear. Its certificate must name HOST. A mail that"
                    + " cannot be handed over is tried again for about an hour and a half, then the order fails; the"
                    + " order says why.")
    String smtp = "";

    @Option(
            names = "--smtp-user",
            defaultValue = "",
            paramLabel = "USER",
            description =
                    "User at the mail server; the password comes from the environment variable STARLING_SMTP_PASSWORD.")
    String smtpUser = "";

    @Option(
            names = "--from",
            defaultValue = "",
            paramLabel = "ADDRESS",
            description = "Sender of the mails; bounces go there.")
    String from = "";

    @Option(
            names = "--dkim",
            paramLabel = "SELECTOR",
            description =
                    "Sign the mails by DKIM with a key of the CA's own (dkim.pem in --data); the record for the DNS is"
                            + " printed at the start. Without it the mail server should sign.")
    Optional<String> selector = Optional.empty();

    @Option(
            names = "--reply-smtp",
            paramLabel = "HOST:PORT",
            description =
                    "Take replies to the mails (RFC 8823), and reports on mails that did not arrive, by SMTP at this"
                            + " address: as the MX of the sender's domain, or behind a mail server that passes them on.")
    Optional<String> replySmtp = Optional.empty();

    @Option(
            names = "--reply-imap",
            paramLabel = "HOST:PORT",
            description =
                    "Take them out of the sender's mailbox by IMAP instead: TLS on port 993, else STARTTLS, in the"
                            + " clear on the loopback only. The mailbox must take mail for SENDER+anything too.")
    Optional<String> replyImap = Optional.empty();

    @Option(
            names = "--reply-imap-user",
            paramLabel = "USER",
            description =
                    "User of that mailbox; the password comes from the environment variable STARLING_IMAP_PASSWORD.")
    Optional<String> imapUser = Optional.empty();

    @Option(
            names = "--strict-dkim",
            description = "A reply's DKIM signature must cover the whole list of RFC 8823. Large providers' do not.")
    boolean strict;

    @Option(
            names = "--smime-trust",
            paramLabel = "FILE",
            description =
                    "Take replies also that are signed by S/MIME with a certificate of one of these CAs (PEM), in place of"
                            + " DKIM. Their lists of withdrawn certificates may stand in the same file (PEM, X509 CRL);"
                            + " it is read anew for each such reply. The certificate then says that a code was read.")
    Optional<Path> smime = Optional.empty();

    @Mixin
    CaDnsOptions dns = new CaDnsOptions();

    boolean isComplete() {
        return !smtp.isEmpty() && !from.isEmpty();
    }

    MailSettings settings(String base) throws IOException {
        if (replySmtp.isPresent() && replyImap.isPresent())
            throw new IOException("Name one of --reply-smtp and --reply-imap.");
        Optional<MailSettings.Inbox> inbox = replySmtp.isPresent()
                ? Optional.of(new MailSettings.Inbox.Smtp(receiver(replySmtp.get())))
                : replyImap.isPresent()
                        ? Optional.of(new MailSettings.Inbox.Imap(reader(replyImap.get())))
                        : Optional.empty();
        DkimPolicy policy = strict ? DkimPolicy.STRICT : DkimPolicy.PRACTICAL;
        Optional<String> name = dns.issuer();
        var settings = new MailSettings(server(), base, selector, inbox, policy, dns.server());
        if (name.isPresent()) settings = settings.known(name.get());
        if (smime.isEmpty()) return settings;
        if (inbox.isEmpty()) throw new IOException("--smime-trust is for replies: --reply-smtp or --reply-imap.");
        return settings.believing(SmimeTrust.open(smime.get()));
    }

    private SmtpMailer.Config server() throws IOException {
        var place = place("--smtp", smtp);
        String password = secret("STARLING_SMTP_PASSWORD");
        if (!smtpUser.isEmpty() && password.isEmpty())
            throw new IOException("--smtp-user needs the password in the variable STARLING_SMTP_PASSWORD.");
        return new SmtpMailer.Config(
                place.host(),
                place.port(),
                security(place, SMTPS),
                smtpUser,
                password,
                from,
                SmtpMailer.Config.PATIENCE,
                Optional.empty());
    }

    private static SmtpInbox.Config receiver(String text) throws IOException {
        var place = place("--reply-smtp", text);
        return new SmtpInbox.Config(
                InetAddress.getByName(place.host()),
                place.port(),
                place.host(),
                Optional.empty(),
                SmtpInbox.Config.CONNECTIONS,
                SmtpInbox.Config.EACH,
                SmtpInbox.Config.SILENCE,
                SmtpInbox.Config.SESSION);
    }

    private ImapInbox.Config reader(String text) throws IOException {
        var place = place("--reply-imap", text);
        String password = secret("STARLING_IMAP_PASSWORD");
        if (imapUser.isEmpty() || password.isEmpty())
            throw new IOException("--reply-imap needs --reply-imap-user, and the password in STARLING_IMAP_PASSWORD.");
        return new ImapInbox.Config(
                place.host(),
                place.port(),
                security(place, IMAPS),
                imapUser.get(),
                password,
                "Starling",
                ImapInbox.Config.PAUSE,
                ImapInbox.Config.PATIENCE,
                Optional.empty());
    }

    private record HostPort(String host, int port) {}

    private static HostPort place(String option, String text) throws IOException {
        int colon = text.lastIndexOf(':');
        if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}"))
            throw new IOException(option + " wants HOST:PORT");
        return new HostPort(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    private static SmtpMailer.Security security(HostPort place, int tlsPort) throws IOException {
        if (MailServer.isHere(place.host())) return SmtpMailer.Security.PLAIN;
        return place.port() == tlsPort ? SmtpMailer.Security.TLS : SmtpMailer.Security.STARTTLS;
    }

    private static String secret(String variable) {
        return Optional.ofNullable(System.getenv(variable)).orElse("");
    }
}
