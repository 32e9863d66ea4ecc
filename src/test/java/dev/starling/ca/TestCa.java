package dev.starling.ca;

import dev.starling.ca.front.Front;
import dev.starling.ca.front.Origin;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.issuance.Proofs;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.Domains;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Judge;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.registration.ReplyDesk;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.MailDomain;
import dev.starling.ca.validation.Outbox;
import dev.starling.ca.validation.ProofKey;
import dev.starling.mail.NameServer;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// The whole CA over HTTP on the loopback, with a clock and a mail server in the test's hand.
public final class TestCa implements AutoCloseable {
    // Held, because the logging system forgets loggers and their levels.
    private static final java.util.logging.Logger QUIET = java.util.logging.Logger.getLogger("io.helidon");

    static {
        QUIET.setLevel(java.util.logging.Level.WARNING);
    }

    public final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    public final Letters letters = new Letters();
    public final Routes routes = new Routes();
    public final AtomicInteger revoked = new AtomicInteger();
    public final CaStore store;
    public final Silence silence;
    public final Orders orders;
    public final ReplyDesk desk;
    public final CertificateLog log;
    public final Issuer issuer;
    public final ProofKey key;
    public final Outbox outbox;
    public final Domains domains;
    public final String base;
    private final WebServer server;

    public TestCa(Path folder) throws IOException {
        this(folder, Limits.LOCAL, 1_000_000);
    }

    /// @param burst of requests, and of new accounts, a network
    public TestCa(Path folder, Limits limits, int burst) throws IOException {
        this(folder, limits, burst, new Origin(false));
    }

    public TestCa(Path folder, Limits limits, int burst, Origin origin) throws IOException {
        this(CaStore.inFile(folder.resolve("ca.db")), folder, limits, burst, origin);
    }

    /// @param folder for the keys
    public TestCa(CaStore store, Path folder, Limits limits, int burst, Origin origin) throws IOException {
        this(store, folder, limits, burst, origin, List.of(Authorizations.CODE));
    }

    /// One that takes replies by mail, too.
    public static TestCa withReplies(Path folder) throws IOException {
        return new TestCa(
                CaStore.inFile(folder.resolve("ca.db")),
                folder,
                Limits.LOCAL,
                1_000_000,
                new Origin(false),
                List.of(Authorizations.CODE, Authorizations.REPLY));
    }

    /// One that asks a DNS server.
    ///
    /// @param issuer the name by which CAA records know it
    public static TestCa asking(String server, String issuer, CaStore store, Path folder) throws IOException {
        return asking(server, issuer, store, folder, Limits.LOCAL);
    }

    public static TestCa asking(String server, String issuer, CaStore store, Path folder, Limits limits)
            throws IOException {
        var origin = new Origin(false);
        var ways = List.of(Authorizations.CODE);
        return new TestCa(
                store, folder, limits, 1_000_000, origin, ways, Optional.of(server), issuer, Front.External.NONE, "");
    }

    /// One whose users agree to something first.
    ///
    /// @param terms URL of what they agree to
    public static TestCa withTerms(Path folder, String terms) throws IOException {
        var store = CaStore.inFile(folder.resolve("ca.db"));
        var ways = List.of(Authorizations.CODE);
        var origin = new Origin(false);
        return new TestCa(
                store, folder, Limits.LOCAL, 1_000_000, origin, ways, Optional.empty(), "", Front.External.NONE, terms);
    }

    /// One whose operator says who may have an account.
    ///
    /// @param required nobody else may
    public static TestCa binding(Path folder, boolean required, Limits limits) throws IOException {
        return binding(CaStore.inFile(folder.resolve("ca.db")), folder, required, limits);
    }

    /// @param folder for the keys
    public static TestCa binding(CaStore store, Path folder, boolean required, Limits limits) throws IOException {
        var ways = List.of(Authorizations.CODE);
        var external = new Front.External(
                Optional.of(ExternalAccounts.open(folder, store, java.time.Clock.systemUTC())), required);
        return new TestCa(
                store, folder, limits, 1_000_000, new Origin(false), ways, Optional.empty(), "", external, "");
    }

    private TestCa(CaStore store, Path folder, Limits limits, int burst, Origin origin, List<String> ways)
            throws IOException {
        this(store, folder, limits, burst, origin, ways, Optional.empty(), "", Front.External.NONE, "");
    }

    private TestCa(
            CaStore store,
            Path folder,
            Limits limits,
            int burst,
            Origin origin,
            List<String> ways,
            Optional<String> dns,
            String issuer,
            Front.External external,
            String terms)
            throws IOException {
        this.store = store;
        domains = new Domains(
                store,
                dns.isPresent()
                        ? Optional.of(new MailDomain(new NameServer(dns, false), issuer, clock))
                        : Optional.empty(),
                clock);
        log = Ready.log(folder, store);
        key = ProofKey.open(folder);
        var judge = new Judge(store, key, clock);
        var keyed = new Issuer.Config(folder, Optional.empty(), false, ListPlace.NONE);
        this.issuer = Issuer.open(keyed, store, log, new Proofs.Stored(limits.certificates()), clock)
                .asking(domains);
        outbox = new Outbox(store, letters, Outbox.plain(key), clock);
        server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, clock);
        base = "http://127.0.0.1:" + server.port();
        silence = new Silence(store, clock);
        var authorizations = new Authorizations(store, limits, silence, ways, Optional.of(judge), clock);
        orders = new Orders(store, authorizations, domains, this.issuer, outbox, clock);
        desk = new ReplyDesk(store, judge, silence, clock);
        var revocations = new Revocations(store, revoked::incrementAndGet, clock);
        new Front(store, orders, authorizations, revocations, silence, clock)
                .mount(
                        routes,
                        new Front.Outside(base, terms, "acme@ca.example", domains.issuer(), origin, external),
                        new Front.Rates(new RateLimit(1, burst, clock), new RateLimit(1, burst, clock)));
        log.published().mount(routes, "/acme/log", handler -> handler);
    }

    /// The order behind a URL, as it is stored.
    public Order order(String url) throws IOException {
        return stored(session ->
                session.orders().byId(url.substring(url.lastIndexOf('/') + 1)).orElseThrow());
    }

    public <T> T stored(Function<Session, T> work) throws IOException {
        return store.in(work);
    }

    public URI directory() {
        return URI.create(base + "/acme/directory");
    }

    public AcmeCaller caller() throws IOException {
        return new AcmeCaller(base);
    }

    @Override
    public void close() throws IOException {
        server.close();
        outbox.close();
        store.close();
    }
}
