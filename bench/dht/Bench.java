import dev.starling.dht.Dht;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.locate.LocationService;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.SequenceMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/// Publishing and finding people in real OpenDHT networks of growing size, in turns with raw OpenDHT.
public final class Bench {
    private static final int[] SIZES = {8};
    private static final int WARM_UP = 20, ROUNDS = 40;
    private static final double LOOKUP_RATIO = 1.5;

    private Bench() {}

    public static void main(String[] args) throws Exception {
        Path out = Path.of(args[0]);
        var options = List.of(args).subList(1, args.length);
        var report = new Report();
        for (int size : SIZES) {
            try (var _ = new Nodes(size)) {
                operations(size, fresh(out.resolve("peer" + size)), report);
            }
        }
        if (!options.contains("--short")) {
            try (var nodes = new Nodes(32)) {
                Keeping.measure(nodes, fresh(out.resolve("peer-keep")), report);
            }
        }
        if (options.contains("--write")) report.write(Path.of("docs", "bench-dht.md"));
        System.exit(report.isShort() ? 1 : 0);
    }

    private static Path fresh(Path folder) throws Exception {
        if (Files.exists(folder))
            try (var all = Files.walk(folder)) {
                for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) Files.delete(each);
            }
        return Files.createDirectories(folder);
    }

    private interface Work {
        void run() throws Exception;
    }

    private static double millis(Work work) throws Exception {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e6;
    }

    /// One kind of operation: how long each took and what it sent.
    private static final class Series {
        private final List<Double> millis = new ArrayList<>();
        private long datagrams;

        void add(boolean counts, Work work) throws Exception {
            var before = Traffic.now();
            double took = millis(work);
            if (!counts) return;
            millis.add(took);
            datagrams += Traffic.now().since(before).datagrams();
        }

        void report(Report report, String what) {
            report.line(
                    what,
                    Report.spread(millis)
                            + String.format(
                                    Locale.ROOT, ", %.1f datagrams each", (double) datagrams / millis.size()));
        }

        double median() {
            return Report.percentile(millis, 0.5);
        }
    }

    private static void operations(int size, Path folder, Report report) throws Exception {
        var people = new People();
        try (Dht dht = Ours.open(Nodes.proxies(), folder);
                var raw = new Raw(Nodes.proxy(0))) {
            Series rawPut = new Series(), ourPut = new Series(), rawFind = new Series(), ourFind = new Series();
            Series first = new Series();
            for (int i = 0; i < WARM_UP + ROUNDS; i++) {
                boolean counts = i >= WARM_UP;
                var person = people.person("person" + i + "@example.net");
                var values = publish(dht, person, ourPut, counts);
                var keys = new ArrayList<String>();
                for (byte[] value : values) {
                    String key = randomKey();
                    keys.add(key);
                    rawPut.add(counts, () -> raw.put(key, value));
                }
                // Looked up as everybody does: REVOKED too, under which nothing lies.
                keys.add(randomKey());
                rawFind.add(counts, () -> expect(values.size(), raw.count(keys)));
                // A reader who knows nothing yet; the hardening of the address is measured apart.
                var service = service(dht, people);
                ourFind.add(counts, () -> found(service, person));
                first.add(counts, () -> Rendezvous.Master.of(new Address(person.address().toString()), People.NETWORK));
            }
            rawPut.report(report, "publish one value, raw OpenDHT, " + size + " nodes");
            ourPut.report(report, "publish one record: signed, sealed, put, " + size + " nodes");
            rawFind.report(report, "read the four keys of a person to the end, raw OpenDHT, " + size + " nodes");
            ourFind.report(report, "look-up of a person, every value verified, " + size + " nodes");
            report.line("address to keys (scrypt, once for an address), " + size + " nodes", Report.spread(first.millis));
            report.bar(
                    "look-up, ours to raw, " + size + " nodes",
                    ourFind.median() / rawFind.median(),
                    LOOKUP_RATIO,
                    "");
        }
    }

    private static List<byte[]> publish(Dht dht, People.Person person, Series series, boolean counts) throws Exception {
        var values = new ArrayList<byte[]>();
        for (var body : People.bodies(person).entrySet()) {
            var place = person.master().around(body.getKey(), Instant.now()).getFirst();
            series.add(counts, () -> {
                byte[] value = People.value(person, place, body.getValue());
                values.add(value);
                put(dht, place, person.device().id(), value);
            });
        }
        return values;
    }

    static void put(Dht dht, Rendezvous place, DeviceId device, byte[] value) throws Exception {
        dht.put(
                place.hexKey(),
                new Dht.Value(place.valueId(device), Dht.Owner.local(device.hex().substring(0, 24)), value),
                dht.caps().ttl());
    }

    private static LocationService service(Dht dht, People people) {
        var verifier = people.verifier();
        var opener =
                new RecordOpener(People.NETWORK, verifier, SequenceMemory.inMemory(1000), Clock.systemUTC());
        return new LocationService(dht, People.NETWORK, verifier, opener, Clock.systemUTC());
    }

    private static void found(LocationService service, People.Person person) throws Exception {
        var lookup = service.find(person.address());
        if (!(lookup instanceof LocationService.Found found) || found.verified().size() != 1)
            throw new IllegalStateException(person.address() + ": " + lookup);
    }

    private static void expect(int wanted, int got) {
        if (got < wanted) throw new IllegalStateException("raw: " + got + " of " + wanted + " values");
    }

    private static String randomKey() {
        byte[] key = new byte[20];
        ThreadLocalRandom.current().nextBytes(key);
        return HexFormat.of().formatHex(key);
    }
}
