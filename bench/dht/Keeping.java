import com.sun.management.OperatingSystemMXBean;
import dev.starling.dht.Dht;
import dev.starling.dht.Publications;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/// What it costs to keep a thousand people published for one whole period of putting again.
final class Keeping {
    private static final int USERS = 1000, AT_ONCE = 16, VALUES = 4;
    private static final int LOOKED_AT = 40;
    private static final double SHARE = 0.1;
    private static final Duration IDLE = Duration.ofSeconds(60), HELD = Duration.ofHours(12);

    private Keeping() {}

    static void measure(Nodes nodes, Path folder, Report report) throws Exception {
        var people = new People();
        try (Dht dht = Ours.open(Nodes.proxies(), folder);
                var kept = new Publications(
                        dht, folder.resolve("publications.db"), Publications.Bounds.USUAL, Clock.systemUTC())) {
            var idle = Spent.during(nodes, IDLE);
            report.line(
                    "32 nodes with nothing to keep, all traffic", idle.traffic("%.0f kB and %.0f datagrams an hour", 1));
            long start = System.nanoTime();
            var keys = publish(people, kept);
            report.line(
                    "first publication of " + USERS + " people, " + VALUES + " values each",
                    "%.1f s".formatted((System.nanoTime() - start) / 1e9));
            // Publications are spread over the last tenth of a period, so a window of one period holds each once.
            var spent = Spent.during(nodes, dht.caps().refresh());
            expectAll(keys);
            report.line(
                    "keeping " + USERS + " people, all traffic of 32 nodes and the REST calls",
                    spent.traffic("%.1f kB and %.1f datagrams a user and hour", USERS));
            report.line(
                    "CPU of the peer, of the two nodes it speaks to, of all 32, for " + USERS + " people",
                    "%.2f %%, %.2f %%, %.2f %% of a core"
                            .formatted(spent.peer * 100, spent.proxies * 100, spent.nodes * 100));
            report.line(
                    "users one peer keeps published at 10 % of a core, its two nodes included",
                    "%.0f".formatted(USERS * SHARE / (spent.peer + spent.proxies)));
        }
    }

    /// @param peer and `proxies`, `nodes`: shares of a core
    private record Spent(Traffic sent, double hours, double peer, double proxies, double nodes) {
        static Spent during(Nodes nodes, Duration time) throws Exception {
            var traffic = Traffic.now();
            double[] before = nodes.cpu();
            double own = ownCpu();
            long start = System.nanoTime();
            Thread.sleep(time);
            double seconds = (System.nanoTime() - start) / 1e9;
            double[] after = nodes.cpu();
            return new Spent(
                    Traffic.now().since(traffic),
                    seconds / 3600,
                    (ownCpu() - own) / seconds,
                    (after[0] - before[0]) / seconds,
                    (after[1] - before[1]) / seconds);
        }

        String traffic(String format, int users) {
            return format.formatted(sent.bytes() / hours / users / 1000, sent.datagrams() / hours / users);
        }
    }

    // The nodes forget after ten minutes: what lies there now was put again.
    private static void expectAll(List<String> keys) throws Exception {
        try (var raw = new Raw(Nodes.proxies())) {
            for (int i = 0; i < keys.size(); i += LOOKED_AT) {
                String key = keys.get(i);
                if (raw.count(List.of(key), 1) < 1) throw new IllegalStateException("not kept: " + key);
            }
        }
    }

    private static List<String> publish(People people, Publications kept) throws Exception {
        var keys = new ConcurrentLinkedQueue<String>();
        var permits = new Semaphore(AT_ONCE);
        try (var workers = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ArrayList<Future<?>>();
            for (int i = 0; i < USERS; i++) {
                var person = people.person("kept" + i + "@example.net");
                all.add(workers.submit(() -> {
                    permits.acquire();
                    try {
                        publish(person, kept, keys);
                    } finally {
                        permits.release();
                    }
                    return null;
                }));
            }
            for (var each : all) each.get();
        }
        return List.copyOf(keys);
    }

    private static void publish(People.Person person, Publications kept, Queue<String> keys) throws Exception {
        byte[] friendsKey = new byte[32];
        new SecureRandom().nextBytes(friendsKey);
        var bodies = People.bodies(person);
        var places = new HashMap<Rendezvous, CborMap>();
        for (var body : bodies.entrySet()) places.put(place(person.master(), body.getKey()), body.getValue());
        places.put(place(Rendezvous.Master.ofFriendsKey(friendsKey), Kind.LOCATION), bodies.get(Kind.LOCATION));
        var owner = Dht.Owner.local(person.device().id().hex().substring(0, 24));
        for (var each : places.entrySet()) {
            Rendezvous place = each.getKey();
            byte[] value = People.value(person, place, each.getValue());
            var stored = new Dht.Value(place.valueId(person.device().id()), owner, value);
            var _ = kept.publish(place.hexKey(), stored, Instant.now().plus(HELD).getEpochSecond());
            keys.add(place.hexKey());
        }
    }

    private static Rendezvous place(Rendezvous.Master master, Kind kind) {
        return master.around(kind, Instant.now()).getFirst();
    }

    private static double ownCpu() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }
}
