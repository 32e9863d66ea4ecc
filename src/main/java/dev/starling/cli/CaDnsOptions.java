package dev.starling.cli;

import dev.starling.mail.NameServer;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Whom a process of a CA asks what the DNS says, and as whom.
final class CaDnsOptions {
    @Option(
            names = "--dns",
            paramLabel = "HOST[:PORT]",
            description =
                    "DNS server that is asked for mail servers, CAA records and DKIM keys (default: this computer's). If"
                            + " it is on this computer and checks DNSSEC, that is written down beside each proof.")
    Optional<String> dns = Optional.empty();

    @Option(
            names = "--dns-trusted",
            description = "The server that --dns names checks DNSSEC, and nobody between it and here can change what it"
                    + " says: then it is believed as one on this computer is. Without this what another computer says"
                    + " of DNSSEC counts for nothing.")
    boolean trusted;

    @Option(
            names = "--caa",
            paramLabel = "NAME",
            description = "By which CAA records know this CA, as in issuemail \"NAME\" (default: the host of --base; an"
                    + " issuer in a process of its own asks the DNS only with this option).")
    Optional<String> issuer = Optional.empty();

    NameServer server() throws IOException {
        if (trusted && dns.isEmpty()) throw new IOException("--dns-trusted is said of the server that --dns names.");
        return new NameServer(dns, trusted);
    }

    /// The name in CAA records, if it was said.
    Optional<String> issuer() throws IOException {
        if (issuer.isPresent() && !issuer.get().matches("(?i)[a-z0-9](-*[a-z0-9])*(\\.[a-z0-9](-*[a-z0-9])*)*"))
            throw new IOException("--caa wants a domain name, such as ca.example.net");
        return issuer.map(name -> name.toLowerCase(Locale.ROOT));
    }
}
