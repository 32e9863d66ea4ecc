package dev.starling.ca;

import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.RevocationLists;
import dev.starling.ca.issuance.SignedProofs;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.log.WitnessAt;
import dev.starling.ca.registration.Domains;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.MailDomain;
import dev.starling.ca.validation.ProofCheck;
import dev.starling.identity.log.NoteKey;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// The role that issues, in a process of its own: it has the issuing key and the log's, listens nowhere, sends no
/// mails, and makes certificates and lists for fronts that have no key, out of the database that they share. What it
/// believes of that is in [SignedProofs]. Several may run.
public final class IssuingProcess implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    /// Bells can be lost with a connection, and only then is there anything to find.
    private static final Duration LOOK = Duration.ofSeconds(20);
    private static final Duration LISTS = Duration.ofMinutes(10), COSIGNATURES = Duration.ofMinutes(1);
    /// Fewer than there are connections to the database.
    private static final int AT_ONCE = 6;
    /// After which an order that could not be led to its end is tried again, and how many by one look.
    private static final Duration AGAIN = Duration.ofMinutes(1);

    private static final int A_LOOK = 200;

    private final CaStore store;
    private final CertificateLog log;
    private final Issuer issuer;
    private final RevocationLists lists;
    private final Semaphore places = new Semaphore(AT_ONCE);
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
    private final Map<String, Instant> tried = new ConcurrentHashMap<>();
    private final AtomicBoolean isRenewing = new AtomicBoolean();
    private final Clock clock;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-issuing").factory());

    /// @param keyed where the issuing key is; the log's is in the same folder
    /// @param database URL of PostgreSQL for JDBC
    /// @param origin what the log is called if there is none yet; "" for no new one
    /// @param judge whose proofs of mailboxes count
    /// @param perWeek certificates for an address
    /// @param domain asks the DNS, before each signature, whether the domain allows it; empty: nobody is asked
    public record Settings(
            Issuer.Config keyed,
            String database,
            String origin,
            ProofCheck judge,
            int perWeek,
            List<WitnessAt> witnesses,
            Optional<MailDomain> domain) {}

    public IssuingProcess(Settings settings, Clock clock) throws IOException {
        Path folder = settings.keyed().folder();
        CertificateAuthority.makeOwnerOnly(folder);
        this.clock = clock;
        store = CaStore.postgresql(settings.database());
        try {
            var key = LogKey.open(folder, store, settings.origin());
            log = new CertificateLog(store, key, settings.witnesses(), Optional.of(folder.resolve("log.head")));
            var proofs = new SignedProofs(settings.judge(), settings.perWeek());
            issuer = Issuer.open(settings.keyed(), store, log, proofs, clock)
                    .asking(new Domains(store, settings.domain(), false, clock));
            lists = issuer.lists();
            lists.refresh();
        } catch (IOException | RuntimeException e) {
            timer.shutdownNow();
            store.close();
            throw e;
        }
        store.bells().on(Bell.ORDER, this::rung);
        store.bells().on(Bell.WITHDRAWN, _ -> withdrawn());
        every(LOOK, "looking for orders", this::look);
        every(LISTS, "the lists of withdrawn certificates", this::renew);
        every(COSIGNATURES, "cosignatures of witnesses", log::cosignAgain);
    }

    private interface Job {
        void run() throws IOException;
    }

    private void every(Duration pause, String what, Job job) {
        var _ = timer.scheduleWithFixedDelay(() -> doing(what, job), 0, pause.toSeconds(), TimeUnit.SECONDS);
    }

    private static void doing(String what, Job job) {
        try {
            job.run();
        } catch (IOException | RuntimeException e) {
            // The next time comes by itself; without this the timer would end for good.
            LOG.log(System.Logger.Level.ERROR, what, e);
        }
    }

    private void renew() throws IOException {
        // Also another issuing key, when it is time for one.
        issuer.show();
        lists.refresh();
    }

    private void rung(String order) {
        if (order.isEmpty()) timer.execute(() -> doing("looking for orders", this::look));
        else order(order);
    }

    private void look() throws IOException {
        // What was signed comes into the log, whatever the database says.
        for (String each : issuer.unlogged()) start("signed " + each, () -> entered(each));
        List<String> waiting = issuer.waiting();
        tried.keySet().retainAll(Set.copyOf(waiting));
        // Those that cannot be led to their end now stand in the way of no other.
        Instant lately = clock.instant().minus(AGAIN);
        waiting.stream()
                .filter(each -> tried.getOrDefault(each, Instant.MIN).isBefore(lately))
                .sorted(Comparator.comparing(each -> tried.getOrDefault(each, Instant.MIN)))
                .limit(A_LOOK)
                .forEach(this::order);
        lists.refresh();
    }

    private void order(String id) {
        start("order " + id, () -> {
            try {
                issuer.work(id, places);
            } finally {
                // Unless it is at its end, which the next look finds.
                tried.put(id, clock.instant());
            }
        });
    }

    private void entered(String serial) throws IOException {
        try {
            places.acquire();
            try {
                issuer.enterLeft(serial);
            } finally {
                places.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void start(String what, Job job) {
        if (!busy.add(what)) return;
        Thread.ofVirtual().name("ca-order").start(() -> {
            try {
                doing(what, job);
            } finally {
                busy.remove(what);
            }
        });
    }

    // Whatever the clocks say of the list that is there. Several rings are one.
    private void withdrawn() {
        if (!isRenewing.compareAndSet(false, true)) return;
        timer.execute(() -> {
            isRenewing.set(false);
            doing("lists", lists::renew);
        });
    }

    public X509Certificate root() {
        return issuer.root();
    }

    public NoteKey logKey() {
        return log.key();
    }

    @Override
    public void close() throws IOException {
        timer.shutdownNow();
        store.close();
    }
}
