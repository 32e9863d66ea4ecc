import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
    private final URI base;

    Raw(URI base) {
        this.base = base;
    }

    void put(String key, byte[] value) throws IOException, InterruptedException {
        String json = "{\"data\":\"" + Base64.getEncoder().encodeToString(value) + "\",\"id\":\""
                + Long.toUnsignedString(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE)) + "\"}";
        var request = HttpRequest.newBuilder(base.resolve("key/" + key))
                .timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status != 200) throw new IOException("raw put answers " + status);
    }

    /// Reads all values of one key to the end of the search.
    int count(String key) throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(base.resolve("key/" + key)).timeout(PATIENCE).build();
        int values = 0;
        try (var in = new BufferedReader(new InputStreamReader(
                http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine())
                if (line.contains("\"data\":\"")) values++;
        }
        return values;
    }

    /// All these keys at once, as a look-up of an address does.
    int count(List<String> keys) throws InterruptedException, ExecutionException {
        List<Future<Integer>> all =
                keys.stream().map(key -> readers.submit(() -> count(key))).toList();
        int sum = 0;
        for (var each : all) sum += each.get();
        return sum;
    }

    @Override
    public void close() {
        readers.close();
        http.shutdownNow();
    }
}
