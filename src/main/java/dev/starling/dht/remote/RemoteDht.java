package dev.starling.dht.remote;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/// Another peer's store over the REST routes of OpenDHT's proxy. The other side is not trusted to answer, to
/// end, or to make sense: every call has a time-out and bounds. A watch whose stream breaks or falls silent is
/// opened again.
public final class RemoteDht implements Dht {
    /// Signs writes to the store.
    public interface Authorization {
        /// The Authorization header for method, path and body.
        String of(String method, String path, byte[] body) throws IOException;

        /// The store did not believe the last one: it may have another key now.
        default void refused() {}
    }

    /// How long to wait: for a put, and for a sign of life on a watch (the other side sends one each 20 s).
    public record Patience(Duration put, Duration silence) {
        public static final Patience USUAL = new Patience(Duration.ofSeconds(5), Duration.ofSeconds(45));
    }

    private static final Caps CAPS = new Caps(MAX_VALUE_BYTES, Duration.ofDays(8), Duration.ofHours(6));
    // The last line of an answer that was cut off by a limit of the other side.
    private static final String CUT = "{\"cut\":true}";
    private static final int MAX_ANSWER_BYTES = 16 * 1024;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ScheduledThreadPoolExecutor alarms = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("dht-alarm").factory());
    private final Streams streams;
    private final URI base;
    private final Authorization authorization;
    private final Patience patience;
    private volatile boolean closed;

    public RemoteDht(URI base, Authorization authorization) {
        this(base, authorization, Patience.USUAL);
    }

    public RemoteDht(URI base, Authorization authorization, Patience patience) {
        this.base = base;
        this.authorization = authorization;
        this.patience = patience;
        alarms.setRemoveOnCancelPolicy(true);
        streams = new Streams(this::listen, patience.silence, alarms);
    }

    @Override
    public Caps caps() {
        return CAPS;
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        if (!key.matches("[0-9a-f]{40}")) throw new DhtException(400, "a key has 40 hex digits");
        if (value.data().length > MAX_VALUE_BYTES) throw new DhtException(413, "at most " + MAX_VALUE_BYTES + " bytes");
        byte[] body = JSONObjectUtils.toJSONString(Map.of(
                        "data", Base64.getEncoder().encodeToString(value.data()),
                        "id", Long.toUnsignedString(value.id()),
                        "owner", value.owner().user(),
                        "ttl", Math.max(1, ttl.toSeconds())))
                .getBytes(StandardCharsets.UTF_8);
        write("POST", "/key/" + key, body);
    }

    @Override
    public void remove(String key, Owner owner, long id) throws DhtException {
        if (!key.matches("[0-9a-f]{40}")) throw new DhtException(400, "a key has 40 hex digits");
        byte[] body =
                JSONObjectUtils.toJSONString(Map.of("owner", owner.user())).getBytes(StandardCharsets.UTF_8);
        write("DELETE", "/key/" + key + "?id=" + Long.toUnsignedString(id), body);
    }

    private void write(String method, String path, byte[] body) throws DhtException {
        int status = send(method, path, body);
        // It may be somebody else by now behind this address, with another key: asked once more.
        if (status == 401) {
            authorization.refused();
            status = send(method, path, body);
        }
        if (status != 200) throw refused(status);
    }

    private int send(String method, String path, byte[] body) throws DhtException {
        try {
            var request = HttpRequest.newBuilder(base.resolve(path))
                    .header("Content-Type", "application/json")
                    .header("Authorization", authorization.of(method, path, body))
                    .method(method, HttpRequest.BodyPublishers.ofByteArray(body))
                    .build();
            return answer(
                            request,
                            HttpResponse.BodyHandlers.limiting(
                                    HttpResponse.BodyHandlers.discarding(), MAX_ANSWER_BYTES),
                            patience.put)
                    .statusCode();
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private DhtException refused(int status) {
        String why = "the store at " + base + " answers " + status;
        return switch (status) {
            case 400 -> new DhtException(400, why + " (not understood)");
            case 413 -> new DhtException(413, why + " (too large)");
            case 429 -> new DhtException(429, why + " (too much)");
            case 401, 403 -> new DhtException(502, why + ": do the join tokens and the clocks agree?");
            default -> new DhtException(502, why);
        };
    }

    // The client's own time-out ends with the head of the answer; this one spans what the handler reads.
    private <T> HttpResponse<T> answer(HttpRequest request, HttpResponse.BodyHandler<T> handler, Duration time)
            throws IOException, DhtException {
        if (closed) throw new DhtException(502, "closed");
        var sent = http.sendAsync(request, handler);
        try {
            return sent.get(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + time.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getCause()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DhtException(502, "interrupted");
        } finally {
            boolean _ = sent.cancel(true);
        }
    }

    private Lines listen(Collection<String> keys) throws IOException, DhtException {
        String body = JSONObjectUtils.toJSONString(Map.of("keys", keys));
        return lines(
                HttpRequest.newBuilder(base.resolve("/listen"))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                patience.silence);
    }

    private Lines lines(HttpRequest request, Duration time) throws IOException, DhtException {
        long start = System.nanoTime();
        HttpResponse<InputStream> response = answer(request, HttpResponse.BodyHandlers.ofInputStream(), time);
        if (response.statusCode() == 200)
            return new Lines(response.body(), time.minusNanos(System.nanoTime() - start), alarms);
        response.body().close();
        throw response.statusCode() == 429
                ? new DhtException(429, "the store at " + base + " answers 429 (too much)")
                : new DhtException(502, "the store at " + base + " answers " + response.statusCode());
    }

    @Override
    public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        var request = HttpRequest.newBuilder(base.resolve("/key/" + key)).GET().build();
        try (var lines = lines(request, limits.time())) {
            var reading = new Reading(limits);
            try {
                for (var line = lines.next(); line.isPresent(); line = lines.next())
                    if (reading.take(line.get(), enough)) return !reading.cut;
            } catch (IOException e) {
                // Out of time with something in hand is a limit reached; with nothing, we know nothing.
                if (lines.late() && reading.values > 0) return false;
                throw e;
            }
            if (reading.values == 0 && reading.nonsense)
                throw new DhtException(502, "what answers at " + base + " is no store");
            return !reading.cut;
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /// How far a look-up has come.
    private static final class Reading {
        private final Limits limits;
        private int values, others;
        private boolean nonsense, cut;
        private long bytes;

        Reading(Limits limits) {
            this.limits = limits;
        }

        /// True when nothing more has to be read.
        boolean take(String line, Predicate<Value> enough) throws IOException {
            var event = Line.parse(line).event();
            if (event.isEmpty()) {
                boolean over = line.equals(CUT);
                cut |= over;
                nonsense |= !line.isBlank() && !over;
                if (++others > limits.values()) throw new IOException("not values but " + others + " other lines");
                return false;
            }
            if (event.get().expired()) return false;
            bytes += event.get().value().data().length;
            cut |= ++values > limits.values() || bytes > limits.bytes();
            return cut || enough.test(event.get().value());
        }
    }

    @Override
    public Subscription watch(String key, Watcher watcher) throws DhtException {
        if (!key.matches("[0-9a-f]{40}")) throw new DhtException(400, "a key has 40 hex digits");
        return streams.watch(key, watcher);
    }

    /// Streams that tell of what is watched.
    int streams() {
        return streams.size();
    }

    @Override
    public String health() {
        var request = HttpRequest.newBuilder(base.resolve("/node/info")).GET().build();
        try {
            int status = answer(
                            request,
                            HttpResponse.BodyHandlers.limiting(
                                    HttpResponse.BodyHandlers.discarding(), MAX_ANSWER_BYTES),
                            patience.put)
                    .statusCode();
            return status == 200 ? "ok" : "the store at " + base + " answers " + status;
        } catch (IOException e) {
            return String.valueOf(unreachable(e).getMessage());
        } catch (DhtException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private DhtException unreachable(IOException e) {
        return new DhtException(502, "the store at " + base + " does not answer (" + e.getMessage() + ")");
    }

    @Override
    public void close() {
        closed = true;
        streams.close();
        alarms.shutdownNow();
        http.shutdownNow();
    }
}
