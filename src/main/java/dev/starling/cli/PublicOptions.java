package dev.starling.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import picocli.CommandLine.Option;

/// How a server is reached by people elsewhere.
final class PublicOptions {
    private static final int HTTPS = 443, HTTP = 80, SIP = 5061;
    private static final String ALL = "0.0.0.0", HERE = "127.0.0.1";

    @Option(
            names = "--host",
            defaultValue = "",
            description = "Address to listen on, and without --domain to be reached at (default: " + HERE
                    + "; with --domain all).")
    String host = "";

    @Option(
            names = "--domain",
            defaultValue = "",
            paramLabel = "NAME",
            description = "Host name under which this server is reached: HTTPS at port 443, SIP at 5061, the relay at"
                    + " 3478 and 5349. Gets and renews its certificate by itself, for which port 80 must be reached"
                    + " too; this agrees to the terms of service of the CA (--acme).")
    String domain = "";

    @Option(
            names = "--acme",
            defaultValue = "https://acme-v02.api.letsencrypt.org/directory",
            paramLabel = "URL",
            description =
                    "ACME directory of the CA that gives this server its certificate (default:" + " ${DEFAULT-VALUE}).")
    String acme = "";

    @Option(
            names = "--acme-eab-file",
            paramLabel = "FILE",
            description =
                    "File with the key id and the HMAC key that this CA gave you for an account, for CAs that want"
                            + " one (external account binding); Let's Encrypt does not. Needed only the first time.")
    Optional<Path> acmeKey = Optional.empty();

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "With --domain: the server's certificates in PEM form, in place of --acme; read again when"
                    + " the file changes.")
    Optional<Path> certificates = Optional.empty();

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key in PEM form, no passphrase.")
    Optional<Path> key = Optional.empty();

    @Option(
            names = "--http-port",
            defaultValue = "80",
            description = "Port of plain HTTP, which leads to HTTPS and shows the CA what it asks for; 0 for none.")
    int httpPort = HTTP;

    @Option(
            names = "--behind-proxy",
            description = "With --domain: a reverse proxy on this machine speaks HTTPS and passes the requests on to"
                    + " the loopback; the"
                    + " last address in X-Forwarded-For is the client's, for the limits.")
    boolean behindProxy;

    String host() {
        if (!host.isEmpty()) return host;
        return domain.isEmpty() ? HERE : ALL;
    }

    /// The usual ports of a public server, or those next to the HTTP port.
    int port(int asked, int usual) {
        if (asked != 0) return asked;
        return domain.isEmpty() || behindProxy ? usual : HTTPS;
    }

    boolean isPublic() {
        return !domain.isEmpty();
    }

    int sipPort(int asked, int httpPort) {
        if (asked != 0) return asked;
        return isPublic() ? SIP : httpPort + PeerOptions.SIP_PORT;
    }

    /// Opens what is needed before anything can be served; what it opens belongs to `parts`.
    Place place(int port, int sipPort, Path data, Parts parts, Clock clock) throws IOException {
        if (!isPublic()) {
            if (certificates.isPresent() || key.isPresent() || behindProxy)
                throw new IOException("--tls-cert, --tls-key and --behind-proxy need --domain.");
            return Place.at(host(), port, sipPort);
        }
        if (!domain.matches("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?") || !domain.contains("."))
            throw new IOException("not a host name in small letters: " + domain);
        if (behindProxy) return new Place(HERE, host(), domain, port, sipPort, Optional.empty(), true);
        if (certificates.isPresent() != key.isPresent()) throw new IOException("--tls-cert and --tls-key go together.");
        String base = "https://" + domain + (port == HTTPS ? "" : ":" + port);
        Optional<HttpDoor> door =
                httpPort == 0 ? Optional.empty() : Optional.of(parts.with(new HttpDoor(host(), httpPort, base, clock)));
        WebTls tls = certificates.isPresent()
                ? parts.with(new TlsFiles(certificates.get(), key.orElseThrow()))
                        .tls()
                : byAcme(door, data, parts, clock);
        return new Place(host(), host(), domain, port, sipPort, Optional.of(tls), false);
    }

    private WebTls byAcme(Optional<HttpDoor> door, Path data, Parts parts, Clock clock) throws IOException {
        URI directory = URI.create(acme);
        if (!"https".equals(directory.getScheme())) throw new IOException("--acme wants an https URL: " + acme);
        HttpDoor shows = door.orElseThrow(() -> new IOException(
                "Without --http-port nobody can see that this server is " + domain + "; or name --tls-cert."));
        return parts.with(new TlsByAcme(
                        directory, AccountKeyOption.read(acmeKey), domain, data.resolve("web"), shows, clock))
                .tls();
    }
}
