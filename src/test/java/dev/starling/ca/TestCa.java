package dev.starling.ca;

import dev.starling.ca.front.AcmeFront;
import dev.starling.ca.front.Origin;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.Outbox;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// The whole CA over HTTP on the loopback, with a clock and a mail server in the test's hand.
public final class TestCa implements AutoCloseable {
    // Held, because the logging system forgets loggers and their levels.
    private static final java.util.logging.Logger QUIET = java.util.logging.Logger.getLogger("io.helidon");

    static {
        QUIET.setLevel(java.util.logging.Level.WARNING);
    }

    public final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    public final Letters letters = new Letters();
    public final Routes routes = new Routes();
    public final CaStore store;
    public final Issuer issuer;
    public final Outbox outbox;
    public final String base;
    private final WebServer server;

    public TestCa(Path folder) throws IOException {
        this(folder, Limits.LOCAL, 1_000_000);
    }

    /// @param burst of requests, and of new accounts, a network
    public TestCa(Path folder, Limits limits, int burst) throws IOException {
        this(folder, limits, burst, new Origin(false));
    }

    public TestCa(Path folder, Limits limits, int burst, Origin origin) throws IOException {
        store = new CaStore(folder.resolve("ca.db"));
        issuer = Issuer.open(folder, false, store, clock);
        outbox = new Outbox(store, letters, clock);
        server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, clock);
        base = "http://127.0.0.1:" + server.port();
        var orders = new Orders(store, issuer, outbox, limits, clock);
        var rate = new RateLimit(1, burst, clock);
        new AcmeFront(base, store, orders, origin, rate, new RateLimit(1, burst, clock), clock).mount(routes);
    }

    public URI directory() {
        return URI.create(base + "/acme/directory");
    }

    public AcmeCaller caller() throws IOException {
        return new AcmeCaller(base);
    }

    @Override
    public void close() throws IOException {
        server.close();
        outbox.close();
        store.close();
    }
}
