package dev.starling.ca;

import dev.starling.acme.Json;
import dev.starling.ca.front.Front;
import dev.starling.ca.front.Origin;
import dev.starling.ca.issuance.Issuance;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.IssuerElsewhere;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.issuance.Proofs;
import dev.starling.ca.issuance.Token;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.log.PublishedLog;
import dev.starling.ca.log.WitnessAt;
import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.Domains;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.CrlTable;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.ca.validation.MailDomain;
import dev.starling.ca.validation.ProofCheck;
import dev.starling.ca.validation.ProofKey;
import dev.starling.ca.validation.Sending;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// A CA opened on a folder, mounted on a server: all its roles in one process, or the front alone, beside an
/// [IssuingProcess] and a [ValidationProcess].
public final class CertificateAuthority implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration SWEEP = Duration.ofHours(6),
            LISTS = Duration.ofMinutes(10),
            ORPHANS = Duration.ofMinutes(1);
    private static final String BOOK = "/acme/log", PROOF = "/acme/proof/";

    private final CaStore store;
    private final Path rootList;
    private final Issuance issuance;
    private final PublishedLog log;
    private final Domains domains;
    private final Optional<Validation> validation;
    private final Front front;
    private final Front.External external;
    private final List<String> ways;
    private final String sender;
    private final Clock clock;
    private final Settings settings;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-sweep").factory());

    /// What an operator chooses.
    ///
    /// @param mail empty in local mode: then mails go to a page, and certificates carry the test policy
    /// @param database URL of PostgreSQL for JDBC; empty for SQLite in the folder
    /// @param terms URL of the terms of service; "" for none
    /// @param limits other than usual, by name
    /// @param witnesses who cosign the heads of the log
    /// @param lists where certificates say that the lists of withdrawn ones are
    /// @param roles of this process
    /// @param accounts who may have one
    public record Settings(
            Optional<MailSettings> mail,
            Optional<String> database,
            String terms,
            Map<String, Integer> limits,
            List<WitnessAt> witnesses,
            ListPlace lists,
            Roles roles,
            Accounts accounts) {
        /// All roles, with the usual limits, without witnesses; certificates name no list.
        public Settings(Optional<MailSettings> mail, Optional<String> database, String terms) {
            this(mail, database, terms, Map.of(), List.of(), ListPlace.NONE, Roles.ALL);
        }

        public static final Settings LOCAL = new Settings(Optional.empty(), Optional.empty(), "");

        /// Everybody may have an account.
        public Settings(
                Optional<MailSettings> mail,
                Optional<String> database,
                String terms,
                Map<String, Integer> limits,
                List<WitnessAt> witnesses,
                ListPlace lists,
                Roles roles) {
            this(mail, database, terms, limits, witnesses, lists, roles, Accounts.FREE);
        }

        public Settings with(Accounts whose) {
            return new Settings(mail, database, terms, limits, witnesses, lists, roles, whose);
        }

        public Settings with(ListPlace place) {
            return new Settings(mail, database, terms, limits, witnesses, place, roles, accounts);
        }

        boolean isLocal() {
            return mail.isEmpty() && roles.validation();
        }

        /// What the log is called: by custom its base URL without the scheme.
        String origin() {
            return mail.map(each -> each.base().replaceFirst("^[a-z]+://", "")).orElse("local.invalid") + BOOK;
        }
    }

    /// Who may have an account (RFC 8555, section 7.3.4): everybody; also whoever has a key of the operator; only
    /// those.
    public enum Accounts {
        FREE,
        OPTIONAL,
        REQUIRED
    }

    /// What a process does beside the front.
    ///
    /// @param validation it proves mailboxes: sends the codes, and judges them
    /// @param issuance it has the issuing key, and the log's
    public record Roles(boolean validation, boolean issuance) {
        public static final Roles ALL = new Roles(true, true);
    }

    /// @param folder for keys and data
    public CertificateAuthority(Path folder, Settings settings, Clock clock) throws IOException {
        this(folder, settings, Optional.empty(), clock);
    }

    /// @param token with the issuing key; empty: it is in the folder
    public CertificateAuthority(Path folder, Settings settings, Optional<Token> token, Clock clock) throws IOException {
        this.clock = clock;
        rootList = folder.resolve("root.crl");
        this.settings = settings;
        makeOwnerOnly(folder);
        store = settings.database().isPresent()
                ? CaStore.postgresql(settings.database().get())
                : CaStore.inFile(folder.resolve("ca.db"));
        try {
            domains = new Domains(store, domain(settings.mail(), clock), clock);
            var silence = new Silence(store, clock);
            var own = settings.roles().issuance() ? Optional.of(issuing(folder, token)) : Optional.<Issuing>empty();
            issuance = own.isPresent() ? own.get().issuer() : elsewhere(folder);
            log = own.isPresent() ? own.get().log().published() : PublishedLog.of(store);
            validation = settings.roles().validation()
                    ? Optional.of(new Validation(folder, settings.mail(), store, silence, clock))
                    : Optional.empty();
            external = settings.accounts() == Accounts.FREE
                    ? Front.External.NONE
                    : new Front.External(
                            Optional.of(ExternalAccounts.open(folder, store, clock)),
                            settings.accounts() == Accounts.REQUIRED);
            ways = List.of(shown(Shown.WAYS).split(" "));
            sender = shown(Shown.SENDER);
            var authorizations = new Authorizations(
                    store, limits(settings), silence, ways, validation.map(Validation::judge), clock);
            var orders = new Orders(store, authorizations, domains, issuance, sending(), clock);
            front = new Front(
                    store, orders, authorizations, new Revocations(store, issuance::renewLists, clock), silence, clock);
            if (own.isPresent()) look(own.get());
            if (validation.isPresent()) validation.get().start();
            store.bells().start();
        } catch (IOException | RuntimeException e) {
            timer.shutdownNow();
            store.close();
            throw e;
        }
        every(SWEEP, "sweeping", () -> store.sweep(clock.instant().getEpochSecond()));
    }

    /// What a process with the issuing key has.
    private record Issuing(Issuer issuer, CertificateLog log) {}

    private Issuing issuing(Path folder, Optional<Token> token) throws IOException {
        var written = new CertificateLog(store, LogKey.open(folder, store, settings.origin()), settings.witnesses());
        var keys = new Issuer.Config(folder, token, settings.isLocal(), settings.lists());
        var proofs = new Proofs.Stored(limits(settings).certificates());
        return new Issuing(Issuer.open(keys, store, written, proofs, clock).asking(domains), written);
    }

    private void look(Issuing own) {
        resume(own.issuer());
        every(LISTS, "the lists of withdrawn certificates", own.issuer().lists()::refresh);
        every(ORPHANS, "cosignatures of witnesses", own.log()::cosignAgain);
        every(ORPHANS, "completing certificates", own.issuer()::resumeLeft);
    }

    private Issuance elsewhere(Path folder) throws IOException {
        Optional<String> key = settings.roles().validation()
                ? Optional.of(ProofKey.open(folder).check().text())
                : Optional.empty();
        return new IssuerElsewhere(store, key, clock);
    }

    private static Optional<MailDomain> domain(Optional<MailSettings> mail, Clock clock) throws IOException {
        return mail.isPresent()
                ? Optional.of(new MailDomain(mail.get().dns(), mail.get().issuer(), clock))
                : Optional.empty();
    }

    private String shown(Shown what) throws IOException {
        byte[] text = store.in(session -> session.shown().find(what))
                .orElseThrow(() -> new IOException("Nobody has proven mailboxes with this database yet: start"
                        + " `starling ca validation` with it first."));
        return new String(text, StandardCharsets.UTF_8);
    }

    private Sending sending() {
        if (validation.isPresent()) return validation.get().sending();
        return (authorization, _) -> store.change(session -> session.ring(Bell.MAIL, authorization));
    }

    private static Limits limits(Settings settings) throws IOException {
        Limits limits = settings.isLocal() ? Limits.LOCAL : Limits.USUAL;
        try {
            for (var each : settings.limits().entrySet()) limits = limits.with(each.getKey(), each.getValue());
            return limits;
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Before anybody asks for what a process that died was making; what cannot be done now is tried again.
    private static void resume(Issuer issuer) {
        try {
            issuer.resume();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "completing certificates", e);
        }
    }

    static void makeOwnerOnly(Path folder) throws IOException {
        if (!Files.exists(folder))
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private interface Job {
        void run() throws IOException;
    }

    private void every(Duration pause, String what, Job job) {
        var _ = timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        job.run();
                    } catch (IOException | RuntimeException e) {
                        // The next time comes by itself; without this the timer would end for good.
                        LOG.log(System.Logger.Level.ERROR, what, e);
                    }
                },
                0,
                pause.toSeconds(),
                TimeUnit.SECONDS);
    }

    /// `base` is how clients reach the server, without a slash at the end.
    public void mount(Routes routes, String base) throws IOException {
        mount(routes, base, new Origin(false));
    }

    public void mount(Routes routes, String base, Origin origin) throws IOException {
        boolean local = settings.isLocal();
        var requests = new RateLimit(local ? 60_000 : 120, local ? 10_000 : 60, clock);
        var accounts = new RateLimit(local ? 60_000 : 1, local ? 10_000 : 20, clock);
        String replyTo = ways.contains(Authorizations.REPLY) ? sender : "";
        front.mount(
                routes,
                new Front.Outside(base, settings.terms(), replyTo, domains.issuer(), origin, external),
                new Front.Rates(requests, accounts));
        validation.flatMap(Validation::mailbox).ifPresent(m -> m.mount(routes));
        var reads = new RateLimit(local ? 60_000 : 600, local ? 10_000 : 300, clock);
        routes.get("/acme/crl/", limited(reads, origin, this::list));
        log.mount(routes, BOOK, handler -> limited(reads, origin, handler));
        routes.get(PROOF, limited(reads, origin, r -> log.proof(r.path().substring(PROOF.length()))));
        byte[] anchor = anchor(base).text().getBytes(StandardCharsets.UTF_8);
        routes.get("/acme/anchor.pem", _ -> Response.of(200, "application/x-pem-file", anchor));
        routes.get(
                "/acme/root.pem",
                _ -> Response.of(200, "application/x-pem-file", rootPem().getBytes(StandardCharsets.US_ASCII)));
    }

    private static Routes.Handler limited(RateLimit reads, Origin origin, Routes.Handler handler) {
        return request -> reads.allows(origin.of(request))
                ? handler.handle(request)
                : Response.problem(429, "Too many requests from your network. Wait half a minute.")
                        .with("retry-after", "30");
    }

    /// `/acme/crl/KEY.crl`, by the key identifier of an issuing CA (RFC 5280, section 4.2.1.13).
    private Response list(Request request) throws IOException {
        String name = request.path().substring("/acme/crl/".length());
        // That of a root that is kept elsewhere; it comes as a file, also while the CA runs.
        if (name.equals("root.crl") && Files.exists(rootList)) return crl(Files.readAllBytes(rootList));
        if (!name.matches("[0-9a-f]{40}\\.crl")) return Response.problem(404, "There is no such list.");
        String issuer = name.substring(0, 40);
        return store.in(session -> session.crls().newest(issuer))
                .map(CrlTable.Published::der)
                .map(CertificateAuthority::crl)
                .orElseGet(() -> Response.problem(404, "There is no such list."));
    }

    private static Response crl(byte[] der) {
        return Response.of(200, "application/pkix-crl", der).with("cache-control", "max-age=300");
    }

    /// The root with what verifiers must know of the log, so that they demand its proofs.
    ///
    /// @param base how clients reach this server, without a slash at the end
    public Anchor anchor(String base) {
        var policy = new LogPolicy(log.key(), List.of(), 0);
        return Anchor.of(root()).with(new AnchorLog(policy, base + BOOK, true));
    }

    /// How it is doing now.
    public Standing standing() throws IOException {
        boolean good = issuance.listsAreGood();
        long now = clock.instant().getEpochSecond();
        return store.in(session -> Standing.of(session, good, now));
    }

    /// `/health` and the page at `/`, for a server of its own.
    ///
    /// @param base as for [#mount]
    public void mountPages(Routes routes, String base) {
        routes.get("/health", _ -> health());
        new StatusPage(base, TrustAnchors.fingerprint(root()), logKey().text(), sender, this::standing).mount(routes);
    }

    private Response health() {
        Map<String, String> said;
        try {
            said = standing().health();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "the CA's store", e);
            said = Map.of("store", "the store does not answer");
        }
        boolean well = said.values().stream().allMatch("ok"::equals);
        return Response.json(well ? 200 : 503, Json.write(said)).with("cache-control", "no-store");
    }

    /// What verifiers must know to check the proofs of its log.
    public NoteKey logKey() {
        return log.key();
    }

    /// The DNS record by which everybody can check the signatures of its mails, as a line for a zone file.
    public Optional<String> dnsRecord() {
        return validation.flatMap(Validation::dnsRecord);
    }

    /// By which an issuer knows the proofs of this process; empty: another one proves mailboxes.
    public Optional<ProofCheck> proofCheck() {
        return validation.map(Validation::check);
    }

    public X509Certificate root() {
        return issuance.root();
    }

    public String rootPem() {
        return Issuer.pem(root());
    }

    @Override
    public void close() throws IOException {
        timer.shutdownNow();
        if (validation.isPresent()) validation.get().close();
        store.close();
    }
}
