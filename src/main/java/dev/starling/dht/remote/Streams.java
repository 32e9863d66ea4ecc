package dev.starling.dht.remote;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Many watched keys over few streams (`POST /listen`: 512 keys each).
///
/// The keys of a stream cannot be changed, and each stream that begins is told what lies under all of its keys. So what
/// is watched anew gets a stream of its own, which takes in those that are less than twice as large: with each time
/// that a key is told anew its stream has grown by half, and of the streams that can still grow each is at least twice
/// as large as the next. A stream half of whose keys nobody watches any more is taken in as well.
final class Streams implements AutoCloseable {
    /// Opens a stream.
    interface Source {
        /// Its lines, and how long to wait for each.
        Lines listen(Collection<String> keys) throws IOException, DhtException;
    }

    static final int MAX_KEYS = 512;
    private static final System.Logger LOG = System.getLogger("starling.dht");
    static final long SETTLE_MILLIS = 20;
    private static final long MAX_SEEN_BYTES = 4L << 20;
    private static final long FIRST_PAUSE_MILLIS = 200, LONGEST_PAUSE_MILLIS = 30_000;

    private final Source source;
    private final Duration silence;
    private final ScheduledExecutorService alarms;
    // All guarded by this; nobody outside is called with it held.
    private final List<Watch> fresh = new ArrayList<>();
    private final List<Stream> streams = new ArrayList<>();
    private boolean settling, closed;

    Streams(Source source, Duration silence, ScheduledExecutorService alarms) {
        this.source = source;
        this.silence = silence;
        this.alarms = alarms;
    }

    synchronized Dht.Subscription watch(String key, Dht.Watcher watcher) throws DhtException {
        if (closed) throw new DhtException(502, "closed");
        var watch = new Watch(key, watcher);
        fresh.add(watch);
        soon();
        return () -> leave(watch);
    }

    /// Streams open now, or to be opened again.
    synchronized int size() {
        return streams.size();
    }

    // Many keys come at once: they are waited for.
    private void soon() {
        if (settling) return;
        settling = true;
        var _ = alarms.schedule(this::settle, SETTLE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private synchronized void leave(Watch watch) {
        if (watch.over) return;
        watch.over = true;
        fresh.remove(watch);
        for (Stream stream : streams)
            if (stream.left(watch)) {
                if (stream.isEmpty()) stream.end();
                else if (stream.isThin()) soon();
            }
        streams.removeIf(Stream::isEmpty);
    }

    private synchronized void settle() {
        settling = false;
        if (closed) return;
        var wanted = new LinkedHashMap<String, List<Watch>>();
        fresh.forEach(watch -> add(wanted, watch));
        fresh.clear();
        var before = new ArrayList<Thread>();
        for (Stream stream : List.copyOf(streams)) if (stream.isThin()) takeIn(stream, wanted, before);
        if (wanted.isEmpty()) return;
        var smallestFirst = new ArrayList<>(streams);
        smallestFirst.sort(Comparator.comparingInt(Stream::size));
        for (Stream stream : smallestFirst)
            if (stream.size() < 2 * wanted.size() && stream.size() + wanted.size() <= MAX_KEYS)
                takeIn(stream, wanted, before);
        var part = new LinkedHashMap<String, List<Watch>>();
        for (var each : wanted.entrySet()) {
            part.put(each.getKey(), each.getValue());
            if (part.size() < MAX_KEYS) continue;
            begin(part, before);
            part = new LinkedHashMap<>();
        }
        if (!part.isEmpty()) begin(part, before);
    }

    private static void add(Map<String, List<Watch>> to, Watch watch) {
        to.computeIfAbsent(watch.key, _ -> new ArrayList<>()).add(watch);
    }

    private void takeIn(Stream stream, Map<String, List<Watch>> into, List<Thread> before) {
        streams.remove(stream);
        stream.end();
        before.add(stream.thread);
        // It may not have waited for these to their end.
        stream.before.stream().filter(Thread::isAlive).forEach(before::add);
        for (var watches : stream.watches.values()) for (Watch watch : watches) if (!watch.over) add(into, watch);
    }

    private void begin(Map<String, List<Watch>> watches, List<Thread> before) {
        var stream = new Stream(watches, List.copyOf(before));
        streams.add(stream);
        stream.thread.start();
    }

    @Override
    public synchronized void close() {
        closed = true;
        streams.forEach(Stream::end);
        streams.clear();
        fresh.clear();
    }

    /// What one watcher was shown; by one stream at a time.
    private static final class Watch {
        private final String key;
        private final Dht.Watcher watcher;
        private final Seen seen = new Seen(MAX_SEEN_BYTES);
        private volatile boolean over;

        Watch(String key, Dht.Watcher watcher) {
            this.key = key;
            this.watcher = watcher;
        }

        void told(Line line) {
            if (over) return;
            if (line.complete()) seen.complete(watcher);
            line.event().ifPresent(event -> {
                seen.event(event);
                watcher.changed(event);
            });
        }
    }

    private final class Stream {
        private final Map<String, List<Watch>> watches;
        private final List<Thread> before;
        private final Thread thread = Thread.ofVirtual().name("dht-watch").unstarted(this::run);
        private int all, left;
        private volatile boolean over;

        /// @param before who told these watchers until now: waited for, so that nothing is told out of order
        Stream(Map<String, List<Watch>> watches, List<Thread> before) {
            this.watches = Map.copyOf(watches);
            this.before = before;
            for (var each : watches.values()) all += each.size();
        }

        int size() {
            return watches.size();
        }

        boolean left(Watch watch) {
            boolean here = watches.getOrDefault(watch.key, List.of()).contains(watch);
            if (here) left++;
            return here;
        }

        boolean isEmpty() {
            return left >= all;
        }

        boolean isThin() {
            return left * 2 > all;
        }

        void end() {
            over = true;
            thread.interrupt();
        }

        private void run() {
            long pause = FIRST_PAUSE_MILLIS;
            try {
                for (Thread each : before) each.join();
                while (!over) {
                    if (tellAll()) pause = FIRST_PAUSE_MILLIS;
                    // Not polling: the pause before a lost stream is opened again, with jitter so that peers do not
                    // come back in step.
                    Thread.sleep(pause / 2 + ThreadLocalRandom.current().nextLong(pause));
                    pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
                }
            } catch (InterruptedException e) {
                LOG.log(System.Logger.Level.TRACE, "a stream ended", e);
            }
        }

        /// Until the stream ends; whether anything came.
        private boolean tellAll() {
            boolean some = false;
            try (var lines = source.listen(watches.keySet())) {
                watches.values().forEach(each -> each.forEach(watch -> watch.seen.reopened()));
                for (var line = lines.next(); line.isPresent() && !over; line = lines.next()) {
                    some = true;
                    lines.patience(silence);
                    var said = Line.parse(line.get());
                    for (Watch watch : watches.getOrDefault(said.key(), List.of())) watch.told(said);
                }
            } catch (IOException | DhtException e) {
                LOG.log(System.Logger.Level.DEBUG, () -> "watch: " + e.getMessage());
            }
            return some;
        }
    }
}
