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
    private static final int FIRST_PORT = 24_000, FIRST_PROXY = 28_080, NETWORK = 7707, READY_SECONDS = 60;
    private static final Pattern GOOD = Pattern.compile("\"good\":(\\d+)");
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private final List<Process> processes = new ArrayList<>();
    private final int count;

    Nodes(int count, Path folder) throws IOException, InterruptedException {
        this.count = count;
        Files.createDirectories(folder);
        for (int i = 0; i < count; i++) processes.add(start(i, folder));
        for (int i = 0; i < PROXIES; i++) await(proxy(i));
    }

    private static Process start(int i, Path folder) throws IOException {
        var command = new ArrayList<>(List.of("dhtnode", "-s", "-p", "" + (FIRST_PORT + i), "-n", "" + NETWORK));
        if (i > 0) command.addAll(List.of("-b", "127.0.0.1:" + FIRST_PORT));
        if (i < PROXIES) command.addAll(List.of("--proxyserver", "" + (FIRST_PROXY + i)));
        return new ProcessBuilder(command)
                .redirectInput(new java.io.File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("node" + i + ".log").toFile())
                .start();
    }

    static URI proxy(int i) {
        return URI.create("http://127.0.0.1:" + (FIRST_PROXY + i) + "/");
    }

    static List<URI> proxies() {
        return List.of(proxy(0), proxy(1));
    }

    // A node tells nobody when it has joined: asked until it knows its neighbours.
    private void await(URI proxy) throws IOException, InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(READY_SECONDS).toNanos();
        while (good(proxy) < Math.min(count - 1, 6)) {
            if (System.nanoTime() > end) throw new IOException("the nodes do not find each other");
            Thread.sleep(200);
        }
    }

    private static int good(URI proxy) throws InterruptedException {
        try {
            var request = HttpRequest.newBuilder(proxy.resolve("node/info"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            var match = GOOD.matcher(
                    HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body());
            return match.find() ? Integer.parseInt(match.group(1)) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /// Seconds of CPU so far of the node behind the first proxy, and of all.
    double[] cpu() throws IOException {
        double first = 0, all = 0;
        for (var process : processes) {
            String[] stat =
                    Files.readString(Path.of("/proc/" + process.pid() + "/stat")).split("\\) ")[1].split(" ");
            double seconds = (Long.parseLong(stat[11]) + Long.parseLong(stat[12])) / 100.0;
            if (process == processes.getFirst()) first = seconds;
            all += seconds;
        }
        return new double[] {first, all};
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
