package dev.starling.cli;

import dev.starling.enrol.ReplyByMail;
import dev.starling.identity.Address;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.MailServer;
import dev.starling.mail.NameServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The user's own mailbox, out of which `starling enrol --reply` answers the CA. The password comes from a file or is
/// asked for: arguments are seen by everybody on this computer.
final class ReplyOptions {
    private static final int IMAPS = 993, SUBMISSION = 587, SUBMISSIONS = 465;
    private static final Duration DNS_PATIENCE = Duration.ofSeconds(5);

    @Option(
            names = "--reply",
            description =
                    "Answer the CA's mail out of your mailbox, which proves more than a code: that you can send as this"
                            + " address. Needs --imap and --submit.")
    boolean reply;

    @Option(names = "--code", description = "Ask for the code in the CA's mail (this is the default).")
    boolean code;

    @Option(
            names = "--imap",
            paramLabel = "HOST[:PORT]",
            description = "With --reply: server of your mailbox. TLS on port 993 (the default), else STARTTLS, in the"
                    + " clear on the loopback only.")
    Optional<String> imap = Optional.empty();

    @Option(
            names = "--submit",
            paramLabel = "HOST[:PORT]",
            description = "With --reply: server that takes your mails. STARTTLS on port 587 (the default), TLS on port"
                    + " 465, in the clear on the loopback only.")
    Optional<String> submit = Optional.empty();

    @Option(names = "--mail-user", description = "Your user name at both (default: your address).")
    Optional<String> user = Optional.empty();

    @Option(
            names = "--mail-password-file",
            paramLabel = "FILE",
            description = "File with your password there; without it you are asked.")
    Optional<Path> passwordFile = Optional.empty();

    @Option(
            names = "--dns",
            paramLabel = "HOST[:PORT]",
            description = "With --reply: DNS server that is asked for the key by which the CA signs its mails (default:"
                    + " this computer's).")
    Optional<String> dns = Optional.empty();

    /// Empty: by the code.
    Optional<ReplyByMail> way(Address address) throws IOException {
        if (reply && code) throw new IOException("Name one of --reply and --code.");
        if (!reply) return Optional.empty();
        if (imap.isEmpty() || submit.isEmpty())
            throw new IOException("--reply needs the servers of your mailbox: --imap HOST and --submit HOST.");
        String name = user.orElse(address.text()), password = password(name);
        return Optional.of(new ReplyByMail(
                server("--imap", imap.get(), IMAPS, IMAPS, name, password),
                server("--submit", submit.get(), SUBMISSION, SUBMISSIONS, name, password),
                new DnsDkimKeys(new NameServer(dns, false), DNS_PATIENCE),
                Clock.systemUTC(),
                System.out::println));
    }

    private String password(String name) throws IOException {
        if (passwordFile.isPresent()) return SecretFile.read(passwordFile.get());
        char[] typed = Optional.ofNullable(System.console())
                .map(console -> console.readPassword("Password of %s at your mail server: ", name))
                .orElseThrow(() -> new IOException("No password was given: use --mail-password-file."));
        return new String(typed);
    }

    private static MailServer server(String option, String text, int usual, int tls, String name, String password)
            throws IOException {
        int colon = text.lastIndexOf(':');
        String port = colon < 0 ? String.valueOf(usual) : text.substring(colon + 1);
        String host = colon < 0 ? text : text.substring(0, colon);
        if (host.isEmpty() || !port.matches("[0-9]{1,5}")) throw new IOException(option + " wants HOST or HOST:PORT.");
        int at = Integer.parseInt(port);
        return new MailServer(
                host, at, MailServer.Security.at(host, at, tls), name, password, MailServer.PATIENCE, Optional.empty());
    }
}
