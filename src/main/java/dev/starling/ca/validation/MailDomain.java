package dev.starling.ca.validation;

import dev.starling.ca.store.DomainLook;
import dev.starling.mail.NameServer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// What the DNS says of a mailbox's domain: whether it can get mail at all (RFC 5321, section 5.1; RFC 7505), and
/// whether its owner lets this CA certify its mailboxes (RFC 8659, RFC 9495). Names, addresses and URLs in the answers
/// are read and written down; nothing is ever sent to them.
public final class MailDomain {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final int MAX_LABELS = 10, AT_ONCE = 256, MAX_TEXT = 2_000;
    private static final Duration PLACE = Duration.ofSeconds(2),
            QUESTION = Duration.ofSeconds(4),
            WHOLE = Duration.ofSeconds(10);

    private final DnsLookups dns;
    private final String issuer;
    private final Clock clock;
    private final Semaphore places = new Semaphore(AT_ONCE), late = new Semaphore(AT_ONCE);

    /// @param issuer the name by which CAA records know this CA
    public MailDomain(NameServer server, String issuer, Clock clock) throws IOException {
        this(new DnsLookups(server, QUESTION, WHOLE, clock), issuer, clock);
    }

    MailDomain(DnsLookups dns, String issuer, Clock clock) {
        this.dns = dns;
        this.issuer = issuer;
        this.clock = clock;
    }

    /// The name by which CAA records know this CA.
    public String issuer() {
        return issuer;
    }

    /// Asks for a domain in A-labels, in lower case. With too many domains asked for at once, or when the DNS does not
    /// answer rightly, an [IOException]: then nothing is known.
    public DomainLook look(String domain) throws IOException {
        return look(domain, places);
    }

    /// The same before a certificate is made, for a mailbox that is proven: whoever fills the places for strangers does
    /// not
    /// stand in its way.
    public DomainLook lookAgain(String domain) throws IOException {
        return look(domain, late);
    }

    private DomainLook look(String domain, Semaphore places) throws IOException {
        try {
            if (!places.tryAcquire(PLACE.toMillis(), TimeUnit.MILLISECONDS))
                throw new IOException("too many domains are asked for at once");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        try {
            return new Look(domain).taken();
        } finally {
            places.release();
        }
    }

    /// The answers for one domain.
    private final class Look {
        private final String domain;
        private final DnsLookups.Subject subject = dns.subject();
        private boolean authentic = true;
        private String mail = "", caa = "";

        Look(String domain) {
            this.domain = domain;
        }

        DomainLook taken() throws IOException {
            DomainVerdict verdict = verdict();
            return new DomainLook(
                    domain, verdict.word(), mail, caa, dnssec(), clock.instant().getEpochSecond());
        }

        private DomainVerdict verdict() throws IOException {
            Name name;
            try {
                name = Name.concatenate(Name.fromString(domain), Name.root);
            } catch (TextParseException | NameTooLongException e) {
                return DomainVerdict.NO_DOMAIN;
            }
            // One of them is the empty one of the root.
            if (name.labels() - 1 > MAX_LABELS) return DomainVerdict.DEEP;
            DomainVerdict gets = mail(name);
            return gets == DomainVerdict.ALLOWED ? caa(name) : gets;
        }

        private DomainVerdict mail(Name name) throws IOException {
            DnsLookups.Answer found = ask(name, Type.MX);
            if (!found.exists()) return DomainVerdict.NO_DOMAIN;
            List<MXRecord> all = found.records().stream()
                    .filter(MXRecord.class::isInstance)
                    .map(MXRecord.class::cast)
                    .toList();
            mail = cut(all.stream().map(each -> text(each.getTarget())).collect(Collectors.joining(" ")));
            // RFC 7505, section 3.
            if (!all.isEmpty())
                return all.stream().allMatch(each -> each.getTarget().equals(Name.root))
                        ? DomainVerdict.NULL_MX
                        : DomainVerdict.ALLOWED;
            // RFC 5321, section 5.1: without MX the domain is its own mail server, if it has an address.
            for (int type : new int[] {Type.A, Type.AAAA})
                if (!ask(name, type).records().isEmpty()) {
                    mail = text(name) + " (no MX)";
                    return DomainVerdict.ALLOWED;
                }
            return DomainVerdict.NO_MAIL;
        }

        // RFC 8659, section 3: the first name upwards that has records is the one that counts.
        private DomainVerdict caa(Name name) throws IOException {
            for (Name at = name; at.labels() > 1; at = new Name(at, 1)) {
                List<Record> found = ask(at, Type.CAA).records();
                if (found.isEmpty()) continue;
                caa = cut(text(at) + ": "
                        + found.stream().map(Record::rdataToString).collect(Collectors.joining(", ")));
                return switch (Caa.objection(found, issuer)) {
                    case NONE -> DomainVerdict.ALLOWED;
                    case CRITICAL -> DomainVerdict.CAA_CRITICAL;
                    case OTHERS -> DomainVerdict.CAA_OTHERS;
                };
            }
            return DomainVerdict.ALLOWED;
        }

        private DnsLookups.Answer ask(Name name, int type) throws IOException {
            DnsLookups.Answer answer = subject.ask(name, type);
            authentic &= answer.authentic();
            return answer;
        }

        // A server that vouches for nothing says the same as one that found no signatures: the root, which is signed,
        // tells them apart.
        private String dnssec() {
            if (!dns.isTrusted()) return "unknown";
            if (authentic) return "secure";
            try {
                return dns.subject().ask(Name.root, Type.SOA).authentic() ? "insecure" : "unknown";
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "whether the DNS server checks signatures", e);
                return "unknown";
            }
        }
    }

    private static String text(Name name) {
        return name.equals(Name.root) ? "." : name.toString(true);
    }

    private static String cut(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
    }
}
