package dev.starling.gate;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.Publications;
import dev.starling.identity.Address;
import dev.starling.web.Permits;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
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
        WATCH,
        PUT,
        PUT_FOR_SERVER,
        PUT_LATER,
        REMOVED,
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

    private static final Pattern KEY = Pattern.compile("/key/([0-9a-f]{40})");
    private static final int MAX_BODY = 48 * 1024;
    private static final int MAX_DELETE_BODY = 1024;
    private static final Pattern ID = Pattern.compile("id=([0-9]{1,20})");
    private static final int RETRY_SECONDS = 10;
    private static final Duration DEFAULT_TTL = Duration.ofMinutes(10), LONGEST_TTL = Duration.ofDays(8);

    private final Dht dht;
    private final Publications publications;
    private final WriteAuthority authority;
    private final DhtReads reads;
    private final Consumer<Outcome> counter;
    private final Consumer<Address> writers;

    /// @param writers told for which address a device of ours is certified that published something
    public DhtRoutes(
            Dht dht,
            Publications publications,
            WriteAuthority authority,
            Reading reading,
            Consumer<Outcome> counter,
            Consumer<Address> writers) {
        this.dht = dht;
        this.publications = publications;
        this.authority = authority;
        reads = new DhtReads(dht, reading, counter);
        this.counter = counter;
        this.writers = writers;
    }

    public void mount(Routes routes) {
        reads.mount(routes);
        routes.on("POST", "/key/", MAX_BODY, this::write);
        routes.on("DELETE", "/key/", MAX_DELETE_BODY, this::write);
        routes.get(
                "/node/info",
                _ -> Response.json(200, "{\"engine\":\"starling\",\"health\":" + Response.quote(dht.health()) + "}"));
    }

    private WebException refused(Outcome why, int status, String detail) {
        counter.accept(why);
        return new WebException(status, detail, status == 429 || status == 503 ? RETRY_SECONDS : 0);
    }

    private Response write(Request request) throws WebException {
        var path = KEY.matcher(request.path());
        if (!path.matches()) throw new WebException(400, "A key has 40 hex digits.");
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
            case WriteAuthority.Allowed allowed ->
                request.method().equals("DELETE")
                        ? remove(path.group(1), allowed, request.query())
                        : store(path.group(1), allowed, Put.parse(request.text()));
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
            if (allowed.peer()) return storeForPeer(key, value, put.ttl);
            var stored = publish(key, value, put.until);
            allowed.address().ifPresent(writers);
            return stored;
        } catch (DhtException e) {
            throw refused(why(e), e.status(), "Not stored: " + e.getMessage() + ".");
        }
    }

    private static Outcome why(DhtException e) {
        return switch (e.status()) {
            case 413 -> Outcome.REFUSED_TOO_LARGE;
            case 429 -> Outcome.REFUSED_QUOTA;
            default -> e.away() ? Outcome.REFUSED_UNAVAILABLE : Outcome.REFUSED_MALFORMED;
        };
    }

    // What is not there is as good as removed: whoever repeats itself is answered alike.
    private Response remove(String key, WriteAuthority.Allowed allowed, String query) throws WebException {
        var named = ID.matcher(query);
        if (!named.matches()) throw new WebException(400, "The query must be id=<decimal>.");
        try {
            long id = Long.parseUnsignedLong(named.group(1));
            if (allowed.peer() && !forgetsSooner()) dht.remove(key, allowed.owner(), id);
            else publications.withdraw(key, keeping(allowed.owner()), id);
            counter.accept(Outcome.REMOVED);
            return Response.json(200, "{\"id\":\"" + Long.toUnsignedString(id) + "\"}");
        } catch (NumberFormatException e) {
            throw new WebException(400, "An id has 64 bits.");
        } catch (DhtException e) {
            throw refused(why(e), e.status(), "Not removed: " + e.getMessage() + ". Try again later.");
        }
    }

    private Response storeForPeer(String key, Dht.Value value, Duration ttl) throws DhtException {
        if (forgetsSooner()) keepForPeer(key, value, ttl);
        else dht.put(key, value, ttl);
        counter.accept(Outcome.PUT_FOR_SERVER);
        return Response.json(200, "{\"id\":\"" + Long.toUnsignedString(value.id()) + "\"}");
    }

    // What another peer puts is then put again from here, for however long: so each of its slots has one place, where
    // a later write replaces it and a DELETE finds it.
    private boolean forgetsSooner() {
        return dht.caps().ttl().compareTo(LONGEST_TTL) < 0;
    }

    private void keepForPeer(String key, Dht.Value value, Duration ttl) throws DhtException {
        var ours = new Dht.Value(value.id(), keeping(value.owner()), value.data());
        if (!publications.keep(key, ours, ttl).put()) throw new DhtException(502, "the store is not reachable now");
    }

    // The engine knows only us; whose it is stands in the name.
    private static Dht.Owner keeping(Dht.Owner owner) {
        return owner.peer().isEmpty() ? owner : Dht.Owner.local(owner.peer() + "/" + owner.user());
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
