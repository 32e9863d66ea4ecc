package dev.starling.dht.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.Dht.Owner;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that writes is killed with -9 in the middle of it; what it had acknowledged is there afterwards.
class SuddenDeathTest {
    private static final int ACKNOWLEDGED = 300;

    /// The process that dies: publishes for ever, and says each number once it was acknowledged.
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            var clock = Clock.systemUTC();
            var dht = new EmbeddedDht(folder.resolve("dht.db"), Bounds.USUAL, clock);
            var publications =
                    new Publications(dht, folder.resolve("publications.db"), Publications.Bounds.USUAL, clock);
            long until = clock.instant().getEpochSecond() + 3600;
            for (int i = 0; ; i++) {
                assertTrue(publications.publish(key(i), value(i), until).put());
                System.out.println(i);
            }
        }
    }

    private static String key(int i) {
        return String.format("%040x", i % 7);
    }

    private static Dht.Value value(int i) {
        return new Dht.Value(i, Owner.local("user" + i % 3), ("value " + i).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatWasAcknowledgedIsThereAfterKillMinusNine(@TempDir Path folder)
            throws IOException, InterruptedException, DhtException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process writer = new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var acknowledged = new ArrayList<Integer>();
        try (var lines = new BufferedReader(new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                acknowledged.add(Integer.parseInt(line));
                // A last line may be cut short: only whole ones were said; readLine gives the rest of the pipe.
                if (acknowledged.size() == ACKNOWLEDGED) writer.toHandle().destroyForcibly();
                if (acknowledged.size() > ACKNOWLEDGED && !lines.ready() && !writer.isAlive()) break;
            }
        } finally {
            writer.toHandle().destroyForcibly();
        }
        assertEquals(128 + 9, writer.waitFor());
        assertTrue(acknowledged.size() >= ACKNOWLEDGED, "only " + acknowledged.size());
        acknowledged.removeLast();
        assertEquals(List.of(), missing(folder, acknowledged));
    }

    private static List<Integer> missing(Path folder, List<Integer> acknowledged) throws DhtException {
        var missing = new ArrayList<Integer>();
        try (var dht = new EmbeddedDht(folder.resolve("dht.db"), Bounds.USUAL, Clock.systemUTC());
                var publications = new Publications(
                        dht, folder.resolve("publications.db"), Publications.Bounds.USUAL, Clock.systemUTC())) {
            for (int i : acknowledged) {
                boolean[] found = new boolean[1];
                dht.lookup(key(i), Dht.Limits.USUAL, v -> found[0] = v.id() == i);
                if (!found[0]) missing.add(i);
            }
            assertTrue(publications.size() >= acknowledged.size());
            assertEquals("ok", dht.health());
        }
        return missing;
    }
}
