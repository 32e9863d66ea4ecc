package dev.starling.nat.turn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The relay with somebody else's client: `turnutils_uclient` and `turnutils_peer` of coturn (Debian's package).
class TurnutilsTest {
    private static final int CLIENTS = 4, MESSAGES = 50, BYTES = 170, PATIENCE_SECONDS = 60;
    private static final Pattern LOST = Pattern.compile("Total lost packets (\\d+)");
    private static final Pattern SEEN = Pattern.compile("tot_recv_msgs=(\\d+)");

    @TempDir
    Path folder;

    private final TimedCredentials credentials =
            new TimedCredentials(new byte[32], "example.net", InstantSource.system());
    private final InetAddress here = InetAddress.getLoopbackAddress();
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void thereAreTurnutils() {
        boolean there = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "turnutils_uclient")));
        Assumptions.assumeTrue(there, "turnutils is not installed (RUNLEVEL=1 apt-get install coturn)");
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
    }

    /// Its port, for UDP and TCP.
    private int relay() throws IOException {
        var listener = new ServerSocket(0, 50, here);
        int port = listener.getLocalPort();
        var places = new TurnRelay.Places(
                List.of(new InetSocketAddress(here, port)),
                List.of(new TurnRelay.Listener(listener, Optional.empty())),
                List.of(here),
                20_000,
                60_000);
        var limits = new TurnLimits(100, 100, 100, 100, 64, 64, 10_000_000);
        open.add(TurnRelay.start(places, credentials, limits, InetAddress::isLoopbackAddress));
        return port;
    }

    private int peer() throws IOException {
        int port;
        try (var free = new DatagramSocket(0, here)) {
            port = free.getLocalPort();
        }
        var process = new ProcessBuilder("turnutils_peer", "-L", here.getHostAddress(), "-p", String.valueOf(port))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        open.add(process::destroyForcibly);
        return port;
    }

    private String run(String password, String... more) throws Exception {
        var issued = credentials.issue("a device", "example.net", Duration.ofHours(1));
        var words = new ArrayList<>(List.of(
                "turnutils_uclient",
                "-u",
                issued.name(),
                "-w",
                password.isEmpty() ? issued.password() : password,
                "-p",
                String.valueOf(relay()),
                "-e",
                here.getHostAddress(),
                "-r",
                String.valueOf(peer()),
                "-n",
                String.valueOf(MESSAGES),
                "-m",
                String.valueOf(CLIENTS),
                "-l",
                String.valueOf(BYTES),
                "-z",
                "5",
                "-c",
                "-X"));
        words.addAll(List.of(more));
        words.add(here.getHostAddress());
        Path said = folder.resolve("said");
        var process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        open.add(process::destroyForcibly);
        boolean over = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertTrue(over, () -> "it goes on: " + said);
        return Files.readString(said);
    }

    private static int last(Pattern what, String said) {
        return what.matcher(said)
                .results()
                .map(each -> Integer.parseInt(each.group(1)))
                .reduce((_, later) -> later)
                .orElseThrow(() -> new AssertionError(said));
    }

    private static void allCameBack(String said) {
        assertEquals(0, last(LOST, said), said);
        assertEquals(CLIENTS * MESSAGES, last(SEEN, said), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-s", "-t", "-t -s"})
    void whatGoesThroughItComesBack(String how) throws Exception {
        allCameBack(run(
                "",
                Arrays.stream(how.split(" ")).filter(each -> !each.isEmpty()).toArray(String[]::new)));
    }

    @Test
    void aWrongPasswordGetsNothing() throws Exception {
        String said = run("wrong");
        assertTrue(said.contains("Cannot complete Allocation"), said);
        assertTrue(SEEN.matcher(said).results().noneMatch(each -> Integer.parseInt(each.group(1)) > 0), said);
    }
}
