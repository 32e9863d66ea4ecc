package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// All watched keys of this process, a bounded number. A bounded number of them has a stream; the others are looked up
/// now and then, and get a stream when one comes free. No watch has a thread: streams are asynchronous, and the few
/// look-ups that run at a time share their threads.
final class Watches implements AutoCloseable {
    private static final int LOOKUPS_AT_ONCE = 8, KEYS_PER_STREAM = 20;
    private static final long SWEEP_SECONDS = 5, IDLE_SECONDS = 1;

    private final Proxies proxies;
    private final Rest rest;
    private final Clock clock;
    private final OpenDht.Patience patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Watching> byKey = new HashMap<>();
    // What waits is bounded by the keys: each has one look-up in here.
    private final ThreadPoolExecutor turns = new ThreadPoolExecutor(
            LOOKUPS_AT_ONCE,
            LOOKUPS_AT_ONCE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofVirtual().name("opendht-watch").factory());
    private final Semaphore streams;
    private final Lingering lingering;
    private boolean closed;

    private final Watching.Work work = new Watching.Work() {
        @Override
        public void later(long millis, Runnable task) {
            try {
                var _ = rest.alarms().schedule(task, millis, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                // Closed meanwhile: there is nothing left to do.
                System.getLogger("starling.dht").log(System.Logger.Level.DEBUG, "closed", e);
            }
        }

        @Override
        public boolean takeStream() {
            return streams.tryAcquire();
        }

        @Override
        public void giveStream() {
            streams.release();
        }

        @Override
        public long millis() {
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        }

        @Override
        public void soon(Runnable task) {
            try {
                turns.execute(task);
            } catch (RejectedExecutionException e) {
                System.getLogger("starling.dht").log(System.Logger.Level.DEBUG, "closed", e);
            }
        }

        @Override
        public boolean lookup(String key, Predicate<Signed> every) throws DhtException {
            var search = new Search(proxies, rest, clock, key, Dht.Limits.USUAL, _ -> false);
            search.every(every);
            return search.run();
        }
    };

    Watches(Proxies proxies, Rest rest, Clock clock, OpenDht.Patience patience) {
        this.proxies = proxies;
        this.rest = rest;
        this.clock = clock;
        this.patience = patience;
        streams = new Semaphore(patience.streams());
        lingering = new Lingering(patience.linger());
        turns.allowCoreThreadTimeOut(true);
        proxies.onFailure(proxy -> all().forEach(w -> w.failed(proxy)));
        var _ = rest.alarms().scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    Dht.Subscription watch(String key, Dht.Watcher watcher) throws DhtException {
        // A watcher may watch twice; each subscription is its own.
        var own = new Dht.Watcher() {
            @Override
            public void changed(Dht.Event event) {
                watcher.changed(event);
            }

            @Override
            public void complete() {
                watcher.complete();
            }
        };
        boolean first = false;
        Watching watching;
        List<Watching> ended = List.of();
        lock.lock();
        try {
            if (closed) throw new DhtException(502, "closed");
            lingering.remove(key);
            var here = byKey.get(key);
            if (here == null) {
                if (byKey.size() >= patience.streams() * KEYS_PER_STREAM || streams.availablePermits() == 0)
                    ended = end(lingering.all());
                if (byKey.size() >= patience.streams() * KEYS_PER_STREAM)
                    throw new DhtException(503, "too many keys are watched here");
                here = new Watching(key, proxies, rest, clock, patience.reread(), work);
                byKey.put(key, here);
                first = true;
            }
            watching = here;
            watching.users++;
        } finally {
            lock.unlock();
        }
        ended.forEach(Watching::close);
        // Not under our lock: telling takes as long as the watchers of that key take, and may call us.
        watching.add(own);
        if (first) watching.start();
        return () -> leave(key, watching, own);
    }

    private void leave(String key, Watching watching, Dht.Watcher watcher) {
        if (!watching.remove(watcher)) return;
        lock.lock();
        try {
            if (--watching.users > 0 || byKey.get(key) != watching) return;
            lingering.add(key, watching, work.millis());
        } finally {
            lock.unlock();
        }
        endLingering();
    }

    private void endLingering() {
        List<Watching> ended;
        lock.lock();
        try {
            ended = end(lingering.over(work.millis()));
        } finally {
            lock.unlock();
        }
        ended.forEach(Watching::close);
    }

    private List<Watching> end(List<String> keys) {
        return keys.stream().map(byKey::remove).toList();
    }

    private List<Watching> all() {
        lock.lock();
        try {
            return List.copyOf(byKey.values());
        } finally {
            lock.unlock();
        }
    }

    int keys() {
        return all().size();
    }

    void sweep() {
        endLingering();
        all().forEach(Watching::sweep);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        all().forEach(Watching::close);
        turns.shutdown();
        lock.lock();
        try {
            byKey.clear();
            var _ = lingering.all();
        } finally {
            lock.unlock();
        }
    }
}
