package dev.starling.sip.locating;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedResolver;
import org.xbill.DNS.Message;
import org.xbill.DNS.NAPTRRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// The DNS by dnsjava: over UDP, and TCP where an answer is too long for that. Answers are kept for as long as they
/// say, an hour at most; that there is nothing, for a minute at most (RFC 2308); failures not at all. So many records
/// of an answer, so many aliases, so many answers kept.
public final class Dns implements Names {
    static final int MAX_RECORDS = 32, MAX_ALIASES = 8, MAX_KEPT = 2_000;
    private static final Duration LONGEST = Duration.ofHours(1), LONGEST_NOTHING = Duration.ofMinutes(1);
    private static final int PORT = 53;

    private record Question(Name name, int type) {}

    /// @param until Unix ms
    private record Answer(List<Record> records, long until) {}

    /// What one answer says of a question: records, or another name to ask for.
    private record Step(List<Record> records, Optional<Name> next, long ttl) {}

    private final Resolver resolver;
    private final InstantSource clock;
    private final Map<Question, Answer> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Answer> eldest) {
            return size() > MAX_KEPT;
        }
    };

    /// @param server `host[:port]` to ask; empty for those that the system asks
    /// @param patience for one question
    public Dns(Optional<String> server, Duration patience, InstantSource clock) throws IOException {
        this.clock = clock;
        resolver = server.isPresent() ? new SimpleResolver(place(server.get())) : new ExtendedResolver();
        resolver.setTimeout(patience);
    }

    private static InetSocketAddress place(String server) {
        URI uri = URI.create("dns://" + server);
        return new InetSocketAddress(uri.getHost(), uri.getPort() < 0 ? PORT : uri.getPort());
    }

    @Override
    public List<Naptr> naptr(String domain) throws IOException {
        return each(domain, Type.NAPTR, NAPTRRecord.class, record -> {
            // A rule with a regular expression makes URIs, not places (RFC 3263, section 4.1, has none of these).
            String replacement = record.getRegexp().isEmpty() ? text(record.getReplacement()) : "";
            return new Naptr(
                    record.getOrder(),
                    record.getPreference(),
                    record.getFlags().toLowerCase(Locale.ROOT),
                    record.getService().toUpperCase(Locale.ROOT),
                    replacement);
        });
    }

    @Override
    public List<Srv> srv(String name) throws IOException {
        return each(
                name,
                Type.SRV,
                SRVRecord.class,
                record ->
                        new Srv(record.getPriority(), record.getWeight(), record.getPort(), text(record.getTarget())));
    }

    @Override
    public List<InetAddress> addresses(String host) throws IOException {
        var all = new ArrayList<>(each(host, Type.A, ARecord.class, ARecord::getAddress));
        all.addAll(each(host, Type.AAAA, AAAARecord.class, AAAARecord::getAddress));
        return all;
    }

    private static String text(Name name) {
        return name.toString(true).toLowerCase(Locale.ROOT).replaceFirst("^\\.$", "");
    }

    private <R extends Record, T> List<T> each(String name, int type, Class<R> kind, Function<R, T> read)
            throws IOException {
        return ask(name, type).stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .map(read)
                .toList();
    }

    private List<Record> ask(String text, int type) throws IOException {
        Name name;
        try {
            name = Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IOException("no name of the DNS: " + e.getMessage(), e);
        }
        var question = new Question(name, type);
        synchronized (kept) {
            var known = Optional.ofNullable(kept.get(question)).filter(each -> each.until > clock.millis());
            if (known.isPresent()) return known.get().records;
        }
        Step answer = followed(name, type);
        synchronized (kept) {
            kept.put(question, new Answer(answer.records, clock.millis() + answer.ttl * 1_000));
        }
        return answer.records;
    }

    private Step followed(Name name, int type) throws IOException {
        long ttl = LONGEST.toSeconds();
        Name at = name;
        for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
            Step step = step(at, type);
            ttl = Math.min(ttl, step.ttl);
            if (step.next.isEmpty()) return new Step(step.records, step.next, ttl);
            at = step.next.get();
        }
        throw new IOException("too many aliases, from " + name);
    }

    private Step step(Name asked, int type) throws IOException {
        Message answer = resolver.send(Message.newQuery(Record.newRecord(asked, type, DClass.IN)));
        int code = answer.getHeader().getRcode();
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN)
            throw new IOException("the DNS says " + Rcode.string(code) + " of " + asked);
        var found = new ArrayList<Record>();
        long ttl = LONGEST.toSeconds();
        Name at = asked;
        // An answer tells the whole of a chain of aliases, in any order (RFC 1034, section 4.3.2).
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            Optional<Name> alias = Optional.empty();
            for (Record each : answer.getSection(Section.ANSWER)) {
                if (!each.getName().equals(at)) continue;
                if (each.getType() == type && found.size() < MAX_RECORDS) found.add(each);
                else if (each instanceof CNAMERecord cname) alias = Optional.of(cname.getTarget());
                else continue;
                ttl = Math.min(ttl, each.getTTL());
            }
            if (!found.isEmpty()) return new Step(found, Optional.empty(), ttl);
            if (alias.isEmpty()) break;
            at = alias.get();
        }
        if (!at.equals(asked)) return new Step(List.of(), Optional.of(at), ttl);
        return new Step(List.of(), Optional.empty(), nothing(answer));
    }

    /// For how long it is good to know that there is nothing: RFC 2308, section 5.
    private static long nothing(Message answer) {
        for (Record each : answer.getSection(Section.AUTHORITY))
            if (each instanceof SOARecord soa)
                return Math.min(LONGEST_NOTHING.toSeconds(), Math.min(soa.getTTL(), soa.getMinimum()));
        return 0;
    }
}
