package dev.starling.cli;

import dev.starling.ca.issuance.OfflineRoot;
import dev.starling.identity.TrustAnchors;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling ca root`: a root on a machine without a network, and what it signs there.
@Command(
        name = "root",
        mixinStandardHelpOptions = true,
        subcommands = {
            CaRoot.MakeCommand.class,
            CaRoot.SignCommand.class,
            CaRoot.RevokeCommand.class,
            CaRoot.CrlCommand.class
        },
        synopsisSubcommandLabel = "[make | sign | revoke | crl]",
        description = "Says how a root is made and used on a machine without a network.")
final class CaRoot implements Callable<Integer> {
    private static final Clock CLOCK = Clock.systemUTC();

    @Override
    public Integer call() {
        System.out.print("""
                A root that the internet cannot reach. Two machines, and a USB stick between them.

                1. Here, without a network:   starling ca root make --name "Example root"
                   Asks for a passphrase twice. Write down the fingerprint that it prints.
                2. On the CA:                 starling ca issuing-request request.csr
                   Write down what the key is known by. Carry request.csr here.
                3. Here:                      starling ca root sign request.csr --for email \\
                                                  --crl http://ca.example.net/acme/crl/root.crl --out chain.pem
                   Compare the key with what you wrote down.
                4. Here:                      starling ca root crl
                   Carry chain.pem and root.crl to the CA. Nothing else leaves this machine.
                5. On the CA:                 starling ca issuing-install chain.pem
                                              starling ca root-crl root.crl
                   Start it. It signs with its own key, and never sees the root's.
                6. Copy root.p12 to two media, lock them up in two places, the passphrase in a third.
                7. Before the list ends (90 days): steps 4 and 5 again, for root.crl.
                   Sixty days before the issuing certificate ends the CA says so in its log: steps 2 to 5.
                """);
        return 0;
    }

    /// Where the root is, and what opens it.
    static final class Place {
        @Option(
                names = "--root",
                paramLabel = "FOLDER",
                defaultValue = "starling-root",
                description = "The root's folder (default ${DEFAULT-VALUE}).")
        Path folder = Path.of("");

        @Option(
                names = "--passphrase-file",
                paramLabel = "FILE",
                description = "With the passphrase; without it you are asked.")
        Optional<Path> file = Optional.empty();

        OfflineRoot open() throws IOException {
            char[] passphrase = passphrase(false);
            try {
                return OfflineRoot.open(folder, passphrase, CLOCK);
            } finally {
                Arrays.fill(passphrase, '\0');
            }
        }

        /// @param isNew is asked for twice
        char[] passphrase(boolean isNew) throws IOException {
            if (file.isPresent()) return SecretFile.read(file.get()).toCharArray();
            Console console = console("--passphrase-file FILE");
            char[] first = console.readPassword("Passphrase of the root: ");
            if (first == null) throw new IOException("No passphrase was given.");
            if (!isNew) return first;
            char[] second = console.readPassword("The same again: ");
            boolean same = second != null && Arrays.equals(first, second);
            if (second != null) Arrays.fill(second, '\0');
            if (!same) throw new IOException("These were two different passphrases; nothing was made.");
            return first;
        }
    }

    private static Console console(String instead) throws IOException {
        return Optional.ofNullable(System.console())
                .filter(Console::isTerminal)
                .orElseThrow(() -> new IOException("There is nobody to ask here: give " + instead + "."));
    }

    /// A fingerprint as people compare it: upper case, in groups of four.
    static String grouped(String hex) {
        return hex.toUpperCase(Locale.ROOT).replaceAll("(.{4})(?=.)", "$1 ");
    }

    private static String plain(String typed) {
        return typed.replaceAll("[ :]", "").toLowerCase(Locale.ROOT);
    }

    @Command(name = "make", mixinStandardHelpOptions = true, description = "Makes the root: its key and certificate.")
    static final class MakeCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Option(names = "--name", required = true, description = "What people see, for example \"Example root\".")
        String name = "";

        @Option(names = "--years", defaultValue = "20", description = "Its life (default ${DEFAULT-VALUE}).")
        int years;

        @Option(names = "--curve", defaultValue = "P-384", description = "P-256 or P-384 (default ${DEFAULT-VALUE}).")
        String curve = "";

        @Override
        public Integer call() throws IOException {
            var on = switch (curve) {
                case "P-256" -> OfflineRoot.Curve.P256;
                case "P-384" -> OfflineRoot.Curve.P384;
                default -> throw new IOException("The curve is P-256 or P-384.");
            };
            System.out.println("Step 1 of 3: the passphrase. Several random words are best; "
                    + OfflineRoot.MIN_PASSPHRASE + " letters at least.");
            char[] passphrase = place.passphrase(true);
            try {
                System.out.println("Step 2 of 3: the key and its certificate are made.");
                var root = OfflineRoot.make(place.folder, new OfflineRoot.Plan(name, on, years), passphrase, CLOCK);
                System.out.println("    " + place.folder.resolve("root.p12")
                        + "   the key: it never leaves this machine" + " but on media that you lock up");
                System.out.println("    " + place.folder.resolve("root.pem") + "   the certificate: for everybody");
                System.out.println("Step 3 of 3: write down the SHA-256 of the certificate. Whoever is to believe this"
                        + " root compares it:");
                System.out.println("    " + grouped(TrustAnchors.fingerprint(root.certificate())));
                System.out.println(
                        "It ends on " + root.certificate().getNotAfter().toInstant()
                                + ". Next: starling ca issuing-request, on the CA.");
            } finally {
                Arrays.fill(passphrase, '\0');
            }
            return 0;
        }
    }

    @Command(name = "sign", mixinStandardHelpOptions = true, description = "Certifies an issuing CA.")
    static final class SignCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Parameters(paramLabel = "REQUEST", description = "What `starling ca issuing-request` wrote.")
        Path request = Path.of("");

        @Option(names = "--for", required = true, paramLabel = "KIND", description = "email or tel.")
        String kind = "";

        @Option(
                names = "--domain",
                paramLabel = "DOMAIN",
                description = "Only addresses of this domain; .DOMAIN for those of all domains below. May be repeated.")
        List<String> domains = List.of();

        @Option(
                names = "--crl",
                required = true,
                paramLabel = "URL",
                description = "Where the root's list will be: http://CA/acme/crl/root.crl, or any place.")
        String crl = "";

        @Option(names = "--years", defaultValue = "2", description = "Its life (default ${DEFAULT-VALUE}).")
        int years;

        @Option(
                names = "--key",
                paramLabel = "SHA256",
                description = "What the key is known by, as the CA printed it; without it you are asked to compare.")
        Optional<String> key = Optional.empty();

        @Option(
                names = "--out",
                required = true,
                paramLabel = "FILE",
                description = "For the chain. Must not be there.")
        Path out = Path.of("");

        @Override
        public Integer call() throws IOException {
            if (Files.exists(out)) throw new IOException(out + " is there already; it was left alone.");
            byte[] read = CaIssuing.read(request);
            var asked = OfflineRoot.asked(read);
            System.out.println("Step 1 of 3: is it the right request? " + asked.name() + " with the key");
            System.out.println("    " + grouped(asked.key()));
            confirm(asked.key());
            System.out.println("Step 2 of 3: the root signs, for " + (kind.equals("tel") ? "phone numbers" : "e-mail")
                    + (domains.isEmpty() ? "" : " of " + String.join(", ", domains)) + " alone.");
            Files.writeString(out, place.open().sign(read, kind, domains, crl, years));
            System.out.println("Step 3 of 3: carry " + out + " to the CA: starling ca issuing-install " + out
                    + ". A copy is in " + place.folder.resolve("issued") + ".");
            return 0;
        }

        private void confirm(String found) throws IOException {
            if (key.isPresent()) {
                if (!plain(key.get()).equals(found)) throw new IOException("This is another key; nothing was signed.");
                return;
            }
            String said = console("--key SHA256").readLine("Is that what the CA printed? Type yes: ");
            if (!"yes".equals(said)) throw new IOException("Nothing was signed.");
        }
    }

    /// For how long the list is good.
    static final class ListLife {
        @Option(
                names = "--days",
                defaultValue = "90",
                description = "Until when the next list must be there (default ${DEFAULT-VALUE}).")
        int days;

        void tell(Place place) {
            System.out.println("The list is in " + place.folder.resolve("root.crl") + ", good for " + days
                    + " days. Carry it to the CA: starling ca root-crl root.crl");
        }
    }

    @Command(name = "revoke", mixinStandardHelpOptions = true, description = "Withdraws an issuing CA.")
    static final class RevokeCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Mixin
        ListLife life = new ListLife();

        @Parameters(paramLabel = "SERIAL", description = "As its file in the folder `issued` is called.")
        String serial = "";

        @Option(
                names = "--reason",
                defaultValue = "0",
                description = "0 none, 1 stolen key, 5 no longer used (default ${DEFAULT-VALUE}).")
        int reason;

        @Override
        public Integer call() throws IOException {
            place.open().revoke(serial.replaceFirst("\\.pem$", ""), reason, Duration.ofDays(life.days));
            System.out.println("Withdrawn.");
            life.tell(place);
            return 0;
        }
    }

    @Command(
            name = "crl",
            mixinStandardHelpOptions = true,
            description = "Makes the list of withdrawn issuing CAs anew, also when it is empty.")
    static final class CrlCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Mixin
        ListLife life = new ListLife();

        @Override
        public Integer call() throws IOException {
            place.open().list(Duration.ofDays(life.days));
            life.tell(place);
            return 0;
        }
    }
}
