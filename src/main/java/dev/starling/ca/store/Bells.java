package dev.starling.ca.store;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// By which processes that share a database wake one another: PostgreSQL's NOTIFY, rung by [Session#ring] when a
/// transaction is through. A bell says that something is there, never what: that is read from the store. A ring can be
/// lost with the connection, so whoever listens looks once after each new one, and now and then by itself.
public final class Bells implements AutoCloseable {
    /// For what.
    public enum Bell {
        /// A certificate is to be made, for the order of that id.
        ORDER,
        /// Something came of it.
        DONE,
        /// A certificate was withdrawn.
        WITHDRAWN,
        /// The challenge of that id was answered.
        ANSWER,
        /// And judged.
        JUDGED,
        /// A mail is to go out, for the authorization of that id.
        MAIL
    }

    static final String CHANNEL = "starling_ca";
    private static final System.Logger LOG = System.getLogger("starling.ca");
    /// Nobody tells when a database that is away is there again, so it is tried once a second.
    private static final int ALIVE_MILLIS = 10_000, AGAIN_MILLIS = 1_000;

    private final Map<Bell, List<Consumer<String>>> hearers = new EnumMap<>(Bell.class);
    private final Map<String, List<CountDownLatch>> waiting = new ConcurrentHashMap<>();
    private final Optional<String> url;
    private final CountDownLatch listening = new CountDownLatch(1);
    private volatile @Nullable Connection connection;
    private final CountDownLatch closed = new CountDownLatch(1);
    private boolean started;

    /// @param url of PostgreSQL; empty: nobody else is there to ring or to hear
    Bells(Optional<String> url) {
        this.url = url;
        for (Bell each : Bell.values()) hearers.put(each, new CopyOnWriteArrayList<>());
    }

    /// Listens from now on; whoever waits for answers does so before there are questions.
    public synchronized void start() {
        if (started || url.isEmpty()) return;
        started = true;
        Thread.ofPlatform().daemon().name("ca-bells").start(this::listen);
    }

    /// Runs `heard`, which must be quick, with the id that was rung for; with "" whenever some may have been missed.
    public void on(Bell bell, Consumer<String> heard) {
        List<Consumer<String>> all = hearers.get(bell);
        if (all != null) all.add(heard);
        start();
    }

    /// Somebody who waits for one ring from now on.
    public final class Waiting implements AutoCloseable {
        private final String name;
        private final CountDownLatch rung = new CountDownLatch(1);

        private Waiting(String name) {
            this.name = name;
            waiting.computeIfAbsent(name, _ -> new CopyOnWriteArrayList<>()).add(rung);
        }

        /// Returns when it has rung, or after `patience`.
        public void await(Duration patience) {
            try {
                var _ = rung.await(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            waiting.computeIfPresent(name, (_, all) -> {
                all.remove(rung);
                return all.isEmpty() ? null : all;
            });
        }
    }

    public Waiting awaiting(Bell bell, String id) {
        start();
        try {
            // What rings before is not heard.
            if (url.isPresent()) {
                var _ = listening.await(AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Waiting(bell + " " + id);
    }

    private void listen() {
        boolean told = false;
        while (!isClosed()) {
            try (Connection db = DriverManager.getConnection(url.orElseThrow());
                    var s = db.createStatement()) {
                connection = db;
                s.execute("listen " + CHANNEL);
                told = false;
                listening.countDown();
                for (Bell each : Bell.values()) ring(each, "");
                // Theirs may have been lost, too: they look.
                waiting.values().forEach(all -> all.forEach(CountDownLatch::countDown));
                while (!isClosed()) {
                    PGNotification[] heard = db.unwrap(PGConnection.class).getNotifications(ALIVE_MILLIS);
                    if (heard == null || heard.length == 0) s.execute("select 1");
                    else for (PGNotification each : heard) ring(each.getParameter());
                }
            } catch (SQLException e) {
                if (!isClosed() && !told)
                    LOG.log(System.Logger.Level.WARNING, "the bells of the database: {0}", e.getMessage());
                told = true;
                awaitAnotherTry();
            }
        }
    }

    private void ring(String said) {
        int blank = said.indexOf(' ');
        String name = blank < 0 ? said : said.substring(0, blank);
        for (Bell each : Bell.values())
            if (each.name().equals(name))
                ring(each, said.substring(name.length()).strip());
    }

    private void ring(Bell bell, String id) {
        for (CountDownLatch each : waiting.getOrDefault(bell + " " + id, List.of())) each.countDown();
        for (Consumer<String> each : hearers.getOrDefault(bell, List.of())) {
            try {
                each.accept(id);
            } catch (RuntimeException e) {
                // Whatever is wrong there, the next one must be heard.
                LOG.log(System.Logger.Level.ERROR, "what was rung for", e);
            }
        }
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    private void awaitAnotherTry() {
        try {
            var _ = closed.await(AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed.countDown();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        Connection open = connection;
        if (open == null) return;
        try {
            // Whoever reads from it is woken.
            open.abort(Runnable::run);
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing the bells", e);
        }
    }
}
