package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.SignedRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Look-ups that are kept: an absence for ten seconds; somebody found for a minute, or, while the engine tells what
/// changes under his keys, for ten; never longer than his records last. What changed is looked up anew by the next
/// who asks. Bounded: whoever was asked for longest ago is forgotten.
public final class LocationCache implements AutoCloseable {
    private static final Duration ABSENT = Duration.ofSeconds(10),
            UNWATCHED = Duration.ofMinutes(1),
            WATCHED = Duration.ofMinutes(10);
    private static final List<Kind> KINDS = List.of(Kind.CERT, Kind.DEVICES, Kind.LOCATION, Kind.REVOKED);

    private final LocationService service;
    private final int most;
    private final Map<Address, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /// @param most people kept, each of whom costs a watch of four keys
    public LocationCache(LocationService service, int most) {
        this.service = service;
        this.most = most;
    }

    /// Asks once for all who want to know the same at the same time.
    public LocationService.Lookup find(Address address) throws DhtException {
        Entry entry;
        synchronized (entries) {
            entry = entries.computeIfAbsent(address, Entry::new);
            if (entries.size() > most) {
                var eldest = entries.values().iterator();
                eldest.next().close();
                eldest.remove();
            }
        }
        return entry.find();
    }

    /// How many are kept now.
    public int size() {
        synchronized (entries) {
            return entries.size();
        }
    }

    @Override
    public void close() {
        synchronized (entries) {
            entries.values().forEach(Entry::close);
            entries.clear();
        }
    }

    private final class Entry implements AutoCloseable {
        private final Address address;
        private final List<Dht.Subscription> watches = new ArrayList<>();
        private Optional<Rendezvous.Master> master = Optional.empty();
        private LocalDate watchedOn = LocalDate.MIN;
        private LocationService.Lookup last = new LocationService.Absent(List.of());
        private Instant until = Instant.MIN;
        private boolean closed;
        // Set by the engine's threads, which must not wait for a look-up.
        private volatile boolean changed;

        Entry(Address address) {
            this.address = address;
        }

        synchronized LocationService.Lookup find() throws DhtException {
            Instant now = service.clock().instant();
            if (!changed && now.isBefore(until)) return last;
            boolean told = watch(now);
            // Before it is looked up: what changes meanwhile is looked up again.
            changed = false;
            last = service.find(address, master());
            until = end(last, now, told);
            return last;
        }

        private static Instant end(LocationService.Lookup lookup, Instant now, boolean told) {
            if (!(lookup instanceof LocationService.Found found)) return now.plus(ABSENT);
            Instant end = now.plus(told ? WATCHED : UNWATCHED);
            for (SignedRecord record : found.newest())
                if (record.kind() != Kind.REVOKED && record.expires().isBefore(end)) end = record.expires();
            return end;
        }

        private boolean watch(Instant now) {
            // The keys are those of a day, and of its neighbour around midnight.
            LocalDate day =
                    now.plus(Duration.ofHours(1)).atOffset(ZoneOffset.UTC).toLocalDate();
            if (closed) return false;
            if (day.equals(watchedOn)) return !watches.isEmpty();
            unwatch();
            try {
                for (Kind kind : KINDS)
                    for (Rendezvous place : master().around(kind, now))
                        watches.add(service.dht().watch(place.hexKey(), new News()));
                watchedOn = day;
                return true;
            } catch (DhtException e) {
                unwatch();
                return false;
            }
        }

        // Computed once: the keys of all days follow from it.
        private Rendezvous.Master master() {
            if (master.isEmpty()) master = Optional.of(Rendezvous.Master.of(address, service.network()));
            return master.get();
        }

        private void unwatch() {
            watches.forEach(Dht.Subscription::close);
            watches.clear();
            watchedOn = LocalDate.MIN;
        }

        @Override
        public synchronized void close() {
            closed = true;
            unwatch();
        }

        /// What was there when the watch began is no news.
        private final class News implements Dht.Watcher {
            private volatile boolean begun;

            @Override
            public void changed(Dht.Event event) {
                if (begun) changed = true;
            }

            @Override
            public void complete() {
                begun = true;
            }
        }
    }
}
