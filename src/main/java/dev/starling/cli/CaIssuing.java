package dev.starling.cli;

import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.IssuingKeys;
import dev.starling.ca.issuance.OfflineRoot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The side of the online CA in the ceremony of [CaRoot].
final class CaIssuing {
    private static final long MAX_BYTES = 2 * 1024 * 1024;
    private static final Clock CLOCK = Clock.systemUTC();

    private CaIssuing() {}

    /// A file from the other machine.
    static byte[] read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) throw new IOException("There is no file " + file + ".");
        if (Files.size(file) > MAX_BYTES) throw new IOException(file + " is too long.");
        return Files.readAllBytes(file);
    }

    private static Path folder(Optional<Path> data) {
        var options = new PeerOptions();
        options.data = data;
        return options.folder("ca");
    }

    @Command(
            name = "issuing-request",
            mixinStandardHelpOptions = true,
            description = {
                "Makes an issuing key, and a request for its certificate to carry to the machine with the root.",
                "Called again before the certificate is there, it writes the same request."
            })
    static final class RequestCommand implements Callable<Integer> {
        @Option(names = "--data", description = "The CA's folder (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Mixin
        CaTokenOptions token = new CaTokenOptions();

        @Option(
                names = "--name",
                defaultValue = "Starling e-mail",
                description = "What the issuing CA is called (default ${DEFAULT-VALUE}).")
        String name = "";

        @Parameters(paramLabel = "FILE", description = "Where the request goes. Must not be there.")
        Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            if (Files.exists(file)) throw new IOException(file + " is there already; it was left alone.");
            String request = new IssuingKeys(folder(data), token.open(), CLOCK).request(name);
            Files.writeString(file, request);
            var asked = OfflineRoot.asked(request.getBytes(StandardCharsets.US_ASCII));
            System.out.println("The request is in " + file + ". Carry it to the machine with the root, and there:");
            System.out.println("    starling ca root sign REQUEST …");
            System.out.println("Write down what the key is known by, to compare it there:");
            System.out.println("    " + CaRoot.grouped(asked.key()));
            return 0;
        }
    }

    @Command(
            name = "issuing-install",
            mixinStandardHelpOptions = true,
            description = "Takes the chain that the root made of the request. The CA uses it from its next start on.")
    static final class InstallCommand implements Callable<Integer> {
        @Option(names = "--data", description = "The CA's folder (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Mixin
        CaTokenOptions token = new CaTokenOptions();

        @Parameters(paramLabel = "CHAIN", description = "What `starling ca root sign` wrote.")
        Path chain = Path.of("");

        @Override
        public Integer call() throws IOException {
            new IssuingKeys(folder(data), token.open(), CLOCK).install(read(chain));
            System.out.println("Installed. Start the CA anew.");
            return 0;
        }
    }

    @Command(
            name = "issuing-replace",
            mixinStandardHelpOptions = true,
            description = {
                "Makes the next issuing key with the root in the CA's folder. A CA alone does so by itself in time.",
                "Where several processes share a database: run it once, give the new files to all, restart them."
            })
    static final class ReplaceCommand implements Callable<Integer> {
        @Option(names = "--data", description = "The CA's folder (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Override
        public Integer call() throws IOException {
            Issuer.replaceKey(folder(data), CLOCK);
            System.out.println(
                    "The next issuing key is in issuing.p12, the last one in issuing-previous.p12. Give both,"
                            + " with their .password files, to all processes, and start them anew.");
            return 0;
        }
    }

    @Command(
            name = "root-crl",
            mixinStandardHelpOptions = true,
            description = "Takes the root's list of withdrawn CAs, which is served at /acme/crl/root.crl from then on.")
    static final class ListCommand implements Callable<Integer> {
        @Option(names = "--data", description = "The CA's folder (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Parameters(paramLabel = "FILE", description = "What `starling ca root crl` or `revoke` wrote.")
        Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            new IssuingKeys(folder(data), Optional.empty(), CLOCK).installList(read(file));
            System.out.println("It is served at /acme/crl/root.crl.");
            return 0;
        }
    }
}
