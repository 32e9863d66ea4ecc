package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.dht.opendht.DhtNodes;
import dev.starling.dht.opendht.OpenDht;
import dev.starling.dht.opendht.SlotKeys;
import dev.starling.locate.People.Person;
import dev.starling.locate.People.Told;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Of 32 nodes half die and are replaced within minutes, while 200 people whom two peers keep published are looked
/// up again and again; in the end all proxies of both peers die at once, and come back empty.
@Tag("long")
@org.jspecify.annotations.NullUnmarked
class OpenDhtChurnTest {
    // STARLING_CHURN_MINUTES: how long half of the nodes take to die.
    private static final double MINUTES =
            Double.parseDouble(System.getenv().getOrDefault("STARLING_CHURN_MINUTES", "10"));
    private static final int NODES = 32, PROXIES = 4, PEOPLE = 200, READERS = 4, PUBLISHERS = 8, RECORDS = 3;
    private static final double ANSWERED = 0.995;
    private static final Duration RECOVERY = Duration.ofMinutes(2);

    private final Random random = new Random(20261125);
    private final AtomicInteger right = new AtomicInteger(), nothing = new AtomicInteger(), wrong = new AtomicInteger();
    private final ConcurrentLinkedQueue<Long> took = new ConcurrentLinkedQueue<>();

    @TempDir
    Path folder;

    private OpenDht engine(List<java.net.URI> proxies, String name) throws IOException {
        return new OpenDht(proxies, SlotKeys.in(folder.resolve(name)), Clock.systemUTC(), OpenDht.Patience.USUAL);
    }

    private Publications publications(Dht dht, String name) throws DhtException {
        return new Publications(dht, folder.resolve(name), Publications.Bounds.USUAL, Clock.systemUTC());
    }

    @Test
    void halfOfTheNodesAreReplacedAndEverybodyIsFound() throws Exception {
        var clock = new StandingClock();
        clock.pass(Duration.between(clock.instant(), Instant.now()));
        try (var nodes = DhtNodes.start(NODES, PROXIES);
                var a = engine(nodes.proxies().subList(0, 2), "a.key");
                var b = engine(nodes.proxies().subList(2, 4), "b.key");
                var keepsA = publications(a, "a.db");
                var keepsB = publications(b, "b.db")) {
            var people = new People(new World(a, clock), PEOPLE);
            var peers = List.of(keepsA, keepsB);
            long begin = System.nanoTime();
            publish(people, peers);
            String published = (System.nanoTime() - begin) / 1_000_000 + " ms";
            churn(nodes, people, List.of(a, b));
            System.out.println("look-ups: right, nothing, wrong: " + right + ", " + nothing + ", " + wrong);
            String recovery = recovery(nodes, people, List.of(a, b), peers);
            table(published, recovery);
            double answered = (double) right.get() / (right.get() + nothing.get() + wrong.get());
            assertEquals(0, wrong.get(), "wrong answers");
            assertTrue(answered >= ANSWERED, "answered " + answered);
        }
    }

    private static void publish(People people, List<Publications> peers) throws Exception {
        try (var pool = Executors.newFixedThreadPool(PUBLISHERS)) {
            var all = new ArrayList<Future<Integer>>();
            for (Person each : people.all()) all.add(pool.submit(() -> people.publish(each, peers)));
            int taken = 0;
            for (var each : all) taken += each.get();
            int given = PEOPLE * RECORDS * peers.size();
            assertTrue(taken >= given * ANSWERED, taken + " of " + given + " were taken");
        }
    }

    private void churn(DhtNodes nodes, People people, List<OpenDht> engines) throws Exception {
        var over = new CountDownLatch(1);
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < READERS; i++) {
                var mine = new Random(random.nextLong());
                var _ = pool.submit(() -> look(people, engines, mine, over));
            }
            var doomed = new ArrayList<>(nodes.nodes());
            Collections.shuffle(doomed, random);
            long pause = (long) (MINUTES * 60_000 / (NODES / 2));
            for (var victim : doomed.subList(0, NODES / 2)) {
                victim.kill();
                // A proxy is somebody's own node, which its peer starts again where it was.
                var _ = victim.proxy() == null ? nodes.add(false) : nodes.again(victim);
                boolean _ = over.await(pause, TimeUnit.MILLISECONDS);
            }
            over.countDown();
        }
    }

    private void look(People people, List<OpenDht> engines, Random mine, CountDownLatch over) {
        while (over.getCount() > 0) {
            long start = System.nanoTime();
            var person = people.all().get(mine.nextInt(PEOPLE));
            Told told = people.look(person, engines.get(mine.nextInt(engines.size())));
            took.add((System.nanoTime() - start) / 1_000_000);
            switch (told) {
                case RIGHT -> right.incrementAndGet();
                case NOTHING -> nothing.incrementAndGet();
                case WRONG -> wrong.incrementAndGet();
            }
        }
    }

    /// Until both peers find people again and the DHT takes what they are given.
    private String recovery(DhtNodes nodes, People people, List<OpenDht> engines, List<Publications> peers)
            throws Exception {
        var known = known(people, engines);
        var proxies =
                nodes.nodes().stream().filter(node -> node.proxy() != null).toList();
        for (var each : proxies) each.kill();
        var someone = people.all().getFirst();
        for (var engine : engines) assertEquals(Told.NOTHING, people.look(someone, engine), "nothing to ask");
        for (var each : proxies) {
            var _ = nodes.again(each);
        }
        long start = System.nanoTime();
        for (Person each : known)
            for (var engine : engines)
                while (people.look(each, engine) != Told.RIGHT)
                    assertTrue(System.nanoTime() - start < RECOVERY.toNanos(), each + " is not found again");
        String found = (System.nanoTime() - start) / 1_000_000 + " ms";
        while (people.publish(someone, peers) < RECORDS * peers.size())
            assertTrue(System.nanoTime() - start < RECOVERY.toNanos(), "nothing is taken again");
        return known.size() + " people found again through both peers after " + found + ", a publication taken after "
                + (System.nanoTime() - start) / 1_000_000 + " ms";
    }

    /// Some who are found before it.
    private static List<Person> known(People people, List<OpenDht> engines) {
        var known = people.all().subList(0, PEOPLE / 8).stream()
                .filter(each -> engines.stream().allMatch(engine -> people.look(each, engine) == Told.RIGHT))
                .toList();
        assertTrue(known.size() > PEOPLE / 10, known.size() + " of " + PEOPLE / 8 + " are found");
        return known;
    }

    private void table(String published, String recovery) throws IOException {
        var sorted = took.stream().sorted().toList();
        int all = sorted.size();
        var rows = List.of(
                "minutes, nodes, of them replaced, people | " + MINUTES + ", " + NODES + ", " + NODES / 2 + ", "
                        + PEOPLE,
                PEOPLE * RECORDS * 2 + " records given to the DHT by two peers | " + published,
                "look-ups: right, nothing, wrong | " + right + ", " + nothing + ", " + wrong,
                "look-up, median, 99 of 100, longest | " + sorted.get(all / 2) + ", " + sorted.get(all * 99 / 100)
                        + ", " + sorted.getLast() + " ms",
                "all proxies killed once | " + recovery);
        String text = String.join(
                "",
                rows.stream().map(row -> "| opendht-churn | " + row + " |\n").toList());
        System.out.print(text);
        Path left = Path.of("target", "long");
        Files.createDirectories(left);
        Files.writeString(left.resolve("opendht-churn.md"), text);
    }
}
