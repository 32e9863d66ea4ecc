package dev.starling.cli;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.identity.Address;
import dev.starling.locate.DayChange;
import dev.starling.locate.LocationService;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Looks after CERT, DEVICES and REVOKED of the addresses this peer serves, and PEERS of domains, so that somebody
/// asleep stays known: in
/// the hour before midnight UTC what is newest of each device is sealed for the day to come, until it expires.
///
/// Only the newest: what was withdrawn is a tombstone, which is kept alive too, so that an older copy which somebody
/// still holds does not count. Sleeps until the next one is due.
final class RecordKeeper implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.peer");
    private static final List<Kind> KEPT = List.of(Kind.CERT, Kind.DEVICES, Kind.REVOKED);
    private static final Duration AGAIN = Duration.ofMinutes(5), LONGEST_SLEEP = Duration.ofMinutes(10);
    private static final int MISSES = 3;
    private static final String OWNER = "keeper";

    private final LocationService location;
    private final Publications publications;
    private final Served served;
    private final Clock clock;
    private final RandomGenerator random;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("record-keeper").factory());

    RecordKeeper(
            LocationService location, Publications publications, Served served, Clock clock, RandomGenerator random) {
        this.location = location;
        this.publications = publications;
        this.served = served;
        this.clock = clock;
        this.random = random;
        sleep(Duration.ofSeconds(10));
    }

    private void sleep(Duration time) {
        var _ = timer.schedule(this::wake, time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void wake() {
        Duration next = LONGEST_SLEEP;
        try {
            next = reseal();
        } catch (RuntimeException e) {
            // Caught whatever it is: an exception would end the schedule for good.
            LOG.log(System.Logger.Level.WARNING, "records are not sealed anew", e);
        }
        if (!timer.isShutdown()) sleep(next);
    }

    void registered(Address address) {
        // What the client published lasts until then.
        if (!served.add(address, DayChange.after(clock.instant(), random)))
            LOG.log(System.Logger.Level.WARNING, "more addresses than are looked after");
    }

    /// Somebody certified for an address published something. Whoever recommends the peers of a domain registers
    /// nowhere, and is looked after all the same.
    void published(Address address) {
        if (speaksForDomain(address)) registered(address);
    }

    private static boolean speaksForDomain(Address address) {
        return address.text().startsWith("peers@");
    }

    /// Seals anew what is due; says how long there is nothing to do. The clock may be set meanwhile: not for long.
    Duration reseal() {
        for (var first = served.first(); first.isPresent(); first = served.first()) {
            Instant now = clock.instant();
            var due = first.get();
            if (due.at().isAfter(now)) {
                Duration left = Duration.between(now, due.at());
                return left.compareTo(LONGEST_SLEEP) < 0 ? left : LONGEST_SLEEP;
            }
            try {
                boolean found = reseal(due.address(), now);
                if (!found && due.misses() + 1 >= MISSES) served.remove(due.address());
                else served.next(due.address(), DayChange.after(now, random), found ? 0 : due.misses() + 1);
            } catch (DhtException e) {
                LOG.log(System.Logger.Level.INFO, () -> "records are sealed anew later: " + e.getMessage());
                served.next(due.address(), now.plus(AGAIN), due.misses());
                return Duration.ofSeconds(10);
            }
        }
        return LONGEST_SLEEP;
    }

    private boolean reseal(Address address, Instant now) throws DhtException {
        var master = Rendezvous.Master.of(address, location.network());
        var records = new ArrayList<SignedRecord>();
        if (location.find(address, master) instanceof LocationService.Found found) records.addAll(found.newest());
        records.removeIf(record -> !KEPT.contains(record.kind()));
        if (speaksForDomain(address)) records.addAll(location.recommendations(address));
        for (SignedRecord record : records)
            for (Rendezvous place : master.around(record.kind(), now)) put(place, record);
        return !records.isEmpty();
    }

    private void put(Rendezvous place, SignedRecord record) {
        long end = place.day().plusDays(1).atTime(1, 0).toEpochSecond(ZoneOffset.UTC);
        try {
            var _ = publications.publish(
                    place.hexKey(),
                    new Dht.Value(
                            place.valueId(record.device()),
                            Dht.Owner.local(OWNER + record.device().hex().substring(0, 24)),
                            Sealed.seal(place, record.bytes())),
                    Math.min(record.expires().getEpochSecond(), end));
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "not sealed anew: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
