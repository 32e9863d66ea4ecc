package dev.starling.cli;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.front.Origin;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.log.WitnessAt;
import dev.starling.identity.TrustAnchors;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `starling ca`: the certificate authority alone.
@Command(
        name = "ca",
        mixinStandardHelpOptions = true,
        subcommands = {
            CaTools.ListCommand.class,
            CaLimitsCommand.class,
            CaEabCommand.class,
            CaTools.RevokeCommand.class,
            CaTools.AuditCommand.class,
            CaTools.BackupCommand.class,
            CaTools.RestoreCommand.class,
            CaRoot.class,
            CaIssuing.RequestCommand.class,
            CaIssuing.InstallCommand.class,
            CaIssuing.ReplaceCommand.class,
            CaIssuing.ListCommand.class,
            CaProcesses.IssuerCommand.class,
            CaProcesses.ValidationCommand.class
        },
        synopsisSubcommandLabel =
                "[list | limits | eab | revoke | audit | backup | restore | root | issuing-… | root-crl | issuer |"
                        + " validation]",
        description = "Runs a certificate authority that proves mailboxes by a code; or looks after one.")
final class CaCommand implements Callable<Integer> {
    @Option(names = "--data", description = "Folder for keys and data (default: the user's data folder).")
    Optional<Path> data = Optional.empty();

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default ${DEFAULT-VALUE}).")
    String host = "127.0.0.1";

    @Option(names = "--port", defaultValue = "8900", description = "HTTP port (default ${DEFAULT-VALUE}).")
    int port;

    @Option(
            names = "--base",
            defaultValue = "",
            description = "URL under which clients reach it (default: http://HOST:PORT).")
    String base = "";

    @Option(
            names = "--crl-base",
            defaultValue = "",
            paramLabel = "URL",
            description =
                    "Where everybody reaches /acme/crl/ by plain HTTP, without a redirect: certificates name the lists of"
                            + " withdrawn ones there (default: as --base, but http:// at port 80 in place of https://)."
                            + " none: they name no list.")
    String crlBase = "";

    @Option(
            names = "--local",
            description = "Local mode: mails go to a page on this computer, certificates carry the test policy.")
    boolean local;

    @Mixin
    CaMailOptions mail = new CaMailOptions();

    @Mixin
    CaTokenOptions token = new CaTokenOptions();

    @Option(
            names = "--behind-proxy",
            description = "A reverse proxy on this machine passes the requests on: the last address in"
                    + " X-Forwarded-For is the client's, for the limits. Needs --base, and a proxy that adds that"
                    + " header itself.")
    boolean behindProxy;

    @Option(
            names = "--database",
            defaultValue = "",
            paramLabel = "URL",
            description =
                    "PostgreSQL for the CA's data: jdbc:postgresql://HOST/NAME?user=…, so that several processes can"
                            + " work together (they need the same keys in --data). The password can stand in the environment"
                            + " variable STARLING_CA_DATABASE, which takes a whole URL in place of this. Default: SQLite in --data.")
    String database = "";

    @Option(
            names = "--no-issuing-key",
            description =
                    "The issuing key and the log's are in another process: `starling ca issuer`. Needs --database.")
    boolean keyless;

    @Option(
            names = "--no-validation",
            description = "Mailboxes are proven in another process, too: `starling ca validation`. Then this one has no"
                    + " key and sends no mails. Needs --no-issuing-key.")
    boolean unproving;

    @Option(
            names = "--terms",
            defaultValue = "",
            paramLabel = "URL",
            description = "Terms of service, to which whoever makes an account must agree.")
    String terms = "";

    @Option(
            names = "--eab",
            paramLabel = "required|optional",
            description = "Accounts are for those who got a key by `starling ca eab NAME` (external account binding);"
                    + " optional: for everybody, and such keys count. With required, requests without an account"
                    + " (/acme/plain) are not taken.")
    Optional<String> eab = Optional.empty();

    @Option(
            names = "--limit",
            paramLabel = "NAME=N",
            description =
                    "A limit other than usual, as `starling ca limits` names them: address, domain, account, network,"
                            + " all, certificates, orders.")
    Map<String, Integer> limits = Map.of();

    @Option(
            names = "--witness",
            paramLabel = "URL+KEY",
            description =
                    "A server that cosigns the heads of the log, and its key (both stand in its peer.json); may be"
                            + " repeated, 15 at most.")
    List<String> witnesses = new ArrayList<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (unproving && (!keyless || local || mail.isComplete()))
            throw new IOException("--no-validation needs --no-issuing-key, and neither --local nor mails.");
        if (!local && !unproving && !mail.isComplete())
            throw new IOException("A CA needs --smtp HOST:PORT and --from ADDRESS, or --local for a test mailbox.");
        if (behindProxy && base.isEmpty()) throw new IOException("--behind-proxy needs --base URL.");
        if (local && !java.net.InetAddress.getByName(host).isLoopbackAddress())
            throw new IOException("Local mode listens on the loopback only.");
        var options = new PeerOptions();
        options.data = data;
        Clock clock = Clock.systemUTC();
        String url = base.isEmpty() ? "http://" + host + ":" + port : base.replaceFirst("/$", "");
        try (var ca = new CertificateAuthority(options.folder("ca"), settings(url), token.open(), clock)) {
            var routes = new Routes();
            ca.mount(routes, url, new Origin(behindProxy));
            ca.mountPages(routes, url);
            CaMetrics.mount(ca, routes);
            try (var _ = WebServer.start(new WebServer.Config(host, port, Optional.empty(), 1024), routes, clock)) {
                var end = new CountDownLatch(1);
                Runtime.getRuntime().addShutdownHook(new Thread(end::countDown));
                System.out.println(
                        "root certificate " + url + "/acme/root.pem, SHA-256 " + TrustAnchors.fingerprint(ca.root()));
                System.out.println(
                        "log " + url + "/acme/log, key " + ca.logKey().text());
                System.out.println("withdrawn certificates " + lists(url));
                System.out.println("for those who believe it: " + url + "/acme/anchor.pem");
                if (keyless)
                    ca.proofCheck().ifPresent(key -> System.out.println("for the issuer: --proof-key " + key.text()));
                ca.dnsRecord().ifPresent(line -> System.out.println("for the DNS: " + line));
                System.out.println("ready " + url + "/acme/directory");
                end.await();
            }
        }
        return 0;
    }

    private CertificateAuthority.Settings settings(String url) throws IOException {
        String stored =
                Optional.ofNullable(System.getenv("STARLING_CA_DATABASE")).orElse(database);
        if (keyless && stored.isEmpty()) throw new IOException("--no-issuing-key needs --database.");
        return new CertificateAuthority.Settings(
                        local || unproving ? Optional.empty() : Optional.of(mail.settings(url)),
                        stored.isEmpty() ? Optional.empty() : Optional.of(stored),
                        terms,
                        limits,
                        WitnessAt.all(witnesses),
                        lists(url),
                        new CertificateAuthority.Roles(!unproving, !keyless))
                .with(accounts());
    }

    private CertificateAuthority.Accounts accounts() throws IOException {
        return switch (eab.orElse("")) {
            case "" -> CertificateAuthority.Accounts.FREE;
            case "optional" -> CertificateAuthority.Accounts.OPTIONAL;
            case "required" -> CertificateAuthority.Accounts.REQUIRED;
            default -> throw new IOException("--eab is required or optional.");
        };
    }

    private ListPlace lists(String url) throws IOException {
        return crlBase.isEmpty() ? ListPlace.beside(url) : ListPlace.said(crlBase);
    }
}
