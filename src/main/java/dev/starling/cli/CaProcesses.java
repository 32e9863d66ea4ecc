package dev.starling.cli;

import dev.starling.ca.IssuingProcess;
import dev.starling.ca.ValidationProcess;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.log.WitnessAt;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.validation.MailDomain;
import dev.starling.ca.validation.ProofCheck;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The roles of a CA that have keys, each in a process of its own, without an HTTP server.
final class CaProcesses {
    private CaProcesses() {}

    static Path folder(Optional<Path> data) {
        var options = new PeerOptions();
        options.data = data;
        return options.folder("ca");
    }

    /// Where processes of one CA meet.
    static final class Shared {
        @Option(names = "--data", description = "Folder for this process's keys (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Option(
                names = "--database",
                defaultValue = "",
                paramLabel = "URL",
                description = "The PostgreSQL that the processes of this CA share, or the environment variable"
                        + " STARLING_CA_DATABASE.")
        String database = "";

        String database() throws IOException {
            String url =
                    Optional.ofNullable(System.getenv("STARLING_CA_DATABASE")).orElse(database);
            if (url.isEmpty()) throw new IOException("Processes of one CA share a PostgreSQL: --database URL.");
            return url;
        }
    }

    private static void untilTheEnd() throws InterruptedException {
        var end = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(end::countDown));
        System.out.println("ready");
        end.await();
    }

    @Command(
            name = "issuer",
            mixinStandardHelpOptions = true,
            description = {
                "Runs the part of a CA that has the issuing key and the log's: it listens nowhere and sends no mails, takes"
                        + " orders from the database, checks each proof again, logs, signs, and makes the lists.",
                "Beside it run `starling ca --no-issuing-key`, and with --no-validation also `starling ca validation`."
            })
    static final class IssuerCommand implements Callable<Integer> {
        @Mixin
        Shared shared = new Shared();

        @Mixin
        CaTokenOptions token = new CaTokenOptions();

        @Option(
                names = "--proof-key",
                required = true,
                paramLabel = "KEY",
                description = "Whose proofs of mailboxes count: the key that `starling ca validation`, or the front"
                        + " that proves them itself, prints when it starts.")
        String proofKey = "";

        @Option(
                names = "--base",
                defaultValue = "",
                description = "URL under which clients reach the CA. A new log is called after it.")
        String base = "";

        @Option(
                names = "--crl-base",
                defaultValue = "",
                paramLabel = "URL",
                description = "As for `starling ca`: where certificates say that the lists are.")
        String crlBase = "";

        @Mixin
        CaDnsOptions dns = new CaDnsOptions();

        private ListPlace lists() throws IOException {
            if (!crlBase.isEmpty()) return ListPlace.said(crlBase);
            return base.isEmpty() ? ListPlace.NONE : ListPlace.beside(base.replaceFirst("/$", ""));
        }

        private Optional<MailDomain> domain() throws IOException {
            Optional<String> name = dns.issuer();
            return name.isPresent()
                    ? Optional.of(new MailDomain(dns.server(), name.get(), Clock.systemUTC()))
                    : Optional.empty();
        }

        @Option(names = "--local", description = "Local mode: certificates carry the test policy.")
        boolean local;

        @Option(
                names = "--certificates",
                defaultValue = "30",
                description = "At most so many for an address in a week (default ${DEFAULT-VALUE}).")
        int certificates = Limits.USUAL.certificates();

        @Option(names = "--witness", paramLabel = "URL+KEY", description = "As for `starling ca`.")
        List<String> witnesses = new ArrayList<>();

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (certificates < 1) throw new IOException("--certificates must be at least 1.");
            var settings = new IssuingProcess.Settings(
                    new Issuer.Config(folder(shared.data), token.open(), local, lists()),
                    shared.database(),
                    base.isEmpty() ? "" : base.replaceFirst("/$", "").replaceFirst("^[a-z]+://", "") + "/acme/log",
                    ProofCheck.parse(proofKey),
                    certificates,
                    WitnessAt.all(witnesses),
                    domain());
            try (var process = new IssuingProcess(settings, Clock.systemUTC())) {
                System.out.println("root certificate, SHA-256 " + TrustAnchors.fingerprint(process.root()));
                System.out.println("log key " + process.logKey().text());
                untilTheEnd();
            }
            return 0;
        }
    }

    @Command(
            name = "validation",
            mixinStandardHelpOptions = true,
            description = {
                "Runs the part of a CA that proves mailboxes: it sends the mails, takes replies, judges codes, and signs"
                        + " what it found, which is what `starling ca issuer` believes.",
                "Beside it runs `starling ca --no-issuing-key --no-validation`, which clients reach."
            })
    static final class ValidationCommand implements Callable<Integer> {
        @Mixin
        Shared shared = new Shared();

        @Mixin
        CaMailOptions mail = new CaMailOptions();

        @Option(names = "--base", required = true, description = "URL under which clients reach the CA.")
        String base = "";

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (!mail.isComplete()) throw new IOException("Mails need --smtp HOST:PORT and --from ADDRESS.");
            var settings = mail.settings(base.replaceFirst("/$", ""));
            try (var process =
                    new ValidationProcess(folder(shared.data), settings, shared.database(), Clock.systemUTC())) {
                System.out.println(
                        "for the issuer: --proof-key " + process.check().text());
                process.dnsRecord().ifPresent(line -> System.out.println("for the DNS: " + line));
                untilTheEnd();
            }
            return 0;
        }
    }
}
