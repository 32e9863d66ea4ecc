package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// One look-up. Two proxies are asked at once, and what they tell is looked at on the caller's thread as it comes:
/// one that is silent, slow or holds something back costs nothing as long as the other does not. Nothing found is
/// believed only after others have been asked too, or the same once more: a young network misses now and then. Each
/// proxy has bounds of its own, so that one that invents values does not hide those of another.
final class Search {
    private static final int AT_ONCE = 2, MOST = 4;
    // How long the second may be silent after the first has told everything: something, or nothing.
    private static final long SILENCE_MILLIS = 1_000,
            SILENCE_WITH_NOTHING_MILLIS = 2_500,
            SILENCE_OF_ALL_MILLIS = 10_000;
    // Whoever gives a look-up more time than usual lets all be silent for longer too.
    private static final int SHARE_OF_SILENCE = 2;
    // So long the others may go on when one has told everything.
    private static final long AFTER_WHOLE_MILLIS = 5_000;
    // Lines that are no values of ours, for each value that may be read.
    private static final int OTHERS_PER_VALUE = 4;
    private static final long SPARE_BYTES = 4L << 20;

    /// What is given to whoever searches.
    record Hit(Signed signed, Envelope envelope) {}

    private sealed interface News {}

    private record Pieces(Source from, List<ByteBuffer> bytes) implements News {}

    private record Ended(Source from, String why) implements News {}

    /// One proxy's answer.
    private final class Source {
        private final Proxy proxy;
        private final LineSplitter lines = new LineSplitter();
        private final Reader reader =
                new Reader((_, bytes) -> news.add(new Pieces(this, bytes)), why -> news.add(new Ended(this, why)));
        private boolean open = true, sense, whole;
        private int others, values;
        private long bytes;
        private long lastNews = System.nanoTime();

        Source(Proxy proxy) {
            this.proxy = proxy;
        }
    }

    /// A slot, as a key of a map.
    private record Name(long id, ByteBuffer owner) {
        Name(Signed value) {
            this(value.id(), ByteBuffer.wrap(value.owner()));
        }
    }

    private final Proxies proxies;
    private final Rest rest;
    private final Clock clock;
    private final String key;
    private final Dht.Limits limits;
    private final Predicate<Hit> enough;
    private final long deadline;
    private long wholeAt;
    private Predicate<Signed> every = _ -> false;
    private String mark = "";
    private final LinkedBlockingQueue<News> news = new LinkedBlockingQueue<>();
    private final List<Source> sources = new ArrayList<>();
    // Lines of ours, and how many bytes of a value each brought: two proxies tell the same in the same words.
    private final Map<String, Integer> seen = new HashMap<>();
    private final Map<Name, Signed> newest = new HashMap<>();
    private int values;
    private boolean content, whole, full;
    private String trouble = "no proxy";

    Search(Proxies proxies, Rest rest, Clock clock, String key, Dht.Limits limits, Predicate<Hit> enough) {
        this.proxies = proxies;
        this.rest = rest;
        this.clock = clock;
        this.key = key;
        this.limits = limits;
        this.enough = enough;
        deadline = System.nanoTime() + limits.time().toNanos();
    }

    /// Shows each value of ours as it lies there, ended or replaced ones too, before `enough` sees it.
    void every(Predicate<Signed> shown) {
        every = shown;
    }

    /// Looks at those lines only that have `part` in them, which costs less than reading them.
    void only(String part) {
        mark = part;
    }

    /// What was read, in bytes.
    long bytesRead() {
        return sources.stream().mapToLong(s -> s.lines.bytes()).sum();
    }

    /// Returns whether at least one proxy told everything it knows.
    ///
    /// @throws DhtException when nothing can be said
    boolean run() throws DhtException {
        var order = proxies.forReading();
        try {
            round(order.subList(0, Math.min(AT_ONCE, order.size())));
            if (values == 0 && !content) doubt(order);
        } finally {
            for (Source each : sources) each.reader.close();
        }
        if (!whole && values == 0) throw new DhtException(502, "the DHT does not answer (" + trouble + ")");
        return whole;
    }

    // Two that told everything and know of nothing have been asked too, each for the other.
    private void doubt(List<Proxy> order) {
        var more = order.subList(Math.min(AT_ONCE, order.size()), Math.min(MOST, order.size()));
        if (!more.isEmpty()) round(more);
        else if (sources.stream().filter(s -> s.whole).count() < AT_ONCE) round(List.of(again(order)));
    }

    // Who has told everything does so again; one that stalled would stall again.
    private Proxy again(List<Proxy> order) {
        return sources.stream()
                .filter(s -> s.whole)
                .map(s -> s.proxy)
                .findFirst()
                .orElse(order.getFirst());
    }

    /// Whether more may lie there than was given: no proxy has told everything it knows, and nobody was content.
    boolean isCut() {
        return !content && sources.stream().noneMatch(s -> s.whole);
    }

    /// Through one proxy only, once.
    boolean run(Proxy proxy) {
        try {
            round(List.of(proxy));
        } finally {
            for (Source each : sources) each.reader.close();
        }
        return whole;
    }

    private void round(List<Proxy> asked) {
        for (Proxy each : asked) {
            var source = new Source(each);
            sources.add(source);
            rest.read(each, "/key/" + key, source.reader);
        }
        while (!content && !full && sources.stream().anyMatch(s -> s.open)) {
            long wait = patience() - System.nanoTime();
            try {
                var next = wait <= 0 ? null : news.poll(wait, TimeUnit.NANOSECONDS);
                if (next == null) {
                    giveUp();
                    return;
                }
                switch (next) {
                    case Pieces(Source from, List<ByteBuffer> pieces) -> take(from, pieces);
                    case Ended(Source from, String why) -> ended(from, why);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    // Until when to wait for the next news. As long as something comes that makes sense there may be a lot to read.
    private long patience() {
        long silence = !whole ? silenceOfAll() : values > 0 ? SILENCE_MILLIS : SILENCE_WITH_NOTHING_MILLIS;
        long last = sources.stream()
                .filter(s -> s.open)
                .mapToLong(s -> s.lastNews)
                .max()
                .orElse(System.nanoTime());
        long end = whole ? Math.min(deadline, wholeAt + TimeUnit.MILLISECONDS.toNanos(AFTER_WHOLE_MILLIS)) : deadline;
        return Math.min(end, last + TimeUnit.MILLISECONDS.toNanos(silence));
    }

    private long silenceOfAll() {
        return Math.max(SILENCE_OF_ALL_MILLIS, limits.time().toMillis() / SHARE_OF_SILENCE);
    }

    private void giveUp() {
        for (Source each : sources)
            if (each.open) {
                each.open = false;
                each.reader.close();
                trouble = each.proxy + " took too long";
                // One that still tells is not silent: somebody stored a lot.
                if (!each.sense) proxies.failed(each.proxy, "took too long");
            }
    }

    private void take(Source from, List<ByteBuffer> pieces) {
        if (from.lines.feed(pieces, line -> line(from, line))) return;
        if (from.lines.bytes() > 2 * limits.bytes() + SPARE_BYTES) cut(from, "sent too much");
        if (System.nanoTime() - deadline > 0) full = true;
        from.reader.more();
    }

    private void whole() {
        if (!whole) wholeAt = System.nanoTime();
        whole = true;
    }

    private void cut(Source from, String why) {
        from.open = false;
        from.reader.close();
        trouble = from.proxy + " " + why;
        if (from.sense) whole();
        else proxies.failed(from.proxy, why);
    }

    // True when nothing more has to be read.
    private boolean line(Source from, String line) {
        if (!from.open) return true;
        if (line.isBlank()) return false;
        if (!line.contains(mark)) {
            full = System.nanoTime() - deadline > 0;
            return full;
        }
        if (seen.containsKey(line)) {
            sense(from);
            boolean _ = within(from, seen.get(line));
            return false;
        }
        var signed = Signed.parse(line);
        if (signed.isPresent()) sense(from);
        var envelope = signed.filter(s -> !s.expired()).flatMap(s -> Envelope.read(s.data()));
        boolean over = envelope.isEmpty() || envelope.get().withdrawn();
        if (over && ++from.others > limits.values() * OTHERS_PER_VALUE) {
            cut(from, "sent other things than values");
            return true;
        }
        if (envelope.isEmpty()) return false;
        seen.put(line, envelope.get().value().length);
        content = value(from, signed.orElseThrow(), envelope.get());
        if (System.nanoTime() - deadline > 0) full = true;
        return content || full;
    }

    // Whoever sends anything else is as good as silent.
    private static void sense(Source from) {
        from.sense = true;
        from.lastNews = System.nanoTime();
    }

    // Whether a source has not told too much.
    private boolean within(Source from, int bytes) {
        if (bytes > 0) from.values++;
        from.bytes += bytes;
        if (from.values <= limits.values() && from.bytes <= limits.bytes()) return true;
        from.open = false;
        from.reader.close();
        trouble = from.proxy + " tells more than is read";
        return false;
    }

    private boolean value(Source from, Signed signed, Envelope envelope) {
        var name = new Name(signed);
        if (every.test(signed)) return true;
        if (!within(from, envelope.value().length)) return false;
        if (replaced(name, signed)) return false;
        if (envelope.withdrawn() || envelope.expires() <= clock.instant().getEpochSecond()) return false;
        values++;
        return enough.test(new Hit(signed, envelope));
    }

    // Whether its owner has put another in its place, which we have seen. Nobody else can say that.
    private boolean replaced(Name name, Signed signed) {
        var other = newest.get(name);
        if (other == null) {
            newest.put(name, signed);
            return false;
        }
        boolean older = signed.seq() < other.seq();
        var later = older ? other : signed;
        if (!signed.sameSlot(other) || !later.genuine()) return false;
        newest.put(name, later);
        return older;
    }

    private void ended(Source from, String why) {
        if (!from.open) return;
        if (!why.isEmpty()) {
            from.open = false;
            trouble = from.proxy + " " + why;
            proxies.failed(from.proxy, why);
            return;
        }
        boolean _ = line(from, from.lines.rest());
        from.open = false;
        if (from.others > 0 && !from.sense) {
            trouble = from.proxy + " is no DHT proxy";
            proxies.failed(from.proxy, "is no DHT proxy");
        } else {
            whole();
            from.whole = true;
            from.proxy.worked();
        }
    }
}
