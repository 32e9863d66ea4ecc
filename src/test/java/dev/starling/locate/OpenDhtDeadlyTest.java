package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.DhtNodes;
import dev.starling.record.Kind;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Anybody can end the nodes of OpenDHT 2.4.12 that hold a signed value, with one unsigned value of the same id; which
/// value that is, is his choice, so nothing that we publish can prevent it. What we can do: the nodes are started
/// again, and what was published is put again.
@org.jspecify.annotations.NullUnmarked
class OpenDhtDeadlyTest {
    private static final Duration RECOVERY = Duration.ofMinutes(1);

    @TempDir
    Path folder;

    @Test
    void nodesThatAreKilledAreStartedAgainAndHeIsFound() throws Exception {
        try (var nodes = DhtNodes.start(OpenDhtWorld.NODES, OpenDhtWorld.PROXIES);
                var it = new OpenDhtWorld(nodes.proxies(), folder)) {
            it.publish();
            it.reached("before the deadly value");
            it.attacker.kill(it.key(Kind.CERT));
            var dead = nodes.nodes().stream()
                    .filter(node -> !node.process().isAlive())
                    .toList();
            long start = System.nanoTime();
            for (var each : dead) {
                var _ = nodes.again(each);
            }
            nodes.awaitReady();
            int tries = 1;
            while (!isPublished(it)) {
                assertTrue(System.nanoTime() - start < RECOVERY.toNanos(), "nothing is taken again");
                tries++;
            }
            it.reached("after the deadly value");
            OpenDhtWorld.figure(
                    "an unsigned value with the id of a signed one",
                    dead.size() + " of " + OpenDhtWorld.NODES + " nodes ended; found again "
                            + (System.nanoTime() - start) / 1_000_000 + " ms after they were started, " + tries
                            + " tries to publish");
        }
    }

    private static boolean isPublished(OpenDhtWorld it) {
        try {
            it.publish();
            return true;
        } catch (DhtException e) {
            return false;
        }
    }
}
