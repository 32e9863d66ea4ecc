package dev.starling.cli;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Option;

/// Calls to and from ordinary SIP domains.
final class ClassicOptions {
    private static final int PORT = 6000, TLS_PORT = 7000, USUAL = 5064, USUAL_TLS = 5065;

    @Option(
            names = "--classic",
            description = "Lets phones of this server call people at ordinary SIP domains, and be called from there,"
                    + " not verified and not encrypted from end to end: each phone only if it was added with"
                    + " --classic-calls, and is called only by whom its person lets ring.")
    boolean wanted;

    @Option(
            names = "--classic-port",
            defaultValue = "0",
            description = "With --classic: port for ordinary SIP servers, UDP and TCP (default: HTTP port + 6000; with"
                    + " --domain 5064).")
    int port;

    @Option(
            names = "--classic-tls-port",
            defaultValue = "0",
            description = "With --classic: port for them over TLS, where there is a certificate (default: HTTP port +"
                    + " 7000; with --domain 5065).")
    int tlsPort;

    @Option(
            names = "--classic-tls-cert",
            paramLabel = "FILE",
            description = "With --classic: certificates in PEM form for the domains of the people here, read again when"
                    + " the file changes (default: the certificate of the web).")
    Optional<Path> certificates = Optional.empty();

    @Option(
            names = "--classic-tls-key",
            paramLabel = "FILE",
            description = "Its private key in PEM form, no passphrase.")
    Optional<Path> key = Optional.empty();

    @Option(
            names = "--classic-anchor",
            paramLabel = "FILE",
            description = "With --classic: file of CAs (PEM) to believe of ordinary SIP servers, in place of those of"
                    + " the web; may be repeated.")
    List<Path> anchors = new ArrayList<>();

    @Option(
            names = "--classic-allow",
            paramLabel = "NETWORK",
            description = "With --classic: a private network (10.1.0.0/16) where an ordinary SIP server may be; may be"
                    + " repeated.")
    List<String> networks = new ArrayList<>();

    @Option(
            names = "--classic-browsers",
            paramLabel = "DOMAIN",
            description = "With --classic: people of this domain may do the same from their browsers here, each time"
                    + " asked by the page; this should be the SIP server of the domain. May be repeated; without it"
                    + " nobody may.")
    List<String> domains = new ArrayList<>();

    /// @param certificate and key; empty: that of the web, where there is one
    /// @param anchors empty: those of the web
    /// @param allowed although it is private
    /// @param browsers domains whose people may do so from browsers
    record Choice(
            int port,
            int tlsPort,
            Optional<Certificate> certificate,
            List<Path> anchors,
            List<Network> allowed,
            Set<String> browsers) {}

    record Certificate(Path chain, Path key) {}

    Optional<Choice> choice(int httpPort) throws IOException {
        return chosen(httpPort + PORT, httpPort + TLS_PORT);
    }

    Optional<Choice> ofPublic() throws IOException {
        return chosen(USUAL, USUAL_TLS);
    }

    private Optional<Choice> chosen(int usual, int usualTls) throws IOException {
        if (!wanted) return Optional.empty();
        if (certificates.isPresent() != key.isPresent())
            throw new IOException("--classic-tls-cert and --classic-tls-key go together.");
        var allowed = new ArrayList<Network>();
        for (String each : networks) allowed.add(Network.parse(each));
        return Optional.of(new Choice(
                port == 0 ? usual : port,
                tlsPort == 0 ? usualTls : tlsPort,
                certificates.map(each -> new Certificate(each, key.orElseThrow())),
                List.copyOf(anchors),
                allowed,
                browsers()));
    }

    private Set<String> browsers() throws IOException {
        var all = new TreeSet<String>();
        for (String each : domains) {
            try {
                all.add(Address.parse("somebody@" + each).domain());
            } catch (IdentityException e) {
                throw new IOException("--classic-browsers: " + each + " is no domain of e-mail addresses.", e);
            }
        }
        return all;
    }
}
