package dev.starling.gate;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.record.PrivateHost;
import dev.starling.sip.locating.Srv;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/// `GET /peers?domain=…`: where the DNS says that the peers of a domain are, for a page, which cannot ask it itself
/// (docs/decisions/0017-peers-by-dns.md). It is no way to anywhere else: two names of that domain are asked for, what
/// is answered is text, and whoever goes there looks at what is there.
public final class PeersRoute {
    private static final int MAX_PEERS = 8, AT_ONCE = 16, MAX_KEPT = 2_000, RETRY_SECONDS = 10;
    private static final Duration KEPT = Duration.ofMinutes(5), KEPT_UNKNOWN = Duration.ofSeconds(20);
    private static final String QUERY = "domain=";

    /// How it is set up.
    ///
    /// @param local local mode: private hosts too, by plain HTTP
    /// @param patience for both names together
    /// @param reads of one network
    public record Config(boolean local, Duration patience, RateLimit reads) {
        public static Config usual(boolean local, Clock clock) {
            return new Config(local, Duration.ofSeconds(4), new RateLimit(60, 20, clock));
        }
    }

    /// What is remembered of a domain.
    ///
    /// @param error why nothing is known; "" when something is
    /// @param until Unix ms
    private record Answer(List<Srv> gates, String error, long until) {}

    private final ServiceRecords dns;
    private final Config config;
    private final Clock clock;
    private final RandomGenerator random;
    private final Semaphore room = new Semaphore(AT_ONCE);
    private final Map<String, Answer> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Answer> eldest) {
            return size() > MAX_KEPT;
        }
    };

    public PeersRoute(ServiceRecords dns, Config config, Clock clock, RandomGenerator random) {
        this.dns = dns;
        this.config = config;
        this.clock = clock;
        this.random = random;
    }

    public void mount(Routes routes) {
        routes.get("/peers", this::answer);
    }

    private Response answer(Request request) throws WebException {
        if (!config.reads.allows(request.remote()))
            throw new WebException(429, "Too many domains asked for. Try again in a minute.", RETRY_SECONDS);
        Answer answer = find(domain(request.query()));
        if (!answer.error.isEmpty())
            throw new WebException(502, "Nothing is known: " + answer.error + ".", RETRY_SECONDS);
        String bases = Srv.inTurn(answer.gates, MAX_PEERS, random).stream()
                .map(gate -> Response.quote(base(gate)))
                .collect(Collectors.joining(","));
        return Response.json(200, "{\"peers\":[" + bases + "]}");
    }

    /// In the one form of formats.md, section 1: letters, digits, dots and hyphens.
    private String domain(String query) throws WebException {
        try {
            if (query.startsWith(QUERY) && query.length() <= QUERY.length() + Address.MAX_LENGTH) {
                String text = Address.parse("peers@" + query.substring(QUERY.length()))
                        .text();
                String domain = text.substring(text.indexOf('@') + 1);
                // What the resolver of this network alone knows is nobody else's business.
                if (config.local || !PrivateHost.is(domain)) return domain;
            }
        } catch (IdentityException e) {
            throw new WebException(400, "This is no domain of an e-mail address: " + e.reason() + ".");
        }
        throw new WebException(400, "Ask with ?domain=…, a public domain in its ASCII form.");
    }

    private Answer find(String domain) throws WebException {
        synchronized (kept) {
            var known = kept.get(domain);
            if (known != null && known.until > clock.millis()) return known;
        }
        if (!room.tryAcquire())
            throw new WebException(503, "Too many domains are being asked for. Try again in a moment.", RETRY_SECONDS);
        // Its place is free when the DNS is done with it, also when nobody waits for that any more.
        var task = new FutureTask<>(() -> {
            try {
                return ask(domain);
            } finally {
                room.release();
            }
        });
        Thread.ofPlatform().daemon().name("dns").start(task);
        Answer answer = await(task);
        synchronized (kept) {
            kept.put(domain, answer);
        }
        return answer;
    }

    private Answer await(FutureTask<Answer> task) throws WebException {
        try {
            return task.get(config.patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return unknown("the DNS takes too long");
        } catch (ExecutionException e) {
            throw new WebException(500, "The DNS could not be asked.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new WebException(503, "The server is going down.");
        }
    }

    private Answer ask(String domain) {
        try {
            var gates = dns.of("_sips._ws." + domain);
            if (gates.isEmpty())
                gates = dns.of("_sips._tcp." + domain).stream()
                        .map(each -> new Srv(each.priority(), each.weight(), usualPort(), each.target()))
                        .toList();
            var allowed = gates.stream()
                    .filter(each -> config.local || !PrivateHost.is(each.target()))
                    .toList();
            return new Answer(allowed, "", clock.millis() + KEPT.toMillis());
        } catch (IOException e) {
            return unknown(String.valueOf(e.getMessage()));
        }
    }

    private Answer unknown(String why) {
        return new Answer(List.of(), why, clock.millis() + KEPT_UNKNOWN.toMillis());
    }

    private int usualPort() {
        return config.local ? 80 : 443;
    }

    private String base(Srv gate) {
        return (config.local ? "http://" : "https://") + gate.target()
                + (gate.port() == usualPort() ? "" : ":" + gate.port()) + "/";
    }
}
