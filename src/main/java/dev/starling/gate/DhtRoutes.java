package dev.starling.gate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.web.Permits;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// The REST routes of OpenDHT's proxy (docs/protocols/sip.md, section 1): reading is open within limits,
/// writing needs a signature.
public final class DhtRoutes {
    /// Bounds on reading.
    ///
    /// @param reads look-ups and listens from one network
    /// @param listeners streams open at once, in all and from one network
    /// @param aliveSeconds between two signs of life on a quiet stream
    public record Reading(RateLimit reads, Permits listeners, int aliveSeconds) {}

    /// What became of a request; a refusal by its reason.
    public enum Outcome {
        GET,
        LISTEN,
        PUT,
        PUT_FOR_SERVER,
        PUT_LATER,
        REFUSED_READ_RATE,
        REFUSED_LISTENERS,
        REFUSED_BUSY,
        REFUSED_UNSIGNED,
        REFUSED_FORBIDDEN,
        REFUSED_WRITE_RATE,
        REFUSED_QUOTA,
        REFUSED_TOO_LARGE,
        REFUSED_MALFORMED,
        REFUSED_UNAVAILABLE
    }

    private static final Pattern KEY = Pattern.compile("/key/([0-9a-f]{40})(/listen)?");
    private static final int MAX_BODY = 48 * 1024;
    private static final int SMALL_ANSWER = 64 * 1024;
    private static final long MAX_WAITING_BYTES = Runtime.getRuntime().maxMemory() / 8;
    private static final byte[] ALIVE = {'\n'};
    private static final int RETRY_SECONDS = 10;
    private static final Duration DEFAULT_TTL = Duration.ofMinutes(10), LONGEST_TTL = Duration.ofHours(26);

    private final Dht dht;
    private final Publications publications;
    private final WriteAuthority authority;
    private final Reading reading;
    private final Consumer<Outcome> counter;
    // What slow readers keep us from giving back: events of listeners, and large answers.
    private final AtomicLong eventBytes = new AtomicLong(), answerBytes = new AtomicLong();

    public DhtRoutes(
            Dht dht, Publications publications, WriteAuthority authority, Reading reading, Consumer<Outcome> counter) {
        this.dht = dht;
        this.publications = publications;
        this.authority = authority;
        this.reading = reading;
        this.counter = counter;
    }

    public void mount(Routes routes) {
        routes.get("/key/", this::read);
        routes.on("POST", "/key/", MAX_BODY, this::write);
        routes.get(
                "/node/info",
                _ -> Response.json(200, "{\"engine\":\"starling\",\"health\":" + Response.quote(dht.health()) + "}"));
    }

    private Response read(Request request) throws WebException {
        var path = KEY.matcher(request.path());
        if (!path.matches()) throw new WebException(400, "A key has 40 hex digits.");
        if (!reading.reads.allows(request.remote()))
            throw refused(
                    Outcome.REFUSED_READ_RATE, 429, "Too many look-ups from your network. Try again in a minute.");
        String key = path.group(1);
        return path.group(2) == null ? values(key) : listen(key, request);
    }

    private WebException refused(Outcome why, int status, String detail) {
        counter.accept(why);
        return new WebException(status, detail, status == 429 || status == 503 ? RETRY_SECONDS : 0);
    }

    private Response values(String key) throws WebException {
        counter.accept(Outcome.GET);
        var lines = new ByteArrayOutputStream(4 * 1024);
        try {
            dht.lookup(key, Dht.Limits.USUAL, value -> {
                lines.writeBytes(line(new Dht.Event(value, false)));
                return false;
            });
        } catch (DhtException e) {
            throw refused(Outcome.REFUSED_UNAVAILABLE, e.status(), "Looking up failed: " + e.getMessage() + ".");
        }
        byte[] body = lines.toByteArray();
        return body.length <= SMALL_ANSWER ? Response.of(200, "application/json", body) : large(body);
    }

    // A reader who does not read keeps the answer in memory until the connection is ended.
    private Response large(byte[] body) throws WebException {
        if (answerBytes.get() + body.length > MAX_WAITING_BYTES)
            throw refused(Outcome.REFUSED_BUSY, 503, "Too many large answers are under way. Try again in a moment.");
        return Response.streaming("application/json", out -> {
            answerBytes.addAndGet(body.length);
            try {
                out.write(body);
            } finally {
                answerBytes.addAndGet(-body.length);
            }
        });
    }

    private Response listen(String key, Request request) throws WebException {
        counter.accept(Outcome.LISTEN);
        if (request.method().equals("HEAD")) return Response.of(200, "application/json", new byte[0]);
        // Taken for good only when the stream begins: a client may go before that, and nobody would give it back.
        if (!reading.listeners.free(request.remote()))
            throw refused(Outcome.REFUSED_LISTENERS, 503, "Too many listeners. Try again in a moment.");
        return Response.streaming("application/json", out -> {
            var permit = reading.listeners.take(request.remote());
            if (permit.isEmpty()) return;
            try (var _ = permit.get()) {
                stream(key, out);
            }
        });
    }

    private void stream(String key, OutputStream out) throws IOException {
        try (var backlog = new Backlog(eventBytes, MAX_WAITING_BYTES);
                var _ = dht.watch(key, backlog)) {
            while (!backlog.isCutOff()) {
                var next = backlog.next(reading.aliveSeconds);
                if (next.isEmpty()) out.write(ALIVE);
                for (; next.isPresent(); next = backlog.next(0))
                    out.write(next.get().event().map(DhtRoutes::line).orElse(ALIVE));
                out.flush();
            }
        } catch (DhtException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] line(Dht.Event event) {
        String id = Long.toUnsignedString(event.value().id());
        String data = Base64.getEncoder().encodeToString(event.value().data());
        String line = "{\"id\":\"" + id + "\",\"data\":\"" + data + "\"" + (event.expired() ? ",\"expired\":true" : "")
                + "}\n";
        return line.getBytes(StandardCharsets.US_ASCII);
    }

    private Response write(Request request) throws WebException {
        var path = KEY.matcher(request.path());
        if (!path.matches() || path.group(2) != null) throw new WebException(400, "A key has 40 hex digits.");
        return switch (authority.judge(request)) {
            case WriteAuthority.Refused(int status, String reason, int retry) -> {
                counter.accept(
                        switch (status) {
                            case 429 -> Outcome.REFUSED_WRITE_RATE;
                            case 403 -> Outcome.REFUSED_FORBIDDEN;
                            default -> Outcome.REFUSED_UNSIGNED;
                        });
                throw new WebException(status, reason, retry);
            }
            case WriteAuthority.Allowed allowed -> store(path.group(1), allowed, Put.parse(request.text()));
        };
    }

    /// The body of a write.
    private record Put(long id, byte[] data, long until, Duration ttl) {
        static Put parse(String text) throws WebException {
            try {
                Map<String, Object> json = WriteAuthority.object(text);
                if (json.get("data") instanceof String data && json.get("id") instanceof String id)
                    return new Put(
                            Long.parseUnsignedLong(id),
                            Base64.getDecoder().decode(data),
                            json.get("until") instanceof Number until ? until.longValue() : 0,
                            json.get("ttl") instanceof Number ttl
                                    ? Duration.ofSeconds(Math.clamp(ttl.longValue(), 1, LONGEST_TTL.toSeconds()))
                                    : DEFAULT_TTL);
            } catch (ParseException | IllegalArgumentException e) {
                throw malformed();
            }
            throw malformed();
        }

        private static WebException malformed() {
            return new WebException(
                    400, "The body must be {\"data\":\"<base64>\",\"id\":\"<decimal>\",\"until\":<Unix s>}.");
        }
    }

    private Response store(String key, WriteAuthority.Allowed allowed, Put put) throws WebException {
        var value = new Dht.Value(put.id, allowed.owner(), put.data);
        try {
            return allowed.peer() ? storeForPeer(key, value, put.ttl) : publish(key, value, put.until);
        } catch (DhtException e) {
            var why = switch (e.status()) {
                case 413 -> Outcome.REFUSED_TOO_LARGE;
                case 429 -> Outcome.REFUSED_QUOTA;
                default -> e.away() ? Outcome.REFUSED_UNAVAILABLE : Outcome.REFUSED_MALFORMED;
            };
            throw refused(why, e.status(), "Not stored: " + e.getMessage() + ".");
        }
    }

    private Response storeForPeer(String key, Dht.Value value, Duration ttl) throws DhtException {
        if (ttl.compareTo(dht.caps().ttl()) <= 0) dht.put(key, value, ttl);
        else keepForPeer(key, value, ttl);
        counter.accept(Outcome.PUT_FOR_SERVER);
        return Response.json(200, "{\"id\":\"" + Long.toUnsignedString(value.id()) + "\"}");
    }

    // The engine forgets sooner than the other peer counts on: then it is put again from here.
    private void keepForPeer(String key, Dht.Value value, Duration ttl) throws DhtException {
        var owner = Dht.Owner.local(value.owner().peer() + "/" + value.owner().user());
        var ours = new Dht.Value(value.id(), owner, value.data());
        long until = java.time.Instant.now().plus(ttl).getEpochSecond();
        if (!publications.publish(key, ours, until).put())
            throw new DhtException(502, "the store is not reachable now");
    }

    private Response publish(String key, Dht.Value value, long until) throws DhtException, WebException {
        if (until == 0) throw new WebException(400, "\"until\" (Unix seconds) is missing.");
        var published = publications.publish(key, value, until);
        if (!published.put())
            throw refused(
                    Outcome.PUT_LATER, 502, "The store is not reachable now. The value is kept and will be put later.");
        counter.accept(Outcome.PUT);
        return Response.json(
                200, "{\"id\":\"" + Long.toUnsignedString(value.id()) + "\",\"until\":" + published.until() + "}");
    }
}
