package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/// One watched key, shared by all its watchers: one stream of changes from one proxy, and a look-up through others
/// now and then, for a stream may keep silent about what it should tell, and beyond so many streams there is none. When
/// the stream ends another one is opened
/// after a while that grows, with jitter.
final class Watching {
    private static final long FIRST_PAUSE_MILLIS = 200, LONGEST_PAUSE_MILLIS = 30_000, RETRY_MILLIS = 2000;
    // A stream that ends sooner is a failure of its proxy, however politely it ends.
    private static final long SHORTEST_STREAM_MILLIS = 1000;
    // Garbage that one stream may send before it is closed: more than a flood under one key brings.
    private static final long MAX_STREAM_BYTES = 256L << 20;

    /// Does what takes time, and wakes up later; given by [Watches].
    interface Work {
        void later(long millis, Runnable task);

        /// Of a clock that only goes forward.
        long millis();

        /// Whether one more stream may be open; each is given back.
        boolean takeStream();

        void giveStream();

        /// When its turn comes: a few run at a time, on threads that all keys share.
        void soon(Runnable task);

        boolean lookup(String key, java.util.function.Predicate<Signed> every) throws DhtException;
    }

    /// Who has come and not left, guarded by the lock of [Watches].
    int users;

    private final String key;
    private final Proxies proxies;
    private final Rest rest;
    private final Clock clock;
    private final Duration reread;
    private final Work work;
    private final ReentrantLock telling = new ReentrantLock();
    private final CopyOnWriteArrayList<Dht.Watcher> watchers = new CopyOnWriteArrayList<>();
    private final Held held = new Held();
    // A look-up waits for its turn: one for this key, however many are wanted.
    private final AtomicBoolean waiting = new AtomicBoolean();
    private volatile long heldBytes;
    private volatile boolean remembersAll = true;
    private volatile boolean complete;
    private volatile boolean closed;
    private Optional<Stream> stream = Optional.empty();
    private long pause = FIRST_PAUSE_MILLIS;

    private static final class Stream {
        private final Proxy proxy;
        private final LineSplitter lines = new LineSplitter();
        private final Reader reader;
        private final Work work;
        private final long opened;
        private final AtomicBoolean left = new AtomicBoolean();

        Stream(Proxy proxy, Watching watching) {
            this.proxy = proxy;
            work = watching.work;
            opened = work.millis();
            reader = new Reader((_, bytes) -> watching.pieces(this, bytes), why -> watching.ended(this, why));
            proxy.streams.incrementAndGet();
        }

        long lived() {
            return work.millis() - opened;
        }

        void close() {
            reader.close();
            left();
        }

        /// The proxy carries one stream less; counted once.
        void left() {
            if (left.getAndSet(true)) return;
            proxy.streams.decrementAndGet();
            work.giveStream();
        }
    }

    Watching(String key, Proxies proxies, Rest rest, Clock clock, Duration reread, Work work) {
        this.key = key;
        this.proxies = proxies;
        this.rest = rest;
        this.clock = clock;
        this.reread = reread;
        this.work = work;
    }

    void start() {
        open();
        look();
    }

    /// What is known is told at once.
    void add(Dht.Watcher watcher) {
        telling.lock();
        try {
            for (var event : held.present()) watcher.changed(event);
            watchers.add(watcher);
            if (complete) watcher.complete();
        } finally {
            telling.unlock();
        }
    }

    /// False when it had left before. Nothing is told to `watcher` afterwards.
    boolean remove(Dht.Watcher watcher) {
        // Its own call of close() may come out of changed(): the lock is reentrant.
        telling.lock();
        try {
            return watchers.remove(watcher);
        } finally {
            telling.unlock();
        }
    }

    private void open() {
        Stream fresh;
        telling.lock();
        try {
            if (closed || stream.isPresent() || !work.takeStream()) return;
            fresh = new Stream(proxies.forStream(), this);
            stream = Optional.of(fresh);
        } finally {
            telling.unlock();
        }
        rest.read(fresh.proxy, "/key/" + key + "/listen", fresh.reader);
    }

    private void pieces(Stream from, List<ByteBuffer> bytes) {
        boolean _ = from.lines.feed(bytes, line -> {
            line(line);
            return false;
        });
        if (from.lines.bytes() > MAX_STREAM_BYTES) {
            from.close();
            lost(from, "sent too much");
        } else from.reader.more();
    }

    private void line(String line) {
        if (line.isBlank()) return;
        Signed.parse(line).ifPresent(this::saw);
    }

    private void saw(Signed signed) {
        var envelope = Envelope.read(signed.data());
        if (envelope.isEmpty()) return;
        telling.lock();
        try {
            tell(
                    signed.expired()
                            ? held.forgotten(signed)
                            : held.saw(signed, envelope.get(), clock.instant().getEpochSecond()));
        } finally {
            telling.unlock();
        }
    }

    private void tell(List<Dht.Event> events) {
        heldBytes = held.bytes();
        remembersAll = held.whole();
        if (closed) return;
        for (var event : events) for (var watcher : watchers) watcher.changed(event);
    }

    /// By itself. Only one that lived long makes up for those before it: otherwise a proxy that ends every stream would
    /// have us open one after the other, with a look-up each.
    private void ended(Stream which, String why) {
        telling.lock();
        try {
            if (which.lived() >= LONGEST_PAUSE_MILLIS) pause = FIRST_PAUSE_MILLIS;
        } finally {
            telling.unlock();
        }
        lost(which, why.isEmpty() && which.lived() < SHORTEST_STREAM_MILLIS ? "ends its streams at once" : why);
    }

    private void lost(Stream which, String why) {
        which.left();
        long wait;
        telling.lock();
        try {
            if (stream.filter(s -> s == which).isEmpty()) return;
            stream = Optional.empty();
            if (closed) return;
            wait = pause / 2 + ThreadLocalRandom.current().nextLong(pause);
            pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
        } finally {
            telling.unlock();
        }
        if (!why.isEmpty()) proxies.failed(which.proxy, why);
        work.later(wait, this::again);
    }

    private void again() {
        open();
        // What changed while there was no stream.
        boolean _ = soon(() -> {
            boolean _ = read();
        });
    }

    /// False when one waits already.
    private boolean soon(Runnable lookup) {
        if (waiting.getAndSet(true)) return false;
        work.soon(() -> {
            waiting.set(false);
            lookup.run();
        });
        return true;
    }

    /// The proxy is not well any more: its stream may be dead without saying so.
    void failed(Proxy proxy) {
        Optional<Stream> dead;
        telling.lock();
        try {
            dead = stream.filter(s -> s.proxy == proxy);
        } finally {
            telling.unlock();
        }
        dead.ifPresent(s -> {
            s.close();
            lost(s, "");
        });
    }

    /// Now and then, for as long as it is watched.
    private void look() {
        if (closed) return;
        boolean mine = soon(() -> {
            boolean read = read();
            // Perhaps there was no room for a stream before.
            if (read && complete) open();
            lookAfter(read ? reread.toMillis() : RETRY_MILLIS);
        });
        if (!mine) lookAfter(RETRY_MILLIS);
    }

    private void lookAfter(long millis) {
        if (!closed) work.later(millis / 2 + ThreadLocalRandom.current().nextLong(millis), this::look);
    }

    private boolean read() {
        if (closed) return true;
        long before = clock.instant().getEpochSecond();
        try {
            boolean whole = work.lookup(key, signed -> {
                saw(signed);
                return false;
            });
            if (whole) completed(before);
            return whole;
        } catch (DhtException e) {
            System.getLogger("starling.dht").log(System.Logger.Level.DEBUG, () -> "watch: " + e.getMessage());
            return false;
        }
    }

    private void completed(long before) {
        telling.lock();
        try {
            // The nodes keep a value for ten minutes: what nobody has shown for longer is gone.
            tell(held.ended(before, before - Slots.LIFETIME.toSeconds()));
            if (complete || closed) return;
            complete = true;
            for (var watcher : watchers) watcher.complete();
        } finally {
            telling.unlock();
        }
    }

    /// Whether whoever comes next can be told from memory alone.
    boolean remembersAll() {
        return remembersAll;
    }

    /// What is kept in memory of it, about.
    long heldBytes() {
        return heldBytes;
    }

    /// Tells what has ended by its own word.
    void sweep() {
        telling.lock();
        try {
            tell(held.ended(clock.instant().getEpochSecond(), Long.MIN_VALUE));
        } finally {
            telling.unlock();
        }
    }

    void close() {
        Optional<Stream> last;
        telling.lock();
        try {
            closed = true;
            last = stream;
            stream = Optional.empty();
            watchers.clear();
        } finally {
            telling.unlock();
        }
        last.ifPresent(Stream::close);
    }
}
