package dev.starling.dht.remote;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Another peer's store over the REST routes of OpenDHT's proxy. Every call has a time-out; a watch reconnects by
/// itself.
public final class RemoteDht implements Dht {
    /// Signs a write: gives the Authorization header for method, path and body.
    public interface Authorization {
        String of(String method, String path, byte[] body) throws IOException;
    }

    private static final Caps CAPS = new Caps(MAX_VALUE_BYTES, Duration.ofHours(26), Duration.ofHours(6));
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MAX_LINE = 64 * 1024;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final URI base;
    private final Authorization authorization;

    public RemoteDht(URI base, Authorization authorization) {
        this.base = base;
        this.authorization = authorization;
    }

    @Override
    public Caps caps() {
        return CAPS;
    }

    @Override
    public void put(String key, Value value, Duration ttl) throws DhtException {
        String path = "/key/" + key;
        byte[] body = ("{\"data\":\"" + Base64.getEncoder().encodeToString(value.data()) + "\",\"id\":\""
                        + Long.toUnsignedString(value.id()) + "\",\"owner\":\"" + value.owner() + "\",\"ttl\":"
                        + ttl.toSeconds() + "}")
                .getBytes(StandardCharsets.US_ASCII);
        try {
            var request = HttpRequest.newBuilder(base.resolve(path))
                    .timeout(PATIENCE)
                    .header("Content-Type", "application/json")
                    .header("Authorization", authorization.of("POST", path, body))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                    .build();
            var response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200)
                throw new DhtException(
                        response.statusCode() == 429 ? 429 : 502,
                        "the store at " + base + " answered " + response.statusCode() + ": " + cut(response.body()));
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DhtException(502, "interrupted");
        }
    }

    @Override
    public void lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
        var request = HttpRequest.newBuilder(base.resolve("/key/" + key))
                .timeout(limits.time())
                .GET()
                .build();
        long end = System.nanoTime() + limits.time().toNanos();
        try (var lines = new BufferedReader(new InputStreamReader(
                http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body(), StandardCharsets.UTF_8))) {
            long bytes = 0;
            for (int n = 0; n < limits.values() && bytes < limits.bytes() && System.nanoTime() < end; n++) {
                var line = line(lines);
                if (line.isEmpty()) return;
                bytes += line.get().length();
                var event = parse(line.get());
                if (event.isPresent()
                        && !event.get().expired()
                        && enough.test(event.get().value())) return;
            }
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DhtException(502, "interrupted");
        }
    }

    @Override
    public Subscription watch(String key, Consumer<Event> change) {
        var over = new AtomicBoolean();
        Thread thread = Thread.ofVirtual().name("dht-watch").start(() -> listen(key, change, over));
        return () -> {
            over.set(true);
            thread.interrupt();
        };
    }

    private void listen(String key, Consumer<Event> change, AtomicBoolean over) {
        long pause = 200;
        var request = HttpRequest.newBuilder(base.resolve("/key/" + key + "/listen"))
                .GET()
                .build();
        while (!over.get()) {
            try (var lines = new BufferedReader(new InputStreamReader(
                    http.send(request, HttpResponse.BodyHandlers.ofInputStream())
                            .body(),
                    StandardCharsets.UTF_8))) {
                for (var line = line(lines); line.isPresent() && !over.get(); line = line(lines)) {
                    pause = 200;
                    parse(line.get()).ifPresent(change);
                }
            } catch (IOException e) {
                System.getLogger("starling.dht").log(System.Logger.Level.DEBUG, () -> "watch: " + e.getMessage());
            } catch (InterruptedException e) {
                return;
            }
            try {
                // Not polling: the pause before a lost stream is opened again, with jitter so that peers do not come
                // back in step.
                Thread.sleep(pause / 2 + ThreadLocalRandom.current().nextLong(pause));
                pause = Math.min(30_000, pause * 2);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static Optional<String> line(BufferedReader lines) throws IOException {
        var line = new StringBuilder();
        for (int c = lines.read(); c >= 0; c = lines.read()) {
            if (c == '\n') return Optional.of(line.toString());
            if (line.length() >= MAX_LINE) throw new IOException("line too long");
            line.append((char) c);
        }
        return line.isEmpty() ? Optional.empty() : Optional.of(line.toString());
    }

    private static Optional<Event> parse(String line) {
        if (line.isBlank()) return Optional.empty();
        try {
            Map<String, Object> json = JSONObjectUtils.parse(line);
            byte[] data = Base64.getDecoder().decode(String.valueOf(json.getOrDefault("data", "")));
            long id = Long.parseUnsignedLong(String.valueOf(json.getOrDefault("id", "0")));
            return Optional.of(new Event(new Value(id, "", data), Boolean.TRUE.equals(json.get("expired"))));
        } catch (ParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String health() {
        var request = HttpRequest.newBuilder(base.resolve("/node/info"))
                .timeout(Duration.ofSeconds(3))
                .GET()
                .build();
        try {
            int status =
                    http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            return status == 200 ? "ok" : "the store at " + base + " answers " + status;
        } catch (IOException e) {
            return String.valueOf(unreachable(e).getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private DhtException unreachable(IOException e) {
        return new DhtException(
                502,
                "the store at " + base + " does not answer (" + e.getClass().getSimpleName() + ")");
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(200, text.length()));
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
