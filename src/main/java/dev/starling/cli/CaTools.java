package dev.starling.cli;

import dev.starling.acme.Problem;
import dev.starling.ca.Backup;
import dev.starling.ca.issuance.RevocationLists;
import dev.starling.ca.log.Audit;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Session;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What the operator of a CA does beside it, while it runs: sees what was issued to whom and why, withdraws a
/// certificate, makes a backup.
final class CaTools {
    private static final int MOST = 100;
    private static final long REPORTED = 256 * 400;
    private static final Clock CLOCK = Clock.systemUTC();

    private CaTools() {}

    /// Where the CA is.
    static final class Place {
        @Option(names = "--data", description = "The CA's folder (default: the user's data folder).")
        Optional<Path> data = Optional.empty();

        @Option(
                names = "--database",
                defaultValue = "",
                paramLabel = "URL",
                description = "The CA's PostgreSQL, or the environment variable STARLING_CA_DATABASE.")
        String database = "";

        Path folder() {
            var options = new PeerOptions();
            options.data = data;
            return options.folder("ca");
        }

        CaStore open() throws IOException {
            String url =
                    Optional.ofNullable(System.getenv("STARLING_CA_DATABASE")).orElse(database);
            return url.isEmpty() ? CaStore.beside(folder().resolve("ca.db")) : CaStore.postgresql(url);
        }
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Shows which certificates an address has, and how they came about.")
    static final class ListCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Parameters(paramLabel = "ADDRESS", description = "For example bob@example.net.")
        String address = "";

        @Override
        public Integer call() throws IOException {
            String of = normal(address);
            try (CaStore store = place.open()) {
                List<Certificate> all =
                        store.in(session -> session.certificates().of(of, MOST));
                System.out.println(all.isEmpty() ? "No certificate was issued for " + of + "." : of);
                for (Certificate each : all) {
                    System.out.println("  " + shown(each));
                    store.in(session -> domain(session, each)).ifPresent(look -> System.out.println("    " + look));
                }
                for (AuditTable.Entry each : store.in(session -> session.audit().of(of, MOST)))
                    System.out.println(
                            "  " + Instant.ofEpochSecond(each.at()) + "  " + each.event() + "  " + each.detail());
            }
            return 0;
        }
    }

    // The look before the certificate, or that before the mail if it was fresh enough.
    private static Optional<String> domain(Session session, Certificate of) {
        return session.domains()
                .of(of.order())
                .or(() -> session.orders()
                        .byId(of.order())
                        .flatMap(order -> session.domains().of(order.authorization())))
                .map(look -> "DNS at " + Instant.ofEpochSecond(look.taken()) + "  mail " + look.mail() + "  CAA "
                        + (look.caa().isEmpty() ? "none" : look.caa()) + "  DNSSEC " + look.dnssec());
    }

    private static String normal(String address) throws IOException {
        try {
            return Address.parse(address).text();
        } catch (IdentityException e) {
            throw new IOException("Not an address: " + e.reason() + ".", e);
        }
    }

    private static String shown(Certificate each) {
        return each.serial() + "  " + state(each) + "  from " + Instant.ofEpochSecond(each.notBefore()) + " to "
                + Instant.ofEpochSecond(each.notAfter()) + "  device " + each.device() + "  account " + each.account();
    }

    private static String state(Certificate each) {
        if (!each.isSigned()) return "not signed";
        if (each.isRevoked()) return "withdrawn " + Instant.ofEpochSecond(each.revoked()) + ", reason " + each.reason();
        return each.notAfter() < CLOCK.instant().getEpochSecond() ? "expired" : "good";
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Withdraws a certificate; the list of withdrawn ones is made anew at once.")
    static final class RevokeCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Mixin
        CaTokenOptions token = new CaTokenOptions();

        @Parameters(paramLabel = "SERIAL", description = "As `starling ca list` shows it.")
        String serial = "";

        @Option(
                names = "--reason",
                defaultValue = "0",
                description = "CRLReason: 0 none, 1 stolen key, 3 affiliation changed, 4 superseded, 5 no longer used"
                        + " (default ${DEFAULT-VALUE}).")
        int reason;

        @Override
        public Integer call() throws IOException {
            try (CaStore store = place.open()) {
                var lists = RevocationLists.of(place.folder(), token.open(), store, CLOCK);
                new Revocations(store, lists::renew, CLOCK).byOperator(serial, reason);
            } catch (Problem e) {
                throw new IOException(e.detail(), e);
            }
            System.out.println("Withdrawn.");
            return 0;
        }
    }

    @Command(
            name = "audit",
            mixinStandardHelpOptions = true,
            description = {
                "Reads the whole log of any CA and says what is wrong with it: each entry, each tile, the signed head.",
                "With --seen also whether it still holds what heads seen before said."
            })
    static final class AuditCommand implements Callable<Integer> {
        @Parameters(paramLabel = "URL", description = "Of the log, for example https://ca.example/acme/log.")
        String url = "";

        @Option(
                names = "--key",
                required = true,
                paramLabel = "KEY",
                description =
                        "The log's key, as `starling ca` prints it when it starts. From somebody else than the CA is best.")
        String key = "";

        @Option(
                names = "--seen",
                paramLabel = "FILE",
                description = "A head (checkpoint) that somebody got at any time.")
        List<Path> seen = List.of();

        @Override
        public Integer call() throws IOException {
            var heads = new ArrayList<byte[]>();
            for (Path each : seen) heads.add(Files.readAllBytes(each));
            try (var log = new HttpLog(url.replaceFirst("/$", ""))) {
                var policy = new LogPolicy(NoteKey.parse(key, NoteKey.Kind.LOG), List.of(), 0);
                Audit.Report report = Audit.run(log, policy, heads, CaTools::progress);
                System.out.println(report.entries() + " entries read, the head is of "
                        + report.head().map(head -> String.valueOf(head.size())).orElse("nothing") + ".");
                for (Audit.Finding each : report.findings())
                    System.out.println(each.reason() + " at " + each.at() + "  " + each.detail());
                System.out.println(report.isGood() ? "Nothing is wrong with it." : "Something is wrong with it.");
                return report.isGood() ? 0 : 1;
            } catch (IdentityException e) {
                throw new IOException("--key is not the key of a log.", e);
            }
        }
    }

    private static void progress(long entries) {
        if (entries % REPORTED == 0) System.err.println(entries + " entries …");
    }

    @Command(
            name = "backup",
            mixinStandardHelpOptions = true,
            description = {
                "Writes keys and data to one file, also while the CA runs. Whoever has the file is the CA: keep it safe.",
                "With PostgreSQL it holds the keys alone; pg_dump backs up the rest."
            })
    static final class BackupCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Parameters(paramLabel = "FILE", description = "Must not be there.")
        Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            Backup.write(place.folder(), file);
            System.out.println("Written to " + file + ".");
            return 0;
        }
    }

    @Command(
            name = "restore",
            mixinStandardHelpOptions = true,
            description = "Makes a CA's folder from a backup; --data must be empty.")
    static final class RestoreCommand implements Callable<Integer> {
        @Mixin
        Place place = new Place();

        @Parameters(paramLabel = "FILE", description = "What `starling ca backup` wrote.")
        Path file = Path.of("");

        @Override
        public Integer call() throws IOException {
            Backup.restore(file, place.folder());
            System.out.println("Restored to " + place.folder() + ".");
            return 0;
        }
    }
}
