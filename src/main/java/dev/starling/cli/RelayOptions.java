package dev.starling.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// Which relay a server offers.
final class RelayOptions {
    private static final int PORT = 4000,
            USUAL = 3478,
            USUAL_TLS = 5349,
            LEAST_PORT = 1024,
            MOST_PORT = 65_535,
            MAX_URIS = 4;
    private static final int MIN_SECRET_BYTES = 16;
    /// RFC 7064 and 7065.
    private static final Pattern URI =
            Pattern.compile("turns?:([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?(\\?transport=(udp|tcp))?");
    private static final Pattern PORTS = Pattern.compile("([0-9]{4,5})-([0-9]{4,5})");

    @Option(
            names = "--relay-port",
            defaultValue = "0",
            description = "Port of the relay for calls, UDP and TCP (STUN and TURN; default: HTTP port + 4000; with"
                    + " --domain 3478).")
    int port;

    @Option(
            names = "--relay-tls-port",
            defaultValue = "" + USUAL_TLS,
            description = "With --domain: port of the relay over TLS, for networks that let nothing else through"
                    + " (default ${DEFAULT-VALUE}); 0 for none.")
    int tlsPort;

    @Option(
            names = "--relay-address",
            paramLabel = "ADDRESS",
            description = "Address of this host as others see it, for the relay; may be repeated, one of IPv4 and one"
                    + " of IPv6 (default: those of --domain in the DNS, or --host).")
    List<InetAddress> addresses = new ArrayList<>();

    @Option(
            names = "--relay-ports",
            defaultValue = "49152-65535",
            paramLabel = "FIRST-LAST",
            description = "UDP ports at which the other side of a relayed call is met (default ${DEFAULT-VALUE}).")
    String ports = "";

    @Option(
            names = "--relay",
            paramLabel = "URI",
            description = "Another relay in place of ours, for example turn:turn.example.net:3478; may be repeated."
                    + " none for no relay.")
    List<String> relays = new ArrayList<>();

    @Option(
            names = "--relay-secret",
            defaultValue = "",
            description = "With --relay: the secret of its time-limited credentials (coturn: static-auth-secret);"
                    + " better in the variable STARLING_RELAY_SECRET.")
    String secret = "";

    @Option(
            names = "--relay-secret-file",
            paramLabel = "FILE",
            description = "The same secret, in a file that nobody else may read.")
    Optional<Path> secretFile = Optional.empty();

    /// Of a server that stands beside others on this computer.
    RelayChoice choice(int httpPort) throws IOException {
        return choice(port == 0 ? httpPort + PORT : port, 0);
    }

    RelayChoice ofPublic() throws IOException {
        return choice(port == 0 ? USUAL : port, tlsPort);
    }

    private RelayChoice choice(int at, int overTls) throws IOException {
        if (relays.equals(List.of("none"))) return new RelayChoice.None();
        if (!relays.isEmpty()) return other();
        var range = PORTS.matcher(ports);
        if (!range.matches()) throw new IOException("not FIRST-LAST: " + ports);
        int first = Integer.parseInt(range.group(1)), last = Integer.parseInt(range.group(2));
        if (first < LEAST_PORT || last > MOST_PORT || first > last)
            throw new IOException("no range of ports: " + ports);
        return new RelayChoice.Own(at, overTls, first, last, addresses);
    }

    private RelayChoice other() throws IOException {
        if (relays.size() > MAX_URIS) throw new IOException("at most " + MAX_URIS + " relays");
        for (String each : relays)
            if (!URI.matcher(each).matches()) throw new IOException("not the URI of a relay (turn:host:port): " + each);
        String inherited = System.getenv("STARLING_RELAY_SECRET");
        String shared = secretFile.isPresent()
                ? SecretFile.read(secretFile.get())
                : secret.isEmpty() && inherited != null ? inherited : secret;
        if (shared.getBytes(StandardCharsets.UTF_8).length < MIN_SECRET_BYTES)
            throw new IOException(
                    "A relay needs a secret of " + MIN_SECRET_BYTES + " letters at least: --relay-secret-file.");
        return new RelayChoice.Other(relays, shared);
    }
}
