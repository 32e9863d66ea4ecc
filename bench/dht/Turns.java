import dev.starling.dht.Dht;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.locate.LocationService;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.SequenceMemory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/// Ours and raw OpenDHT in turns, each round with a person and with keys that nobody has asked for.
final class Turns implements AutoCloseable {
    private static final double LOOKUP_RATIO = 1.5;

    private final People people = new People();
    private final Raw raw = new Raw(Nodes.proxies());
    private final Dht dht;
    private final Series rawPut = new Series(), ourPut = new Series();
    private final Series rawOne = new Series(), rawBoth = new Series(), ourFind = new Series();
    private final Series hardening = new Series();
    private int rounds;

    Turns(Path folder) throws Exception {
        dht = Ours.open(Nodes.proxies(), folder);
    }

    void round(boolean counts) throws Exception {
        var person = people.person("person" + rounds++ + "@example.net");
        var values = publish(person, counts);
        var forOne = putRaw(values, counts);
        var forBoth = putRaw(values, counts);
        rawOne.add(counts, () -> expect(values.size(), raw.count(forOne, 1)));
        rawBoth.add(counts, () -> expect(values.size(), raw.count(forBoth, Nodes.PROXIES)));
        // A reader who has seen nothing of this person, but has his master: scrypt is measured apart.
        var service = service();
        ourFind.add(counts, () -> found(service.find(person.address(), person.master())));
        hardening.add(counts, () -> Rendezvous.Master.of(new Address(person.address().toString()), People.NETWORK));
    }

    private List<byte[]> publish(People.Person person, boolean counts) throws Exception {
        var values = new ArrayList<byte[]>();
        for (var body : People.bodies(person).entrySet()) {
            var place = person.master().around(body.getKey(), Instant.now()).getFirst();
            ourPut.add(counts, () -> {
                byte[] value = People.value(person, place, body.getValue());
                values.add(value);
                put(place, person.device().id(), value);
            });
        }
        return values;
    }

    private void put(Rendezvous place, DeviceId device, byte[] value) throws Exception {
        var owner = Dht.Owner.local(device.hex().substring(0, 24));
        dht.put(place.hexKey(), new Dht.Value(place.valueId(device), owner, value), dht.caps().ttl());
    }

    // A fourth key, under which nothing lies: as with REVOKED of nearly everybody.
    private List<String> putRaw(List<byte[]> values, boolean counts) throws Exception {
        var keys = new ArrayList<String>(List.of(randomKey()));
        for (byte[] value : values) {
            String key = randomKey();
            keys.add(key);
            rawPut.add(counts, () -> raw.put(key, value));
        }
        return keys;
    }

    private LocationService service() {
        var verifier = people.verifier();
        var opener = new RecordOpener(People.NETWORK, verifier, SequenceMemory.inMemory(1000), Clock.systemUTC());
        return new LocationService(dht, People.NETWORK, verifier, opener, Clock.systemUTC());
    }

    private static void found(LocationService.Lookup lookup) {
        if (!(lookup instanceof LocationService.Found found) || found.verified().size() != 1)
            throw new IllegalStateException("not found: " + lookup);
    }

    private static void expect(int wanted, int got) {
        if (got < wanted) throw new IllegalStateException("raw: " + got + " of " + wanted + " values");
    }

    private static String randomKey() {
        byte[] key = new byte[20];
        ThreadLocalRandom.current().nextBytes(key);
        return HexFormat.of().formatHex(key);
    }

    void report(Report report, int size) {
        String nodes = ", " + size + " nodes";
        rawPut.report(report, "publish a value, raw OpenDHT" + nodes);
        ourPut.report(report, "publish a record: signed, sealed, put" + nodes);
        report.line("publish, ours to raw" + nodes, "%.2f".formatted(ourPut.median() / rawPut.median()));
        rawOne.report(report, "four keys read through one proxy, raw OpenDHT" + nodes);
        rawBoth.report(report, "four keys read through two proxies, raw OpenDHT" + nodes);
        ourFind.report(report, "look-up of a person, every value verified" + nodes);
        report.bar(
                "look-up, ours to raw that asks the same" + nodes,
                ourFind.median() / rawBoth.median(),
                LOOKUP_RATIO,
                "");
        report.line(
                "look-up, ours to raw through one proxy" + nodes,
                "%.2f".formatted(ourFind.median() / rawOne.median()));
        report.line("address to keys (scrypt)" + nodes, hardening.spread());
    }

    @Override
    public void close() {
        raw.close();
        dht.close();
    }
}
