package dev.starling.gate;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/// The REST routes of OpenDHT's proxy (docs/protocols/sip.md, section 1): reading is open within limits, writing
/// needs a signature.
public final class DhtRoutes {
    private static final Pattern KEY = Pattern.compile("/key/([0-9a-f]{40})(/listen)?");
    private static final int MAX_BODY = 48 * 1024;
    private static final int MAX_LISTENERS = 5_000, MAX_PENDING_EVENTS = 1_000;
    private static final long ALIVE_SECONDS = 20;
    private static final Duration DEFAULT_TTL = Duration.ofMinutes(10);

    private final Dht dht;
    private final Publications publications;
    private final WriteAuthority authority;
    private final RateLimit reads;
    private final AtomicInteger listeners = new AtomicInteger();

    public DhtRoutes(Dht dht, Publications publications, WriteAuthority authority, RateLimit reads) {
        this.dht = dht;
        this.publications = publications;
        this.authority = authority;
        this.reads = reads;
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
        if (!reads.allows(request.remote()))
            throw new WebException(429, "Too many look-ups from your network. Try again in a minute.");
        String key = path.group(1);
        return path.group(2) == null ? values(key) : listen(key);
    }

    private Response values(String key) throws WebException {
        var lines = new StringBuilder();
        try {
            dht.lookup(key, Dht.Limits.USUAL, value -> {
                lines.append(line(new Dht.Event(value, false)));
                return false;
            });
        } catch (DhtException e) {
            throw new WebException(e.status(), "Looking up failed: " + e.getMessage());
        }
        return Response.of(200, "application/json", lines.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private Response listen(String key) throws WebException {
        if (listeners.get() >= MAX_LISTENERS) throw new WebException(503, "Too many listeners. Try again in a minute.");
        return Response.streaming("application/json", out -> stream(key, out));
    }

    private void stream(String key, OutputStream out) throws IOException {
        var events = new LinkedBlockingQueue<Dht.Event>(MAX_PENDING_EVENTS);
        listeners.incrementAndGet();
        // A listener that does not read loses events, not the store its time; it sees the present values when it asks
        // again.
        try (var _ = dht.watch(key, events::offer)) {
            while (true) {
                var event = events.poll(ALIVE_SECONDS, TimeUnit.SECONDS);
                out.write((event == null ? "\n" : line(event)).getBytes(StandardCharsets.US_ASCII));
                if (events.isEmpty()) out.flush();
            }
        } catch (DhtException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            listeners.decrementAndGet();
        }
    }

    private static String line(Dht.Event event) {
        String id = Long.toUnsignedString(event.value().id());
        String data = Base64.getEncoder().encodeToString(event.value().data());
        return "{\"id\":\"" + id + "\",\"data\":\"" + data + "\"" + (event.expired() ? ",\"expired\":true" : "")
                + "}\n";
    }

    private Response write(Request request) throws WebException {
        var path = KEY.matcher(request.path());
        if (!path.matches() || path.group(2) != null) throw new WebException(400, "A key has 40 hex digits.");
        return switch (authority.judge(request)) {
            case WriteAuthority.Refused(int status, String reason) -> throw new WebException(status, reason);
            case WriteAuthority.Allowed allowed -> store(path.group(1), allowed, request);
        };
    }

    private Response store(String key, WriteAuthority.Allowed allowed, Request request) throws WebException {
        try {
            Map<String, Object> json = JSONObjectUtils.parse(request.text());
            byte[] data = Base64.getDecoder().decode(String.valueOf(json.getOrDefault("data", "")));
            long id = Long.parseUnsignedLong(String.valueOf(json.getOrDefault("id", "")));
            var value = new Dht.Value(id, allowed.owner(), data);
            if (allowed.peer()) {
                dht.put(
                        key,
                        value,
                        json.get("ttl") instanceof Number n
                                ? Duration.ofSeconds(Math.clamp(n.longValue(), 1, 93_600))
                                : DEFAULT_TTL);
            } else if (!(json.get("until") instanceof Number until)) {
                throw new WebException(400, "\"until\" (Unix seconds) is missing.");
            } else if (!publications.publish(key, value, until.longValue())) {
                throw new WebException(502, "The store is not reachable now. The value is kept and will be put later.");
            }
            return Response.json(200, "{\"id\":\"" + Long.toUnsignedString(id) + "\"}");
        } catch (ParseException | IllegalArgumentException e) {
            throw new WebException(
                    400, "The body must be {\"data\":\"<base64>\",\"id\":\"<decimal>\",\"until\":<Unix s>}.");
        } catch (DhtException e) {
            throw new WebException(e.status(), String.valueOf(e.getMessage()));
        }
    }
}
