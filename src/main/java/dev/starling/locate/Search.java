package dev.starling.locate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// One look-up of an address: all its places at once. Lists and revocations are read to their end, for a second root,
/// a fork or a revocation may stand there last; certificates only until each device on the lists has shown its own,
/// and places a moment longer.
final class Search {
    private static final long GRACE_MILLIS = 300;

    private final Dht dht;
    private final RecordOpener opener;
    private final Address address;
    private final Evidence evidence;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final List<Thread> readers = new ArrayList<>();
    private int whole, others, places;
    private volatile boolean over;
    private Optional<DhtException> failure = Optional.empty();
    private volatile boolean certificatesCut;

    Search(Dht dht, RecordOpener opener, Address address, Evidence evidence) {
        this.dht = dht;
        this.opener = opener;
        this.address = address;
        this.evidence = evidence;
    }

    /// @throws DhtException when what must be read whole could not be: too much lies there, or the DHT fails
    void run(Rendezvous.Master master, Instant now) throws DhtException {
        for (Kind kind : List.of(Kind.DEVICES, Kind.REVOKED, Kind.CERT, Kind.LOCATION))
            for (Rendezvous place : master.around(kind, now)) begin(place);
        try {
            until(Long.MAX_VALUE, () -> whole == 0);
            if (failure.isEmpty()) {
                until(Long.MAX_VALUE, () -> others == 0 || evidence.isProven());
                // Not the first place of a device: one source may be quick to show where it was before.
                until(GRACE_MILLIS, () -> places == 0);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DhtException(502, "interrupted");
        } finally {
            over = true;
            readers.forEach(Thread::interrupt);
        }
        if (failure.isPresent()) throw failure.get();
        if (certificatesCut && !evidence.isProven()) throw cut(Kind.CERT);
    }

    private void until(long millis, BooleanSupplier holds) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(millis);
            while (!holds.getAsBoolean() && left > 0) left = more.awaitNanos(left);
        } finally {
            lock.unlock();
        }
    }

    private void begin(Rendezvous place) {
        boolean toItsEnd = place.kind() == Kind.DEVICES || place.kind() == Kind.REVOKED;
        if (toItsEnd) whole++;
        else others++;
        if (place.kind() == Kind.LOCATION) places++;
        readers.add(Thread.ofVirtual().name("look-up").start(() -> read(place, toItsEnd)));
    }

    private void read(Rendezvous place, boolean toItsEnd) {
        Optional<DhtException> failed = Optional.empty();
        try {
            boolean whole = dht.lookup(place.hexKey(), Dht.Limits.USUAL, value -> {
                if (!over) take(place, value);
                return over;
            });
            if (!whole && toItsEnd) failed = Optional.of(cut(place.kind()));
            if (!whole && place.kind() == Kind.CERT) certificatesCut = true;
        } catch (DhtException e) {
            failed = Optional.of(e);
        }
        lock.lock();
        try {
            // A place that cannot be read hides nothing that would take a device out; lists and certificates may.
            if (place.kind() != Kind.LOCATION && failure.isEmpty() && !over) failure = failed;
            if (toItsEnd) whole--;
            else others--;
            if (place.kind() == Kind.LOCATION) places--;
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // A root, a fork or a revocation may stand in what was not read.
    private static DhtException cut(Kind kind) {
        return new DhtException(503, "more lies there than is read, so that not all is known (" + kind + ")");
    }

    private void take(Rendezvous place, Dht.Value value) {
        try {
            byte[] record = Sealed.open(place, value.data());
            if (place.kind() == Kind.REVOKED) evidence.believe(opener.revocation(record, address));
            else evidence.believe(opener.open(record, place.kind(), address));
        } catch (IdentityException e) {
            evidence.refuse(place.kind(), e);
            return;
        }
        lock.lock();
        try {
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
