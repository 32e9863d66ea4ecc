package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.record.Bodies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `starling peers`: which servers a domain recommends to its people. `publish` and `withdraw` need the key of
/// `peers@` the domain: `starling enrol peers@example.net`.
@Command(
        name = "peers",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(show | publish | withdraw)",
        description = {
            "Shows, publishes or withdraws which servers a domain recommends to its people.",
            "Publishing needs the key of peers@DOMAIN: starling enrol peers@DOMAIN. The server keeps it until it expires."
        })
final class PeersCommand {
    private static final Clock CLOCK = Clock.systemUTC();

    /// What all three need.
    static final class Reach {
        @Option(names = "--domain", required = true, description = "The domain, for example example.net.")
        String domain = "";

        @Option(
                names = "--server",
                defaultValue = "http://127.0.0.1:8787/",
                description = "Server that is asked and keeps it (default ${DEFAULT-VALUE}).")
        String server = "";

        @Option(
                names = "--anchor",
                description = "PEM file of a CA to believe; in local mode the server's test CA is believed.")
        List<Path> anchors = new ArrayList<>();

        Address address() throws IOException {
            try {
                return Address.parse("peers@" + domain);
            } catch (IdentityException e) {
                throw new IOException("Not a domain: " + e.reason() + ".", e);
            }
        }

        Looking open() throws IOException {
            var at = Looking.through(PeerOptions.url(server).orElseThrow(), PeerOptions.anchors(anchors), CLOCK);
            if (at.local() || !anchors.isEmpty()) return at;
            at.close();
            throw new IOException("No CA is believed: name one with --anchor root.pem.");
        }
    }

    @Command(mixinStandardHelpOptions = true, description = "Shows what verifies.")
    int show(@Mixin Reach reach) throws IOException, DhtException {
        try (var at = reach.open()) {
            return shown(at, reach.domain) ? 0 : 2;
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "Publishes the servers named, in place of what the same key published before.")
    int publish(
            @Mixin Reach reach,
            @Option(
                            names = "--key",
                            paramLabel = "FILE",
                            description = "Key of peers@DOMAIN, as enrol wrote it (default: peers@DOMAIN.p12).")
                    Optional<Path> key,
            @Option(
                            names = "--peer",
                            paramLabel = "URL",
                            description = "Base URL of a server to recommend; may be repeated (default: --server).")
                    List<String> peers)
            throws IOException, DhtException {
        try (var at = reach.open()) {
            var named = peers == null || peers.isEmpty() ? List.of(reach.server) : peers;
            var end = domain(at, reach, key).say(Optional.of(DomainPeers.places(at, named)));
            System.out.println("Published until " + end + ". Renew key and record before then.");
            if (shown(at, reach.domain)) return 0;
            throw new IOException("But nothing that verifies is found there.");
        }
    }

    @Command(mixinStandardHelpOptions = true, description = "Withdraws what the same key published.")
    int withdraw(
            @Mixin Reach reach,
            @Option(
                            names = "--key",
                            paramLabel = "FILE",
                            description = "Key of peers@DOMAIN, as enrol wrote it (default: peers@DOMAIN.p12).")
                    Optional<Path> key)
            throws IOException, DhtException {
        try (var at = reach.open()) {
            var _ = domain(at, reach, key).say(Optional.empty());
            System.out.println("Withdrawn.");
            return 0;
        }
    }

    private static DomainPeers domain(Looking at, Reach reach, Optional<Path> key) throws IOException {
        Address address = reach.address();
        Path file = key.orElse(Path.of(address + ".p12"));
        if (!Files.exists(file))
            throw new IOException("There is no " + file + ": run  starling enrol " + address + "  first.");
        return new DomainPeers(at, address, Keys.load(file), CLOCK);
    }

    private static boolean shown(Looking at, String domain) throws IOException, DhtException {
        try {
            List<Bodies.PeerPlace> places = at.service().recommended(domain);
            if (places.isEmpty()) System.out.println("Nothing that verifies is recommended for " + domain + ".");
            for (var each : places) System.out.println("  " + each.base() + "  " + each.uri() + ", key " + each.id());
            return !places.isEmpty();
        } catch (IdentityException e) {
            throw new IOException("Not a domain: " + e.reason() + ".", e);
        }
    }
}
