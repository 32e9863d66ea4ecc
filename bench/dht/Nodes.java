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
import java.util.regex.Pattern;

/// Real `dhtnode` processes on this machine; the first `PROXIES` speak REST too.
final class Nodes implements AutoCloseable {
    static final int PROXIES = 2;
    private static final int FIRST_PORT = 24_000, FIRST_PROXY = 28_080, NETWORK = 7707, READY_SECONDS = 60, BUCKET = 6;
    private static final Pattern KNOWN = Pattern.compile("\"(?:good|dubious)\":(\\d+)");
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private final List<Process> processes = new ArrayList<>();

    Nodes(int count) throws IOException, InterruptedException {
        processes.add(start(0));
        // Who joins before the first one listens tries again after seconds.
        await(proxy(0), 0);
        for (int i = 1; i < count; i++) processes.add(start(i));
        await(proxy(0), Math.min(count - 1, BUCKET));
        for (int i = 1; i < PROXIES; i++) await(proxy(i), 1);
    }

    private static Process start(int i) throws IOException {
        var command = new ArrayList<>(
                List.of("dhtnode", "-p", "" + (FIRST_PORT + i), "-n", "" + NETWORK, "--no-rate-limit"));
        if (i > 0) command.addAll(List.of("-b", "127.0.0.1:" + FIRST_PORT));
        if (i < PROXIES) command.addAll(List.of("--proxyserver", "" + (FIRST_PROXY + i), "--proxy-addr", "127.0.0.1"));
        // Its input is a pipe from here: it ends with us.
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    static URI proxy(int i) {
        return URI.create("http://127.0.0.1:" + (FIRST_PROXY + i) + "/");
    }

    static List<URI> proxies() {
        return List.of(proxy(0), proxy(1));
    }

    // A node tells nobody when it has joined: asked until it knows its neighbours.
    private static void await(URI proxy, int others) throws IOException, InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(READY_SECONDS).toNanos();
        while (known(proxy) < others) {
            if (System.nanoTime() > end) throw new IOException("the nodes do not find each other");
            Thread.sleep(50);
        }
    }

    private static int known(URI proxy) throws InterruptedException {
        try {
            var request = HttpRequest.newBuilder(proxy.resolve("node/info"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            return KNOWN.matcher(HTTP.send(request, HttpResponse.BodyHandlers.ofString())
                            .body())
                    .results()
                    .mapToInt(found -> Integer.parseInt(found.group(1)))
                    .sum();
        } catch (IOException e) {
            return -1;
        }
    }

    /// Seconds of CPU so far of the nodes with a REST proxy, and of all.
    double[] cpu() throws IOException {
        double proxies = 0, all = 0;
        for (var process : processes) {
            String[] stat =
                    Files.readString(Path.of("/proc/" + process.pid() + "/stat")).split("\\) ")[1].split(" ");
            double seconds = (Long.parseLong(stat[11]) + Long.parseLong(stat[12])) / 100.0;
            if (processes.indexOf(process) < PROXIES) proxies += seconds;
            all += seconds;
        }
        return new double[] {proxies, all};
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
        for (var process : processes) {
            try {
                if (!process.waitFor(5, java.util.concurrent.TimeUnit.SECONDS)) process.destroyForcibly();
            } catch (InterruptedException e) {
                process.destroyForcibly();
            }
        }
    }
}
