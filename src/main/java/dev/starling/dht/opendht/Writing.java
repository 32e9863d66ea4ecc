package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/// Puts one signed value: through one proxy, through a second one at once when the first is slow, and then read back
/// through another. A proxy that takes values and does not pass them on is left alone for a while.
final class Writing {
    private static final Duration HEDGE = Duration.ofMillis(700);
    private static final int MOST = 3, ENOUGH = 2;
    private static final Dht.Limits READING = new Dht.Limits(Duration.ofSeconds(1), 2048, 32L << 20);

    // Reading back costs as much as a look-up does. Where a lot lies under a key, one put in so many is read back.
    private static final long CROWD_BYTES = 64 * 1024;
    private static final int MAX_CROWDED = 1000, ONE_IN = 16;

    private final Proxies proxies;
    private final Rest rest;
    private final Clock clock;
    private final Duration patience;
    private final Set<String> crowded = Collections.newSetFromMap(Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MAX_CROWDED;
        }
    }));

    Writing(Proxies proxies, Rest rest, Clock clock, Duration patience) {
        this.proxies = proxies;
        this.rest = rest;
        this.clock = clock;
        this.patience = patience;
    }

    /// What lies in the slot now, if it is not `value`.
    ///
    /// @return one of ours that has a higher number, or the same; empty when `value` lies there
    /// @throws DhtException 502 nobody took it, or nobody has it afterwards
    Optional<Signed> put(String key, Signed value) throws DhtException {
        var round = new Round(key, value);
        var took = new HashSet<Proxy>();
        for (var through = round.next(); through.isPresent(); through = round.next()) {
            took.add(through.get());
            switch (readBack(key, value, through.get())) {
                case There _, Unknown _ -> {
                    return Optional.empty();
                }
                case Newer(Signed held) -> {
                    return Optional.of(held);
                }
                case Missing _ -> through.get().swallowed();
            }
            // Two took it, and what is read back differs: at least one of the two is honest.
            if (took.size() >= ENOUGH) return Optional.empty();
        }
        throw new DhtException(
                502, !took.isEmpty() ? "the DHT proxy takes values and does not store them" : round.trouble());
    }

    /// One value on its way.
    private final class Round {
        private record Answer(Proxy from, boolean stored) {}

        private final String key, json;
        private final ArrayDeque<Proxy> untried = new ArrayDeque<>();
        private final LinkedBlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        private final AtomicReference<String> why = new AtomicReference<>("");
        private int waiting;

        Round(String key, Signed value) {
            this.key = key;
            json = value.json();
            List<Proxy> order = proxies.forWriting();
            untried.addAll(order.subList(0, Math.min(MOST, order.size())));
            // A connection that was closed while idle fails at first use.
            if (order.size() == 1) untried.add(order.getFirst());
        }

        /// The next one that took it; empty when there is none.
        Optional<Proxy> next() throws DhtException {
            while (true) {
                if (waiting == 0 && !start()) return Optional.empty();
                var answer = poll(untried.isEmpty() ? patience.plus(HEDGE) : HEDGE);
                if (answer.isEmpty()) {
                    if (!start()) return Optional.empty();
                    continue;
                }
                waiting--;
                if (answer.get().stored) return Optional.of(answer.get().from);
            }
        }

        private Optional<Answer> poll(Duration time) throws DhtException {
            try {
                return Optional.ofNullable(answers.poll(time.toMillis(), TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DhtException(502, "interrupted");
            }
        }

        private boolean start() {
            var proxy = untried.poll();
            if (proxy == null) return false;
            waiting++;
            var _ = rest.post(proxy, key, json, patience).whenComplete((status, failure) -> {
                if (failure != null) trouble(proxy, Rest.why(failure));
                else if (status != 200 && !alone(proxy, status)) trouble(proxy, "answers " + status);
                answers.add(new Answer(proxy, failure == null && (status == 200 || alone(proxy, status))));
            });
            return true;
        }

        // 502 says that no other node has it: what a node does that knows no other. It keeps the value itself.
        private boolean alone(Proxy proxy, int status) {
            return status == 502 && proxies.size() == 1 && proxy.others() <= 0;
        }

        private void trouble(Proxy proxy, String what) {
            why.set(proxy + " " + what);
            proxies.failed(proxy, what);
        }

        String trouble() {
            return "the DHT does not take values (" + why.get() + ")";
        }
    }

    private sealed interface Seen {}

    private record There() implements Seen {}

    private record Missing() implements Seen {}

    private record Unknown() implements Seen {}

    private record Newer(Signed held) implements Seen {}

    private Seen readBack(String key, Signed value, Proxy through) {
        if (crowded.contains(key) && ThreadLocalRandom.current().nextInt(ONE_IN) > 0) return new Unknown();
        var readers = new ArrayList<>(proxies.forReading().stream()
                .filter(p -> p != through && p.trusted())
                .limit(2)
                .toList());
        // Nobody else to ask: then the same one.
        while (readers.size() < 2) readers.add(readers.isEmpty() ? through : readers.getFirst());
        Seen seen = new Unknown();
        for (Proxy reader : readers) {
            var there = new AtomicReference<Seen>(new Missing());
            var search = new Search(proxies, rest, clock, key, READING, _ -> false);
            search.only("\"" + Long.toUnsignedString(value.id()) + "\"");
            search.every(signed -> found(signed, value, there));
            boolean whole = search.run(reader);
            var _ = search.bytesRead() > CROWD_BYTES ? crowded.add(key) : crowded.remove(key);
            if (!(there.get() instanceof Missing)) {
                if (reader != through) through.delivered();
                return there.get();
            }
            // What was not read to the end says nothing: a lot lies under this key.
            if (!whole) return seen;
            seen = there.get();
        }
        return seen;
    }

    private static boolean found(Signed signed, Signed value, AtomicReference<Seen> there) {
        if (!signed.sameSlot(value) || signed.seq() < value.seq()) return false;
        boolean same = signed.seq() == value.seq() && java.util.Arrays.equals(signed.data(), value.data());
        if (!same && !signed.genuine()) return false;
        there.set(same ? new There() : new Newer(signed));
        return true;
    }
}
