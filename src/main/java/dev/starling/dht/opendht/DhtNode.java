package dev.starling.dht.opendht;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// A `dhtnode` of our own, as a process beside us: started, started again when it dies or falls silent, and ended
/// with us. Its console reads a pipe from us, and it ends when that closes: even a sudden death of ours leaves no
/// orphan on the port. Its proxy listens on the loopback only, for it asks nobody who he is.
public final class DhtNode implements AutoCloseable {
    /// @param port UDP, for the other nodes
    /// @param proxyPort TCP, on the loopback
    /// @param network the private network's number, 31 bits
    /// @param bootstrap `host:port` of a node of the network; empty for the first one
    /// @param log what the process says; begun anew at each start
    public record Config(int port, int proxyPort, int network, Optional<String> bootstrap, Path log) {}

    private static final System.Logger LOG = System.getLogger("starling.dht");
    private static final Duration READY = Duration.ofSeconds(10), CHECK = Duration.ofSeconds(15);
    private static final Duration ANSWER = Duration.ofSeconds(5), STEADY = Duration.ofMinutes(1);
    private static final long FIRST_PAUSE_MILLIS = 500, LONGEST_PAUSE_MILLIS = 30_000, LOOK_MILLIS = 20;
    private static final int MAX_SILENCES = 3, MAX_WORDS = 300;

    private final Config config;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final CountDownLatch ready = new CountDownLatch(1), closed = new CountDownLatch(1);
    private final Thread supervisor;
    private volatile Process process;

    /// Starts it, and waits a moment for it to be there.
    ///
    /// @throws IOException the program is not installed
    public static DhtNode start(Config config) throws IOException {
        var node = new DhtNode(config);
        node.supervisor.start();
        try {
            if (!node.ready.await(READY.toMillis(), TimeUnit.MILLISECONDS))
                LOG.log(System.Logger.Level.WARNING, () -> "the DHT node is not ready yet: " + node.words());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return node;
    }

    private DhtNode(Config config) throws IOException {
        this.config = config;
        try {
            process = launch();
        } catch (IOException e) {
            throw new IOException(
                    "dhtnode does not start (" + e.getMessage()
                            + "). It is in Debian's package of that name:\n  RUNLEVEL=1 apt-get install dhtnode\n"
                            + "Without RUNLEVEL=1 the package starts a service that joins a public network;"
                            + " \"systemctl disable --now dhtnode\" ends it.",
                    e);
        }
        supervisor = Thread.ofPlatform().daemon().name("dhtnode").unstarted(this::supervise);
    }

    private Process launch() throws IOException {
        var command = new ArrayList<>(List.of(
                "dhtnode",
                "-p",
                String.valueOf(config.port),
                "-n",
                String.valueOf(config.network),
                "--proxyserver",
                String.valueOf(config.proxyPort),
                "--proxy-addr",
                "127.0.0.1"));
        config.bootstrap.ifPresent(at -> command.addAll(List.of("-b", at)));
        // Without -s, which would give it no console: the console is what notices that we are gone.
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(config.log.toFile())
                .start();
    }

    private void supervise() {
        long pause = FIRST_PAUSE_MILLIS;
        try {
            while (true) {
                long start = System.nanoTime();
                accompany();
                if (closed.getCount() == 0) return;
                LOG.log(System.Logger.Level.WARNING, () -> "the DHT node ended, and is started again: " + words());
                if (System.nanoTime() - start > STEADY.toNanos()) pause = FIRST_PAUSE_MILLIS;
                if (closed.await(pause, TimeUnit.MILLISECONDS)) return;
                pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
                relaunch();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // Until the process has ended; ends it when it is not ready in time or falls silent.
    private void accompany() throws InterruptedException {
        long end = System.nanoTime() + READY.toNanos();
        while (!answers() && process.isAlive() && System.nanoTime() - end < 0)
            if (process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) return;
        int silences = answers() ? 0 : MAX_SILENCES;
        if (silences == 0) ready.countDown();
        while (silences < MAX_SILENCES) {
            if (process.waitFor(CHECK.toMillis(), TimeUnit.MILLISECONDS)) return;
            silences = answers() ? 0 : silences + 1;
        }
        process.destroyForcibly().waitFor();
    }

    private void relaunch() {
        try {
            process = launch();
            // Closed while it started.
            if (closed.getCount() == 0) process.destroyForcibly();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the DHT node does not start", e);
        }
    }

    private boolean answers() throws InterruptedException {
        try {
            var request = HttpRequest.newBuilder(proxy().resolve("/node/info"))
                    .timeout(ANSWER)
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /// Its last words.
    private String words() {
        try {
            String log =
                    Files.readString(config.log, StandardCharsets.ISO_8859_1).strip();
            return log.substring(Math.max(0, log.length() - MAX_WORDS)).replaceAll("[^ -~]+", " ");
        } catch (IOException e) {
            return "it said nothing";
        }
    }

    /// Base URL of its REST proxy.
    public URI proxy() {
        return URI.create("http://127.0.0.1:" + config.proxyPort + "/");
    }

    /// Of the process that runs now.
    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        closed.countDown();
        process.destroy();
        http.shutdownNow();
        try {
            if (!process.waitFor(2, TimeUnit.SECONDS)) process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
