package dev.starling.cli;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// Where ordinary SIP phones reach a server.
final class PhoneOptions {
    private static final int PORT = 5000, USUAL = 5060, USUAL_TLS = 5063, LEAST_PORT = 1024, MOST_PORT = 65_535;
    private static final Pattern PORTS = Pattern.compile("([0-9]{4,5})-([0-9]{4,5})");

    @Option(
            names = "--phone-port",
            defaultValue = "0",
            description =
                    "Port for ordinary SIP phones, UDP and TCP (default: HTTP port + 5000; with --domain 5060). It is"
                            + " opened when there is a phone: starling phone add.")
    int port;

    @Option(
            names = "--phone-tls-port",
            defaultValue = "" + USUAL_TLS,
            description = "With --domain: port for SIP phones over TLS (default ${DEFAULT-VALUE}); 0 for none.")
    int tlsPort;

    @Option(
            names = "--phone-media-ports",
            defaultValue = "40000-41999",
            paramLabel = "FIRST-LAST",
            description = "UDP ports of the sound of phones, the first half to phones, the other to devices"
                    + " (default ${DEFAULT-VALUE}).")
    String ports = "";

    /// @param tls empty: none
    record Choice(int port, OptionalInt tls, int firstMedia, int lastMedia) {}

    Choice choice(int httpPort) throws IOException {
        return choice(port == 0 ? httpPort + PORT : port, OptionalInt.empty());
    }

    Choice ofPublic() throws IOException {
        return choice(port == 0 ? USUAL : port, tlsPort == 0 ? OptionalInt.empty() : OptionalInt.of(tlsPort));
    }

    private Choice choice(int at, OptionalInt tls) throws IOException {
        var range = PORTS.matcher(ports);
        if (!range.matches()) throw new IOException("not FIRST-LAST: " + ports);
        int first = Integer.parseInt(range.group(1)), last = Integer.parseInt(range.group(2));
        if (first < LEAST_PORT || last > MOST_PORT || last - first < 7)
            throw new IOException("no range of eight ports or more: " + ports);
        return new Choice(at, tls, first, last);
    }
}
