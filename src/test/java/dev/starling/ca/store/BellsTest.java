package dev.starling.ca.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Bells.Bell;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Processes that wake one another by PostgreSQL.
class BellsTest {
    private static String next(LinkedBlockingQueue<String> heard) throws InterruptedException {
        return String.valueOf(heard.poll(30, TimeUnit.SECONDS));
    }

    @Test
    void oneRingsWhatAnotherOneHearsAlsoOverALostConnection() throws Exception {
        String url = PostgreSql.database();
        try (var here = CaStore.postgresql(url);
                var there = CaStore.postgresql(url)) {
            var heard = new LinkedBlockingQueue<String>();
            there.bells().on(Bell.ORDER, heard::add);
            // Whoever begins to listen may have missed something.
            assertEquals("", next(heard));
            here.change(session -> session.ring(Bell.ORDER, "o1"));
            assertEquals("o1", next(heard));
            // Another bell, and what did not come to pass.
            here.change(session -> session.ring(Bell.DONE, "o2"));
            org.junit.jupiter.api.Assertions.assertThrows(
                    Problem.class,
                    () -> here.whole(session -> {
                        session.ring(Bell.ORDER, "o3");
                        throw Problem.malformed("no");
                    }));
            here.change(session -> session.ring(Bell.ORDER, "o4"));
            assertEquals("o4", next(heard));
            try (var db = DriverManager.getConnection(url);
                    var s = db.createStatement()) {
                s.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'");
            }
            assertEquals("", next(heard));
            here.change(session -> session.ring(Bell.ORDER, "o5"));
            assertEquals("o5", next(heard));
        }
    }

    @Test
    void theFirstOneWhoWaitsIsWokenToo() throws Exception {
        String url = PostgreSql.database();
        try (var here = CaStore.postgresql(url);
                var there = CaStore.postgresql(url);
                var waiting = there.bells().awaiting(Bell.DONE, "o1")) {
            long before = System.nanoTime();
            here.change(session -> session.ring(Bell.DONE, "o1"));
            waiting.await(Duration.ofSeconds(20));
            assertTrue(Duration.ofNanos(System.nanoTime() - before).toSeconds() < 10);
        }
    }

    @Test
    void whoWaitsIsWokenOrGoesOn() throws Exception {
        String url = PostgreSql.database();
        try (var here = CaStore.postgresql(url);
                var there = CaStore.postgresql(url)) {
            var ready = new LinkedBlockingQueue<String>();
            there.bells().on(Bell.DONE, ready::add);
            assertEquals("", next(ready));
            long before = System.nanoTime();
            try (var waiting = there.bells().awaiting(Bell.DONE, "o1");
                    var other = there.bells().awaiting(Bell.DONE, "o2")) {
                here.change(session -> session.ring(Bell.DONE, "o1"));
                waiting.await(Duration.ofSeconds(60));
                assertTrue(Duration.ofNanos(System.nanoTime() - before).toSeconds() < 50);
                other.await(Duration.ofMillis(20));
            }
        }
    }
}
