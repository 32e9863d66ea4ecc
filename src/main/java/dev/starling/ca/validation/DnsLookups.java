package dev.starling.ca.validation;

import dev.starling.mail.NameServer;
import dev.starling.mail.NoAnswer;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/// Asks the DNS, by dnsjava: over UDP, and TCP where an answer is too long for that. It only ever talks to the name
/// server that it is given, whatever an answer names. An answer is kept for as long as it says, an hour at most; that
/// there is nothing, for a minute at most (RFC 2308); failures not at all. So many records and bytes of an answer, so
/// many aliases, questions and seconds for one subject, so many answers kept.
final class DnsLookups {
    static final int MAX_QUESTIONS = 40, MAX_ALIASES = 8, MAX_RECORDS = 64, MAX_BYTES = 16_384, MAX_KEPT = 2_000;
    private static final Duration LONGEST = Duration.ofHours(1), LONGEST_NOTHING = Duration.ofMinutes(1);

    private record Question(Name name, int type) {}

    /// What it says of one question.
    ///
    /// @param exists the name is there, though perhaps with nothing of that type
    /// @param authentic the server says that DNSSEC vouches for all of it (RFC 4035, section 3.2.3)
    record Answer(List<Record> records, boolean exists, boolean authentic) {}

    /// @param until Unix ms
    private record Kept(Answer answer, long until) {
        // One from when the clock was ahead says nothing.
        boolean isGood(long now) {
            return until > now && until <= now + LONGEST.toMillis();
        }
    }

    /// @param next where the aliases in it lead that it does not resolve
    private record Step(Answer answer, Optional<Name> next, long ttl) {}

    private final NameServer.Asked server;
    private final Duration whole;
    private final InstantSource clock;
    private final Map<Question, Kept> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Kept> eldest) {
            return size() > MAX_KEPT;
        }
    };

    /// @param patience for one question
    /// @param whole for all questions of one subject
    DnsLookups(NameServer server, Duration patience, Duration whole, InstantSource clock) throws IOException {
        this.clock = clock;
        this.whole = whole;
        this.server = server.open(patience);
    }

    /// Whether it counts what the server says of DNSSEC.
    boolean isTrusted() {
        return server.believed();
    }

    Subject subject() {
        return new Subject();
    }

    /// The questions that one subject is worth.
    final class Subject {
        private final long end = System.nanoTime() + whole.toNanos();
        private int asked;

        /// What there is under a name, or under the name that it is an alias of.
        Answer ask(Name name, int type) throws IOException {
            var question = new Question(name, type);
            synchronized (kept) {
                var known = Optional.ofNullable(kept.get(question)).filter(each -> each.isGood(clock.millis()));
                if (known.isPresent()) return known.get().answer;
            }
            Step found = followed(name, type);
            synchronized (kept) {
                if (found.ttl > 0) kept.put(question, new Kept(found.answer, clock.millis() + found.ttl * 1_000));
                else kept.remove(question);
            }
            return found.answer;
        }

        private Step followed(Name name, int type) throws IOException {
            long ttl = LONGEST.toSeconds();
            boolean authentic = true;
            Name at = name;
            for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
                Step step = step(answer(at, type), at, type);
                ttl = Math.min(ttl, step.ttl);
                authentic &= step.answer.authentic;
                if (step.next.isEmpty())
                    return new Step(new Answer(step.answer.records, step.answer.exists, authentic), step.next, ttl);
                at = step.next.get();
            }
            throw new IOException("too many aliases, from " + name);
        }

        private Message answer(Name name, int type) throws IOException {
            long left = end - System.nanoTime();
            if (left <= 0 || ++asked > MAX_QUESTIONS) throw new IOException("no time is left to ask for " + name);
            Message question = Message.newQuery(Record.newRecord(name, type, DClass.IN));
            // RFC 6840, section 5.7: that we care for the AD bit of the answer.
            question.getHeader().setFlag(Flags.AD);
            Message answer = sent(question, left);
            NoAnswer.check(answer, name);
            if (answer.numBytes() > MAX_BYTES) throw new IOException("the answer is too long for " + name);
            return answer;
        }

        private Message sent(Message question, long nanos) throws IOException {
            CompletableFuture<Message> answer =
                    server.resolver().sendAsync(question).toCompletableFuture();
            try {
                return answer.get(nanos, TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                throw new IOException("the DNS: " + e.getCause(), e);
            } catch (TimeoutException e) {
                answer.cancel(true);
                throw new IOException("the DNS takes too long", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    // An answer tells the whole of a chain of aliases, in any order (RFC 1034, section 4.3.2).
    private static Step step(Message answer, Name asked, int type) throws IOException {
        boolean exists = answer.getRcode() == Rcode.NOERROR;
        boolean authentic = answer.getHeader().getFlag(Flags.AD);
        var found = new ArrayList<Record>();
        long ttl = LONGEST.toSeconds();
        Name at = asked;
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            Optional<Name> alias = Optional.empty();
            for (Record each : answer.getSection(Section.ANSWER)) {
                if (!each.getName().equals(at) || each.getDClass() != DClass.IN) continue;
                if (each.getType() == type) found.add(each);
                else if (each instanceof CNAMERecord cname) alias = Optional.of(cname.getTarget());
                else continue;
                ttl = Math.min(ttl, each.getTTL());
            }
            if (found.size() > MAX_RECORDS) throw new IOException("too many records at " + at);
            if (!found.isEmpty()) return new Step(new Answer(found, true, authentic), Optional.empty(), ttl);
            if (alias.isEmpty()) break;
            // Records may be hidden behind it: that is not the same as none.
            if (aliases == MAX_ALIASES || alias.get().equals(asked))
                throw new IOException("too many aliases, at " + at);
            at = alias.get();
        }
        var nothing = new Answer(List.of(), exists, authentic);
        // RFC 2308, section 2.1: with NXDOMAIN the end of the aliases is what is not there.
        if (!at.equals(asked) && exists && !tellsWhy(answer)) return new Step(nothing, Optional.of(at), ttl);
        return new Step(nothing, Optional.empty(), Math.min(ttl, nothing(answer)));
    }

    /// Whether it says itself that there is nothing (RFC 2308, section 2.2), and not just where to go on.
    private static boolean tellsWhy(Message answer) {
        return answer.getSection(Section.AUTHORITY).stream().anyMatch(SOARecord.class::isInstance);
    }

    /// For how long it is good to know that there is nothing: RFC 2308, section 5.
    private static long nothing(Message answer) {
        for (Record each : answer.getSection(Section.AUTHORITY))
            if (each instanceof SOARecord soa)
                return Math.min(LONGEST_NOTHING.toSeconds(), Math.min(soa.getTTL(), soa.getMinimum()));
        return 0;
    }
}
