package dev.starling.cli;

import dev.starling.identity.Crl;
import dev.starling.identity.CrlStore;
import dev.starling.sip.transport.TargetPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Fetches revocation lists by plain HTTP, as CAs publish them (their signature is what counts): bounded in size and
/// time, without redirects, and out of local mode never from a private address. The resolver of the JDK keeps an answer
/// for half a minute, so what was looked at is what is connected to.
record CrlDownload(HttpClient http, TargetPolicy targets) implements CrlStore.Fetch, AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5), WHOLE = Duration.ofSeconds(15);

    static CrlDownload of(boolean local) {
        var http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .build();
        return new CrlDownload(http, local ? TargetPolicy.ANY : TargetPolicy.PUBLIC);
    }

    @Override
    public byte[] get(String url) throws IOException {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a URL", e);
        }
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) throw new IOException("not an HTTP URL");
        for (InetAddress address : InetAddress.getAllByName(uri.getHost()))
            if (!targets.allows(address)) throw new IOException("its server is at a private address");
        var request = HttpRequest.newBuilder(uri).timeout(WHOLE).GET().build();
        var answer = http.sendAsync(
                request, HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), Crl.MAX_BYTES));
        try {
            var response = answer.get(WHOLE.toMillis(), TimeUnit.MILLISECONDS);
            if (response.statusCode() != 200) throw new IOException("status " + response.statusCode());
            return response.body();
        } catch (ExecutionException e) {
            throw new IOException("it cannot be fetched", e);
        } catch (TimeoutException e) {
            throw new IOException("it takes too long", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            answer.cancel(true);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
