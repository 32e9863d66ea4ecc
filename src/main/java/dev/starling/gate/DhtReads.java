package dev.starling.gate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.gate.DhtRoutes.Outcome;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// Reading through the gate (docs/protocols/sip.md, section 1), open to everybody within limits: the values under a
/// key, each as it comes; what changes under one key; what changes under many.
final class DhtReads {
    private static final Pattern PATH = Pattern.compile("/key/([0-9a-f]{40})(/listen)?");
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{40}");
    private static final int MAX_KEYS = 512, MAX_KEYS_BODY = 32 * 1024, KEYS_A_READ = 8;
    private static final int PIECE = 16 * 1024;
    private static final long MAX_WAITING_BYTES = Runtime.getRuntime().maxMemory() / 8;
    private static final byte[] ALIVE = {'\n'};
    private static final byte[] CUT = "{\"cut\":true}\n".getBytes(StandardCharsets.US_ASCII);
    private static final int RETRY_SECONDS = 10;

    private final Dht dht;
    private final Watches watches;
    private final DhtRoutes.Reading reading;
    private final Consumer<Outcome> counter;
    // What slow readers keep us from giving back: events of listeners, and values looked up.
    private final AtomicLong eventBytes = new AtomicLong(), answerBytes = new AtomicLong();

    DhtReads(Dht dht, DhtRoutes.Reading reading, Consumer<Outcome> counter) {
        this.dht = dht;
        watches = new Watches(dht, MAX_WAITING_BYTES);
        this.reading = reading;
        this.counter = counter;
    }

    void mount(Routes routes) {
        routes.get("/key/", this::read);
        routes.on("POST", "/listen", MAX_KEYS_BODY, this::listenToMany);
    }

    private Response read(Request request) throws WebException {
        var path = PATH.matcher(request.path());
        if (!path.matches()) throw new WebException(400, "A key has 40 hex digits.");
        limited(request, 1);
        String key = path.group(1);
        if (path.group(2) == null) return values(key, request);
        return listen(request, Outcome.LISTEN, out -> stream(List.of(key), false, out));
    }

    private void limited(Request request, int reads) throws WebException {
        for (int i = 0; i < reads; i++)
            if (!reading.reads().allows(request.remote()))
                throw refused(
                        Outcome.REFUSED_READ_RATE, 429, "Too many look-ups from your network. Try again in a minute.");
    }

    private WebException refused(Outcome why, int status, String detail) {
        counter.accept(why);
        return new WebException(status, detail, status == 429 || status == 503 ? RETRY_SECONDS : 0);
    }

    private Response values(String key, Request request) throws WebException {
        counter.accept(Outcome.GET);
        if (answerBytes.get() > MAX_WAITING_BYTES)
            throw refused(Outcome.REFUSED_BUSY, 503, "Too many large answers are under way. Try again in a moment.");
        if (request.method().equals("HEAD")) return Response.of(200, "application/json", new byte[0]);
        var passing = new Passing(dht, key, answerBytes);
        try {
            // What is wrong before the first value can still be said by the status.
            return switch (passing.take()) {
                case Passing.End end -> {
                    if (end.why().isPresent()) throw failed(end.why().get());
                    yield Response.of(200, "application/json", end.cut() ? CUT : new byte[0]);
                }
                case Passing.Next first -> Response.streaming("application/json", out -> pass(passing, first, out));
            };
        } catch (InterruptedException e) {
            passing.close();
            Thread.currentThread().interrupt();
            throw refused(Outcome.REFUSED_UNAVAILABLE, 503, "The server is going down.");
        }
    }

    private WebException failed(DhtException why) {
        return refused(Outcome.REFUSED_UNAVAILABLE, why.status(), "Looking up failed: " + why.getMessage() + ".");
    }

    // An answer that ends early must not look whole: it is broken off when the look-up failed in the middle, and says
    // so in a last line when a limit was reached.
    private static void pass(Passing passing, Passing.Next first, OutputStream answer) throws IOException {
        try (passing) {
            var out = new BufferedOutputStream(answer, PIECE);
            Passing.Step step = first;
            for (; step instanceof Passing.Next(Dht.Value value); step = passing.take()) {
                out.write(line("", new Dht.Event(value, false)));
                if (passing.isEmpty()) out.flush();
            }
            if (step instanceof Passing.End end && end.cut()) out.write(CUT);
            out.flush();
            if (step instanceof Passing.End end && end.why().isPresent())
                throw new IOException(end.why().get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Response listenToMany(Request request) throws WebException {
        List<String> keys = keys(request.text());
        limited(request, 1 + keys.size() / KEYS_A_READ);
        return listen(request, Outcome.WATCH, out -> stream(keys, true, out));
    }

    private static List<String> keys(String body) throws WebException {
        try {
            if (WriteAuthority.object(body).get("keys") instanceof List<?> named) {
                var keys = new ArrayList<String>();
                for (Object each : named)
                    if (each instanceof String key && KEY.matcher(key).matches()) keys.add(key);
                var distinct = keys.stream().distinct().toList();
                if (distinct.size() == named.size() && !distinct.isEmpty() && distinct.size() <= MAX_KEYS)
                    return distinct;
            }
        } catch (ParseException e) {
            throw malformed();
        }
        throw malformed();
    }

    private static WebException malformed() {
        return new WebException(
                400, "The body must be {\"keys\":[…]} with 1 to " + MAX_KEYS + " different keys of 40 hex digits.");
    }

    private Response listen(Request request, Outcome outcome, Response.Stream stream) throws WebException {
        counter.accept(outcome);
        if (request.method().equals("HEAD")) return Response.of(200, "application/json", new byte[0]);
        // Taken for good only when the stream begins: a client may go before that, and nobody would give it back.
        if (!reading.listeners().free(request.remote()))
            throw refused(Outcome.REFUSED_LISTENERS, 503, "Too many listeners. Try again in a moment.");
        return Response.streaming("application/json", out -> {
            var permit = reading.listeners().take(request.remote());
            if (permit.isEmpty()) return;
            try (var _ = permit.get()) {
                stream.write(out);
            }
        });
    }

    private void stream(List<String> keys, boolean named, OutputStream out) throws IOException {
        var open = new ArrayList<Dht.Subscription>();
        try (var backlog = new Backlog(eventBytes, MAX_WAITING_BYTES)) {
            var coming = new ArrayDeque<>(keys);
            while (!backlog.isCutOff()) {
                // One after the other: what lies under all of them need not find room at once.
                if (!coming.isEmpty() && backlog.isLight()) {
                    String key = coming.remove();
                    open.add(watches.watch(key, backlog.of(key)));
                }
                var next = backlog.next(coming.isEmpty() ? reading.aliveSeconds() : 0);
                if (next.isEmpty() && coming.isEmpty()) out.write(ALIVE);
                for (; next.isPresent(); next = backlog.next(0)) out.write(line(next.get(), named));
                if (coming.isEmpty()) out.flush();
            }
        } catch (DhtException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.forEach(Dht.Subscription::close);
        }
    }

    private static byte[] line(Backlog.Waiting waiting, boolean named) {
        String key = named ? "\"key\":\"" + waiting.key() + "\"," : "";
        if (waiting.event().isPresent()) return line(key, waiting.event().get());
        return named ? ("{" + key + "\"complete\":true}\n").getBytes(StandardCharsets.US_ASCII) : ALIVE;
    }

    private static byte[] line(String key, Dht.Event event) {
        String id = Long.toUnsignedString(event.value().id());
        String data = Base64.getEncoder().encodeToString(event.value().data());
        String line = "{" + key + "\"id\":\"" + id + "\",\"data\":\"" + data + "\""
                + (event.expired() ? ",\"expired\":true" : "") + "}\n";
        return line.getBytes(StandardCharsets.US_ASCII);
    }
}
