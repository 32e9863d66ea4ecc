package dev.starling.dht.opendht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.FreePort;
import dev.starling.dht.DhtException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The node that a peer runs beside itself: a real one.
class DhtNodeTest {
    @TempDir
    Path folder = Path.of("");

    @BeforeEach
    void needed() {
        DhtNodes.needed();
    }

    private static DhtNode.Config config(Path folder) throws IOException {
        return new DhtNode.Config(
                FreePort.next(), FreePort.next(), 4711, Optional.empty(), folder.resolve("dhtnode.log"));
    }

    private static void until(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!done.getAsBoolean()) {
            assertTrue(System.nanoTime() - end < 0, "it did not happen");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    private static boolean alive(long pid) {
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
    }

    private OpenDht dht(DhtNode node) throws IOException {
        return new OpenDht(
                List.of(node.proxy()),
                SlotKeys.in(folder.resolve("slot.key")),
                Clock.systemUTC(),
                OpenDht.Patience.USUAL);
    }

    @Test
    void theFirstNodeOfANetworkKeepsValuesAndSaysThatItIsAlone() throws Exception {
        try (var node = DhtNode.start(config(folder));
                var dht = dht(node)) {
            dht.put(Fakes.KEY, Fakes.value(1, "a", "alone"), Fakes.HOUR);
            assertEquals(List.of("alone"), Fakes.all(dht));
            assertTrue(dht.health().contains("knows no other node"), dht.health());
        }
    }

    @Test
    void aNodeThatDiesIsStartedAgain() throws Exception {
        try (var node = DhtNode.start(config(folder));
                var dht = dht(node)) {
            long first = node.pid();
            assertTrue(ProcessHandle.of(first).orElseThrow().destroyForcibly());
            until(() -> node.pid() != first && alive(node.pid()));
            assertNotEquals(first, node.pid());
            until(() -> {
                try {
                    dht.put(Fakes.KEY, Fakes.value(1, "a", "again"), Fakes.HOUR);
                    return true;
                } catch (DhtException e) {
                    return false;
                }
            });
            assertEquals(List.of("again"), Fakes.all(dht));
        }
    }

    @Test
    void aNodeEndsWithItsPeerAndItsPortsAreFree() throws Exception {
        var config = config(folder);
        long pid;
        try (var node = DhtNode.start(config)) {
            pid = node.pid();
            assertTrue(alive(pid));
        }
        until(() -> !alive(pid));
        try (var _ = new ServerSocket(config.proxyPort(), 1, InetAddress.getLoopbackAddress());
                var next = new java.net.DatagramSocket(config.port())) {
            assertEquals(config.port(), next.getLocalPort());
        }
    }

    /// The process that dies: runs a node and says its pid.
    static final class Runner {
        private Runner() {}

        public static void main(String[] arguments) throws Exception {
            var node = DhtNode.start(config(Path.of(arguments[0])));
            System.out.println(node.pid());
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @Test
    void aPeerKilledWithMinusNineLeavesNoOrphan() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var runner = new ProcessBuilder(
                        java,
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Runner.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var out = new BufferedReader(new InputStreamReader(runner.getInputStream(), StandardCharsets.UTF_8))) {
            long pid = Long.parseLong(out.readLine());
            assertTrue(alive(pid));
            runner.destroyForcibly().waitFor();
            until(() -> !alive(pid));
        } finally {
            runner.destroyForcibly();
        }
    }
}
