import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

/// OpenDHT's REST proxy without anything of ours: unsigned values, nobody opens or judges them.
final class Raw implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor();
    private final List<URI> proxies;

    Raw(List<URI> proxies) {
        this.proxies = proxies;
    }

    /// Through any of them.
    void put(String key, byte[] value) throws IOException, InterruptedException {
        String json = "{\"data\":\"" + Base64.getEncoder().encodeToString(value) + "\",\"id\":\""
                + Long.toUnsignedString(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE)) + "\"}";
        var proxy = proxies.get(ThreadLocalRandom.current().nextInt(proxies.size()));
        var request = HttpRequest.newBuilder(proxy.resolve("key/" + key))
                .timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status != 200) throw new IOException("raw put answers " + status);
    }

    /// Reads all values of one key to the end of the search.
    int count(URI proxy, String key) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(proxy.resolve("key/" + key)).timeout(PATIENCE).build();
        int values = 0;
        try (var in = new BufferedReader(new InputStreamReader(
                http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine())
                if (line.contains("\"data\":\"")) values++;
        }
        return values;
    }

    /// All these keys at once, each to its end through as many proxies, as a look-up of an address does. The values
    /// that the one knew who knew least.
    int count(List<String> keys, int through) throws InterruptedException, ExecutionException {
        var all = new ArrayList<List<Future<Integer>>>();
        for (URI proxy : proxies.subList(0, through))
            all.add(keys.stream()
                    .map(key -> readers.submit(() -> count(proxy, key)))
                    .toList());
        int least = Integer.MAX_VALUE;
        for (var each : all) {
            int sum = 0;
            for (var key : each) sum += key.get();
            least = Math.min(least, sum);
        }
        return least;
    }

    @Override
    public void close() {
        readers.close();
        http.shutdownNow();
    }
}
