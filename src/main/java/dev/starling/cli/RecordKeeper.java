package dev.starling.cli;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.identity.Address;
import dev.starling.locate.LocationService;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Looks after CERT and DEVICES of the addresses this peer serves: the client seals them for a day, the peer
/// seals them anew each day until they expire, so that somebody asleep stays known.
final class RecordKeeper implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.peer");
    private static final int MAX_ADDRESSES = 20_000;
    private static final String OWNER = "keeper";

    private final LocationService location;
    private final Publications publications;
    private final Clock clock;
    private final Map<Address, LocalDate> served = new LinkedHashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("record-keeper").factory());

    RecordKeeper(LocationService location, Publications publications, Clock clock) {
        this.location = location;
        this.publications = publications;
        this.clock = clock;
        var _ = timer.scheduleWithFixedDelay(this::reseal, 10, 10, TimeUnit.MINUTES);
    }

    void registered(Address address) {
        synchronized (served) {
            if (served.size() < MAX_ADDRESSES) served.putIfAbsent(address, LocalDate.MIN);
        }
    }

    private void reseal() {
        LocalDate today = clock.instant().atOffset(ZoneOffset.UTC).toLocalDate();
        for (Address address : due(today)) {
            try {
                var master = Rendezvous.Master.of(address, location.network());
                for (var seen : location.find(address).seen())
                    seen.record().ifPresent(record -> put(master, record, today.plusDays(1)));
                synchronized (served) {
                    served.put(address, today);
                }
            } catch (DhtException e) {
                LOG.log(System.Logger.Level.INFO, () -> "records are sealed anew later: " + e.getMessage());
            }
        }
    }

    private java.util.List<Address> due(LocalDate today) {
        synchronized (served) {
            return served.entrySet().stream()
                    .filter(e -> e.getValue().isBefore(today))
                    .map(Map.Entry::getKey)
                    .limit(200)
                    .toList();
        }
    }

    private void put(Rendezvous.Master master, SignedRecord record, LocalDate day) {
        if (record.kind() != Kind.CERT && record.kind() != Kind.DEVICES) return;
        Rendezvous place = master.at(record.kind(), day);
        long until = Math.min(
                record.expires().getEpochSecond(), day.plusDays(1).atTime(1, 0).toEpochSecond(ZoneOffset.UTC));
        try {
            var _ = publications.publish(
                    place.hexKey(),
                    new Dht.Value(
                            place.valueId(record.device()),
                            Dht.Owner.local(OWNER + record.device().hex().substring(0, 24)),
                            Sealed.seal(place, record.bytes())),
                    until);
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "not sealed anew: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
