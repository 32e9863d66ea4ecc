package dev.starling.dht.opendht;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// The calls to OpenDHT's REST proxies, all asynchronous: neither a put nor a stream holds a thread while it waits.
final class Rest implements AutoCloseable {
    private static final int MAX_INFO_BYTES = 16 * 1024;

    // A put is answered with the value itself.
    private static final int MAX_ECHO_BYTES = 128 * 1024;

    private final HttpClient http;
    private final ScheduledThreadPoolExecutor alarms = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("opendht-alarm").factory());

    Rest(Duration connect) {
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(connect)
                .build();
        alarms.setRemoveOnCancelPolicy(true);
    }

    boolean closed() {
        return alarms.isShutdown();
    }

    ScheduledThreadPoolExecutor alarms() {
        return alarms;
    }

    /// The status.
    CompletableFuture<Integer> post(Proxy proxy, String key, String json, Duration patience) {
        var request = HttpRequest.newBuilder(proxy.at("/key/" + key))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        return within(request, BodyHandlers.limiting(BodyHandlers.discarding(), MAX_ECHO_BYTES), patience)
                .thenApply(HttpResponse::statusCode);
    }

    /// How many nodes the proxy's own node knows.
    CompletableFuture<Integer> others(Proxy proxy, Duration patience) {
        var request = HttpRequest.newBuilder(proxy.at("/node/info")).GET().build();
        return within(request, BodyHandlers.limiting(BodyHandlers.ofString(), MAX_INFO_BYTES), patience)
                .thenApply(answer -> {
                    if (answer.statusCode() != 200) throw new IllegalStateException("answers " + answer.statusCode());
                    return others(answer.body());
                });
    }

    private static int others(String info) {
        try {
            @org.jspecify.annotations.Nullable Map<String, Object> json = JSONObjectUtils.parse(info);
            int all = 0;
            if (json == null) throw new IllegalStateException("is no OpenDHT proxy");
            for (String family : new String[] {"ipv4", "ipv6"})
                if (json.get(family) instanceof Map<?, ?> counts)
                    for (String kind : new String[] {"good", "dubious"})
                        if (counts.get(kind) instanceof Number n) all += n.intValue();
            if (!json.containsKey("node_id")) throw new IllegalStateException("is no OpenDHT proxy");
            return all;
        } catch (ParseException e) {
            throw new IllegalStateException("is no OpenDHT proxy", e);
        }
    }

    // The client's own time-out ends with the head of the answer; this one spans the body.
    private <T> CompletableFuture<HttpResponse<T>> within(
            HttpRequest request, HttpResponse.BodyHandler<T> handler, Duration patience) {
        var answer = new CompletableFuture<HttpResponse<T>>();
        var sent = send(request, handler);
        var alarm = alarms.schedule(
                () -> {
                    boolean _ = answer.completeExceptionally(
                            new IOException("no answer within " + patience.toMillis() + " ms"));
                    boolean _ = sent.cancel(true);
                },
                patience.toMillis(),
                TimeUnit.MILLISECONDS);
        var _ = sent.whenComplete((response, failure) -> {
            alarm.cancel(false);
            if (failure == null) answer.complete(response);
            else answer.completeExceptionally(failure);
        });
        return answer;
    }

    private <T> CompletableFuture<HttpResponse<T>> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        try {
            return http.sendAsync(request, handler);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// Begins an answer of lines; `reader` is told when it ends, in whatever way.
    void read(Proxy proxy, String path, Reader reader) {
        var request = HttpRequest.newBuilder(proxy.at(path)).GET().build();
        var sent = send(request, head -> {
            if (head.statusCode() == 200) return reader;
            reader.end("answers " + head.statusCode());
            return HttpResponse.BodySubscribers.replacing(null);
        });
        reader.onClose(() -> {
            boolean _ = sent.cancel(true);
        });
        var _ = sent.whenComplete((_, failure) -> {
            if (failure != null) reader.end(why(failure));
        });
    }

    /// Of a failure, in words.
    static String why(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof java.util.concurrent.CompletionException && cause.getCause() != null)
            cause = cause.getCause();
        return cause instanceof java.net.ConnectException
                ? "nothing answers"
                : String.valueOf(cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage());
    }

    @Override
    public void close() {
        alarms.shutdownNow();
        http.shutdownNow();
    }
}
