import com.sun.management.OperatingSystemMXBean;
import dev.starling.dht.Dht;
import dev.starling.dht.Publications;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/// What it costs to keep a thousand people published for one whole period of putting again.
final class Keeping {
    private static final int USERS = 1000, AT_ONCE = 16, VALUES = 4;
    private static final double SHARE = 0.1;

    private Keeping() {}

    static void measure(Nodes nodes, Path folder, Report report) throws Exception {
        var people = new People();
        try (Dht dht = Ours.open(Nodes.proxies(), folder);
                var kept = new Publications(
                        dht, folder.resolve("publications.db"), Publications.Bounds.USUAL, Clock.systemUTC())) {
            long start = System.nanoTime();
            publish(people, kept);
            report.line(
                    "first publication of " + USERS + " people (" + VALUES + " values each)",
                    "%.1f s".formatted((System.nanoTime() - start) / 1e9));
            // Publications are spread over the last tenth of a period, so a window of one period holds each once.
            Duration period = dht.caps().refresh();
            var traffic = Traffic.now();
            double[] cpuNodes = nodes.cpu();
            double own = ownCpu();
            Thread.sleep(period);
            var sent = Traffic.now().since(traffic);
            double ours = ownCpu() - own;
            double[] after = nodes.cpu();
            double perHour = Duration.ofHours(1).toMillis() / (double) period.toMillis();
            report.line(
                    "keeping " + USERS + " people, all traffic of 32 nodes and the REST calls",
                    "%.0f kB and %.0f datagrams a user and hour"
                            .formatted(
                                    sent.bytes() * perHour / USERS / 1000, sent.datagrams() * perHour / USERS));
            double seconds = period.toMillis() / 1000.0;
            double share = (ours + after[0] - cpuNodes[0]) / seconds;
            report.line(
                    "CPU of the peer, of its dhtnode, of all 32 nodes, for " + USERS + " people",
                    "%.2f %%, %.2f %%, %.2f %% of a core"
                            .formatted(
                                    ours / seconds * 100,
                                    (after[0] - cpuNodes[0]) / seconds * 100,
                                    (after[1] - cpuNodes[1]) / seconds * 100));
            report.line("users one peer keeps published at 10 % of a core", "%.0f".formatted(USERS * SHARE / share));
        }
    }

    private static void publish(People people, Publications kept) throws Exception {
        var permits = new Semaphore(AT_ONCE);
        try (var workers = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new java.util.ArrayList<Future<?>>();
            for (int i = 0; i < USERS; i++) {
                var person = people.person("kept" + i + "@example.net");
                all.add(workers.submit(() -> {
                    permits.acquire();
                    try {
                        publish(person, kept);
                    } finally {
                        permits.release();
                    }
                    return null;
                }));
            }
            for (var each : all) each.get();
        }
    }

    private static void publish(People.Person person, Publications kept) throws Exception {
        byte[] friendsKey = new byte[32];
        new SecureRandom().nextBytes(friendsKey);
        var bodies = People.bodies(person);
        for (var body : bodies.entrySet()) keep(kept, person, person.master(), body.getKey(), bodies);
        keep(kept, person, Rendezvous.Master.ofFriendsKey(friendsKey), Kind.LOCATION, bodies);
    }

    private static void keep(
            Publications kept,
            People.Person person,
            Rendezvous.Master master,
            Kind kind,
            java.util.Map<Kind, dev.starling.identity.cbor.CborMap> bodies)
            throws Exception {
        for (var place : List.of(master.around(kind, Instant.now()).getFirst())) {
            byte[] value = People.value(person, place, bodies.get(kind));
            var owner = Dht.Owner.local(person.device().id().hex().substring(0, 24));
            var stored = new Dht.Value(place.valueId(person.device().id()), owner, value);
            var _ = kept.publish(place.hexKey(), stored, Instant.now().getEpochSecond() + 12 * 3600);
        }
    }

    private static double ownCpu() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }
}
