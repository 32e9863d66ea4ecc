package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A PostgreSQL server that is gone when somebody proves an address and asks for the certificate: at each message that
/// goes to it, and at once with all that it has in memory. The certificate comes once it is back, and once.
class DatabaseGoneTest {
    // Held, because the logging system forgets loggers and their levels. It tells of each connection that is broken.
    private static final java.util.logging.Logger QUIET = java.util.logging.Logger.getLogger("com.zaxxer.hikari");

    static {
        QUIET.setLevel(java.util.logging.Level.SEVERE);
    }

    private static final int MOST = 600, SOME = 7;

    @TempDir
    Path folder;

    private TestCa ca(String url) throws Exception {
        return new TestCa(CaStore.postgresql(url), folder, Limits.LOCAL, 1_000_000, new Origin(false));
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void atWhicheverMessageTheWireBreaksTheCertificateComesOnce(boolean late) throws Exception {
        int times = breaking(1, 1, late);
        assertTrue(times > 80, times + " messages");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void atSomeMessagesTheWireBreaksAndTheCertificateComesOnce(boolean late) throws Exception {
        int times = breaking(late ? 3 : 1, SOME, late);
        assertTrue(times > 8, times + " messages");
    }

    /// @param late the server gets the message, but its answer is lost: nobody knows what was committed
    /// @return at how many messages it broke
    private int breaking(int first, int step, boolean late) throws Exception {
        String url = PostgreSql.database();
        int port = URI.create(url.substring("jdbc:".length())).getPort();
        try (var wire = new Wire(port);
                var ca = ca(url.replace(":" + port + "/", ":" + wire.port() + "/"));
                var caller = ca.caller().registered()) {
            for (int message = first, times = 0; ; message += step, times++) {
                assertTrue(message < MOST, "it never ends");
                var person = new Stubborn(ca, caller, "person" + message + "@example.net");
                wire.breakAt(message, late);
                boolean done = person.tries();
                boolean broke = wire.fired();
                wire.mend();
                person.persists();
                person.hasOne(times + 1);
                if (broke) continue;
                assertTrue(done);
                return times;
            }
        }
    }

    @Test
    void aServerThatIsStoppedAtOnceAndStartedAgainLosesNothing() throws Exception {
        PostgreSql server = PostgreSql.own();
        try (var ca = ca(server.url());
                var caller = ca.caller().registered();
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var before = new Stubborn(ca, caller, "before@example.net");
            assertTrue(before.tries());
            var people = new ArrayList<Stubborn>();
            for (int i = 0; i < 12; i++) people.add(new Stubborn(ca, caller, "person" + i + "@example.net"));
            List<Callable<Boolean>> tries =
                    people.stream().<Callable<Boolean>>map(each -> each::tries).toList();
            var running = new ArrayList<Future<Boolean>>();
            for (var each : tries) running.add(all.submit(each));
            // While some are under way.
            while (ca.<Integer>stored(session -> session.certificates().count()) < 3) Thread.onSpinWait();
            server.stop();
            int failed = 0;
            for (var each : running) if (!each.get()) failed++;
            assertTrue(failed > 0, "none was under way");
            assertFalse(people.getFirst().tries(), "nobody can be told anything now");
            server.start();
            for (Stubborn each : people) each.persists();
            before.hasOne(13);
            for (Stubborn each : people) each.hasOne(13);
        } finally {
            server.stop();
        }
    }
}
