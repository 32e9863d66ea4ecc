package dev.starling.cli;

import dev.starling.gate.Metrics;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.hep.HepExport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// Whether a server tells a collector what passes.
final class HepOptions {
    private static final Pattern COLLECTOR =
            Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(?::([0-9]{1,5}))?");
    private static final int USUAL_PORT = 9060, MOST_PORT = 65_535, MAX_KEY_BYTES = 256;
    private static final long MOST_ID = 0xffff_ffffL;

    @Option(
            names = "--hep",
            defaultValue = "",
            paramLabel = "HOST[:PORT]",
            description =
                    "Send every SIP message as HEP3 over UDP to a collector (Homer, sngrep -L, Kamailio), with the"
                            + " IP addresses of your users, without credentials and contents. Unencrypted: only within a network"
                            + " of your own (default: off; port " + USUAL_PORT + ").")
    String collector = "";

    @Option(
            names = "--hep-id",
            defaultValue = "1",
            paramLabel = "N",
            description = "With --hep: number by which the collector knows this server (default ${DEFAULT-VALUE}).")
    long id = 1;

    @Option(
            names = "--hep-password-file",
            paramLabel = "FILE",
            description = "With --hep: file of the collector's password, which is sent in the clear.")
    Optional<Path> password = Optional.empty();

    /// Empty when nothing is exported.
    Optional<HepExport.Config> config() throws IOException {
        if (collector.isEmpty()) {
            if (password.isPresent()) throw new IOException("--hep-password-file needs --hep.");
            return Optional.empty();
        }
        var named = COLLECTOR.matcher(collector);
        int port = !named.matches() ? -1 : named.group(2) == null ? USUAL_PORT : Integer.parseInt(named.group(2));
        if (port < 1 || port > MOST_PORT) throw new IOException("not host:port: " + collector);
        if (id < 0 || id > MOST_ID) throw new IOException("--hep-id is a number of 32 bits: " + id);
        byte[] key = password.isPresent()
                ? Files.readString(password.get()).strip().getBytes(StandardCharsets.UTF_8)
                : new byte[0];
        if (key.length > MAX_KEY_BYTES || password.isPresent() && key.length == 0)
            throw new IOException("no password of 1 to " + MAX_KEY_BYTES + " letters in " + password.get());
        return Optional.of(
                new HepExport.Config(new InetSocketAddress(InetAddress.getByName(named.group(1)), port), id, key));
    }

    static void open(HepExport.Config config, Tap tap, Metrics metrics, Parts parts) throws IOException {
        var export = parts.with(HepExport.start(tap, config));
        metrics.counter("starling.hep.sent", "SIP messages sent to the collector", export::sent);
        metrics.counter("starling.hep.dropped", "SIP messages not sent to the collector", export::dropped);
    }
}
