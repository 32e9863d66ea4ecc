package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.locate.World;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `phone list` says of how long a phone still works.
class PhoneCommandTest {
    @Test
    void whoWillStopSoonIsToldAndHowToGoOn(@TempDir Path folder) throws Exception {
        try (var world = new World(folder)) {
            var leaf = world.device("bob@example.net").chain().getFirst();
            Instant end = leaf.getNotAfter().toInstant();
            assertEquals("certified until " + end, said(leaf, end.minus(Duration.ofDays(11))));
            assertEquals(
                    "certified until " + end + ", in 9 days: starling phone renew bob-x",
                    said(leaf, end.minus(Duration.ofDays(9))));
            assertEquals("STOPPED on " + end + ": starling phone renew bob-x", said(leaf, end.plusSeconds(1)));
        }
    }

    private static String said(java.security.cert.X509Certificate leaf, Instant now) {
        return PhoneCommand.certified(leaf, now, "bob-x");
    }
}
