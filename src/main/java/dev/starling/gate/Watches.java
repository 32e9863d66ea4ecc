package dev.starling.gate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/// One watch of the engine for all listeners of a key: whoever comes later is told what is there from memory. What
/// lies under a key beyond a bound, or when much is kept already, is not kept; then each listener has a watch of his
/// own.
final class Watches {
    private static final long MAX_KEPT_BYTES = 64 * 1024;

    private final Dht dht;
    private final long mostBytesOfAll;
    private final AtomicLong bytesOfAll = new AtomicLong();
    private final Map<String, Shared> byKey = new HashMap<>();

    Watches(Dht dht, long mostBytesOfAll) {
        this.dht = dht;
        this.mostBytesOfAll = mostBytesOfAll;
    }

    Dht.Subscription watch(String key, Dht.Watcher watcher) throws DhtException {
        Shared shared;
        synchronized (byKey) {
            shared = byKey.computeIfAbsent(key, Shared::new);
            shared.users++;
        }
        try {
            var own = shared.join(watcher);
            return () -> {
                own.ifPresent(Dht.Subscription::close);
                leave(key, shared, watcher);
            };
        } catch (DhtException e) {
            leave(key, shared, watcher);
            throw e;
        }
    }

    private void leave(String key, Shared shared, Dht.Watcher watcher) {
        boolean last;
        synchronized (byKey) {
            last = --shared.users == 0;
            if (last) byKey.remove(key);
        }
        shared.leave(watcher, last);
    }

    /// Keys watched now.
    int size() {
        synchronized (byKey) {
            return byKey.size();
        }
    }

    /// The engine is only called without `lock`: it tells us things, and so takes that lock, while it holds locks of
    /// its own.
    private final class Shared implements Dht.Watcher {
        private record Name(long id, ByteBuffer data) {}

        private final String key;
        // Held while the engine is asked, so that it is asked once; never taken by what the engine tells.
        private final ReentrantLock opening = new ReentrantLock();
        private final ReentrantLock lock = new ReentrantLock();
        private final List<Dht.Watcher> watchers = new ArrayList<>();
        private final Map<Name, Dht.Value> present = new LinkedHashMap<>();
        private Optional<Dht.Subscription> watch = Optional.empty();
        private long bytes;
        private boolean complete, tooMuch;
        // Guarded by `byKey`.
        private int users;

        Shared(String key) {
            this.key = key;
        }

        /// A watch of his own, where there is too much to be kept.
        Optional<Dht.Subscription> join(Dht.Watcher watcher) throws DhtException {
            opening.lock();
            try {
                if (isTold(watcher)) return Optional.empty();
                if (isFull()) return Optional.of(dht.watch(key, watcher));
                var opened = dht.watch(key, this);
                lock.lock();
                try {
                    watch = Optional.of(opened);
                } finally {
                    lock.unlock();
                }
                return Optional.empty();
            } finally {
                opening.unlock();
            }
        }

        // False when the engine must be asked. Where there is too much he is told nothing here.
        private boolean isTold(Dht.Watcher watcher) {
            lock.lock();
            try {
                if (tooMuch) return false;
                watchers.add(watcher);
                if (watch.isEmpty()) return false;
                for (Dht.Value value : present.values()) watcher.changed(new Dht.Event(value, false));
                if (complete) watcher.complete();
                return true;
            } finally {
                lock.unlock();
            }
        }

        private boolean isFull() {
            lock.lock();
            try {
                return tooMuch;
            } finally {
                lock.unlock();
            }
        }

        void leave(Dht.Watcher watcher, boolean last) {
            Optional<Dht.Subscription> ended;
            lock.lock();
            try {
                watchers.remove(watcher);
                if (!last) return;
                ended = watch;
                watch = Optional.empty();
                drop();
            } finally {
                lock.unlock();
            }
            ended.ifPresent(Dht.Subscription::close);
        }

        @Override
        public void changed(Dht.Event event) {
            lock.lock();
            try {
                keep(event);
                for (Dht.Watcher each : watchers) each.changed(event);
            } finally {
                lock.unlock();
            }
        }

        private void keep(Dht.Event event) {
            var name =
                    new Name(event.value().id(), ByteBuffer.wrap(event.value().data()));
            int size = event.value().data().length;
            if (event.expired()) {
                if (present.remove(name) != null) add(-size);
            } else if (!tooMuch && present.put(name, event.value()) == null) {
                add(size);
            }
            if (bytes > MAX_KEPT_BYTES || (bytes > 0 && bytesOfAll.get() > mostBytesOfAll)) drop();
        }

        private void add(long more) {
            bytes += more;
            bytesOfAll.addAndGet(more);
        }

        // For good, until the last listener has gone: what is not kept cannot be told.
        private void drop() {
            tooMuch = true;
            present.clear();
            add(-bytes);
        }

        @Override
        public void complete() {
            lock.lock();
            try {
                complete = true;
                for (Dht.Watcher each : watchers) each.complete();
            } finally {
                lock.unlock();
            }
        }
    }
}
