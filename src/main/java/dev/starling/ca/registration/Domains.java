package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.DomainLook;
import dev.starling.ca.store.Order;
import dev.starling.ca.validation.DomainVerdict;
import dev.starling.ca.validation.MailDomain;
import dev.starling.identity.Address;
import dev.starling.mail.NoAnswer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Asks the DNS whether a domain gets mail and lets this CA certify its mailboxes: before a mail is sent, and again
/// before a certificate is signed, unless the last look is of the last eight hours, as CAs have it among themselves.
public final class Domains implements Issuer.Permission {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration FRESH = Duration.ofHours(8),
            AGAIN = Duration.ofMinutes(1),
            SKEW = Duration.ofMinutes(10),
            TURN = Duration.ofSeconds(10);
    private static final int SHOWN = 200, AT_ONCE = 2;

    private final CaStore store;
    private final Optional<MailDomain> dns;
    private final boolean believes;
    private final Clock clock;
    private final Map<String, Turns> turns = new ConcurrentHashMap<>();

    /// @param dns empty: every domain is allowed, unasked
    public Domains(CaStore store, Optional<MailDomain> dns, Clock clock) {
        this(store, dns, true, clock);
    }

    /// @param believes whether what the store says of an earlier look is so
    public Domains(CaStore store, Optional<MailDomain> dns, boolean believes, Clock clock) {
        this.store = store;
        this.dns = dns;
        this.believes = believes;
        this.clock = clock;
    }

    /// The name by which CAA records know this CA (RFC 8555, section 7.1.1); empty where nobody is asked.
    public Optional<String> issuer() {
        return dns.map(MailDomain::issuer);
    }

    /// Whether domains are asked for at all.
    boolean asks() {
        return dns.isPresent();
    }

    /// Looks before a mail; empty where nobody is asked.
    Optional<DomainLook> look(Address address) throws Problem {
        if (dns.isEmpty()) return Optional.empty();
        String domain = address.domain();
        DomainLook look = taken(domain, () -> dns.get().look(domain));
        check(dns.get(), look);
        return Optional.of(look);
    }

    @Override
    public void check(Order order) throws Problem, IOException {
        if (dns.isEmpty()) return;
        // One from when the clock was ahead says nothing.
        long latest = clock.instant().plus(SKEW).getEpochSecond(),
                since = clock.instant().minus(FRESH).getEpochSecond();
        Optional<DomainLook> last = store.in(session -> session.domains().newest(order.authorization(), latest));
        // One that refused is not kept to: the owner may have changed it since.
        if (believes
                && last.filter(each -> each.taken() >= since && each.verdict().equals(DomainVerdict.ALLOWED.word()))
                        .isPresent()) return;
        String domain = order.address().domain();
        DomainLook look = taken(domain, () -> inTurn(domain, () -> dns.get().lookAgain(domain)));
        store.change(session -> session.domains().put(order.id(), look));
        check(dns.get(), look);
    }

    private interface Look {
        DomainLook take() throws IOException;
    }

    /// Those who ask for one domain.
    private static final class Turns {
        private final Semaphore free = new Semaphore(AT_ONCE);
        private int users;
    }

    // Whose DNS is slow keeps few places from others.
    private DomainLook inTurn(String domain, Look look) throws IOException {
        Turns own = turns.compute(domain, (_, there) -> {
            Turns used = there == null ? new Turns() : there;
            used.users++;
            return used;
        });
        try {
            if (!own.free.tryAcquire(TURN.toMillis(), TimeUnit.MILLISECONDS))
                throw new IOException("too many ask for it at once");
            try {
                return look.take();
            } finally {
                own.free.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            turns.computeIfPresent(domain, (_, used) -> --used.users == 0 ? null : used);
        }
    }

    private static DomainLook taken(String domain, Look look) throws Problem {
        try {
            return look.take();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the domain {0}: {1}", domain, e.getMessage());
            throw Problem.later("dns", 503, silence(domain, e), AGAIN);
        }
    }

    private static String silence(String domain, IOException why) {
        // A domain whose signatures are wrong is none that is not signed: it may be forged.
        if (why instanceof NoAnswer said && !said.signatures().isEmpty())
            return "What the DNS says of " + domain + " is not believed: " + said.signatures()
                    + " (DNSSEC). Whoever runs the domain can mend that; then try again.";
        return "The DNS does not say now whether certificates may be made for " + domain + ". Try again in a minute.";
    }

    private static void check(MailDomain dns, DomainLook look) throws Problem {
        // What is not known any more is not allowed.
        DomainVerdict verdict = DomainVerdict.of(look.verdict()).orElse(DomainVerdict.DEEP);
        if (verdict == DomainVerdict.ALLOWED) return;
        LOG.log(System.Logger.Level.INFO, "the domain {0}: {1}", look.domain(), look.verdict());
        throw new Problem(verdict.type(), 403, verdict.words(look.domain(), cut(look.caa()), dns.issuer()));
    }

    private static String cut(String caa) {
        return caa.length() > SHOWN ? caa.substring(0, SHOWN) + "…" : caa;
    }
}
