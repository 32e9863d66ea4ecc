package dev.starling.dht.opendht;

import dev.starling.FreePort;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// A private network of real OpenDHT nodes (Debian's `dhtnode`), all on 127.0.0.1 with ports of their own; some of
/// them have a REST proxy. They end with this process, whatever way it ends: their standard input is a pipe from it.
public final class DhtNodes implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int BUCKET = 6, SOME = 3, STIR = 25;

    /// One node.
    ///
    /// @param proxy its REST proxy; null without one
    public record Node(
            Process process,
            int port,
            @org.jspecify.annotations.Nullable URI proxy) {
        /// As a crash would.
        public void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }
    }

    private final List<Node> nodes = new ArrayList<>();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final int network = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);

    /// Leaves the test out when there is no `dhtnode`, and says so.
    public static void needed() {
        boolean there = Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "dhtnode")));
        Assumptions.assumeTrue(there, "dhtnode is not installed (RUNLEVEL=1 apt-get install dhtnode)");
    }

    /// @param proxies of them have a REST proxy
    public static DhtNodes start(int nodes, int proxies) throws IOException, InterruptedException {
        needed();
        var all = new DhtNodes();
        boolean ready = false;
        try {
            all.add(true);
            // Who joins before the first one listens tries again after seconds.
            all.await(all.proxies().getFirst(), 0);
            for (int i = 1; i < nodes; i++) all.add(i < proxies);
            all.await(all.proxies().getFirst(), Math.min(nodes - 1, BUCKET));
            all.awaitReady();
            ready = true;
            return all;
        } finally {
            if (!ready) all.close();
        }
    }

    /// One more, which joins through one that lives.
    public Node add(boolean withProxy) throws IOException {
        return begin(FreePort.next(), withProxy ? URI.create("http://127.0.0.1:" + FreePort.next() + "/") : null);
    }

    /// Another one on the ports of one that is dead, with nothing in its memory.
    public Node again(Node dead) throws IOException {
        nodes.remove(dead);
        return begin(dead.port, dead.proxy);
    }

    private Node begin(int port, @org.jspecify.annotations.Nullable URI proxy) throws IOException {
        var command = new ArrayList<>(
                List.of("dhtnode", "-p", String.valueOf(port), "-n", String.valueOf(network), "--no-rate-limit"));
        nodes.stream()
                .filter(n -> n.process.isAlive())
                .findFirst()
                .ifPresent(n -> command.addAll(List.of("-b", "127.0.0.1:" + n.port)));
        if (proxy != null)
            command.addAll(List.of("--proxyserver", String.valueOf(proxy.getPort()), "--proxy-addr", "127.0.0.1"));
        var process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var node = new Node(process, port, proxy);
        nodes.add(node);
        return node;
    }

    /// The proxies of the nodes that live.
    public List<URI> proxies() {
        var all = new ArrayList<URI>();
        for (Node each : nodes) if (each.proxy != null && each.process.isAlive()) all.add(each.proxy);
        return all;
    }

    public List<Node> nodes() {
        return List.copyOf(nodes);
    }

    /// The private network's number.
    public int network() {
        return network;
    }

    /// Until each living proxy knows some other nodes, if there are any.
    public void awaitReady() throws IOException, InterruptedException {
        long living = nodes.stream().filter(n -> n.process.isAlive()).count();
        for (URI proxy : proxies()) await(proxy, Math.min(living - 1, SOME));
    }

    private void await(URI proxy, long others) throws IOException, InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (int i = 0; known(proxy) < others; i++) {
            if (System.nanoTime() - end > 0) throw new IOException("the nodes do not find each other");
            if (i % STIR == STIR - 1) stir();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    // Idle nodes make acquaintances slowly: a search for anything introduces them.
    private void stir() {
        for (URI proxy : proxies()) {
            String key = "%08x".formatted(ThreadLocalRandom.current().nextInt()).repeat(5);
            var search = HttpRequest.newBuilder(proxy.resolve("/key/" + key))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            var _ = http.sendAsync(search, HttpResponse.BodyHandlers.discarding());
        }
    }

    private long known(URI proxy) throws InterruptedException {
        try {
            String info = http.send(
                            HttpRequest.newBuilder(proxy.resolve("/node/info"))
                                    .timeout(Duration.ofSeconds(5))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            return java.util.regex.Pattern.compile("\"(?:good|dubious)\":([0-9]+)")
                    .matcher(info)
                    .results()
                    .mapToLong(m -> Long.parseLong(m.group(1)))
                    .sum();
        } catch (IOException e) {
            // Not listening yet.
            return -1;
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        for (Node each : nodes) each.process.destroyForcibly();
    }
}
