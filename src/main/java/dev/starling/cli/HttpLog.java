package dev.starling.cli;

import dev.starling.enrol.LogWatch;
import dev.starling.identity.log.Tile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A log of certificates behind a URL (C2SP tlog-tiles): bounded in size and time, without redirects.
final class HttpLog implements LogWatch.Open {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    // The largest there is: a full bundle of entries, or a head with all the signatures it may have.
    private static final int MAX_BYTES = 128 * 1024;

    private final String base;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(PATIENCE)
            .build();

    /// @param base without a slash at the end
    HttpLog(String base) {
        this.base = base;
    }

    @Override
    public byte[] checkpoint() throws IOException {
        return get("checkpoint");
    }

    @Override
    public byte[] tile(Tile tile) throws IOException {
        return get(tile.path());
    }

    private byte[] get(String path) throws IOException {
        try {
            var request = HttpRequest.newBuilder(URI.create(base + "/" + path))
                    .timeout(PATIENCE)
                    .header("Cache-Control", "no-cache")
                    .GET()
                    .build();
            // The time of a request ends with the headers; a body may stall for ever.
            var answer = http.sendAsync(
                            request,
                            HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BYTES))
                    .get(2 * PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (answer.statusCode() != 200) throw new IOException(path + " is answered with " + answer.statusCode());
            return answer.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(path + " cannot be read", e);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a URL: " + base, e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
