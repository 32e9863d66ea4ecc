package dev.starling.ca.store;

import dev.starling.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/// A real PostgreSQL server (Debian's `postgresql`) on 127.0.0.1, one for all tests of this process; it ends with the
/// process, whatever way that ends, because a shell beside it reads a pipe from here.
public final class PostgreSql {
    private static final String ENOUGH = "-c fsync=off -c max_connections=200 -c listen_addresses=127.0.0.1";
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static @Nullable PostgreSql running;

    private final Path programs, folder;
    // It refuses to run as root.
    private final List<String> as;
    private final String data;
    private final int port;
    private Process shell;

    private PostgreSql(Path programs) throws IOException, InterruptedException {
        this.programs = programs;
        folder = Files.createTempDirectory("postgresql");
        boolean root = "root".equals(System.getProperty("user.name"));
        as = root ? List.of("runuser", "-u", "postgres", "--") : List.of();
        if (root) run(List.of("chown", "postgres", folder.toString()));
        data = folder.resolve("data").toString();
        run(joined(
                as,
                programs.resolve("initdb").toString(),
                "-D",
                data,
                "-U",
                "ca",
                "--auth=trust",
                "-E",
                "UTF8",
                "--no-sync"));
        port = FreePort.next();
        shell = started();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(shell, folder)));
        awaitReady(programs);
    }

    private Process started() throws IOException {
        String watch = programs.resolve("postgres") + " -D " + data + " -p " + port + " -k " + folder + " " + ENOUGH
                + " & server=$!; cat; kill -INT $server; wait $server";
        // Held by the process itself; its end of the pipe closes with this one.
        return new ProcessBuilder(joined(as, "sh", "-c", watch))
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .redirectErrorStream(true)
                .start();
    }

    /// One of the test's own, which may be stopped. It ends with the process at the latest.
    public static PostgreSql own() throws IOException {
        Path programs = programs();
        try {
            return new PostgreSql(programs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /// For JDBC.
    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=ca";
    }

    /// At once, as if the machine had lost its power: what was not committed is lost.
    public void stop() throws IOException, InterruptedException {
        run(joined(as, programs.resolve("pg_ctl").toString(), "stop", "-D", data, "-m", "immediate", "-s"));
        shell.getOutputStream().close();
        shell.onExit().join();
    }

    /// With what was committed.
    public void start() throws IOException, InterruptedException {
        shell = started();
        awaitReady(programs);
    }

    private void awaitReady(Path programs) throws IOException, InterruptedException {
        // It says in no other way that it is ready.
        for (int i = 0; i < 300; i++) {
            var asked = new ProcessBuilder(
                            programs.resolve("pg_isready").toString(),
                            "-q",
                            "-h",
                            "127.0.0.1",
                            "-p",
                            String.valueOf(port))
                    .start();
            if (asked.waitFor() == 0) return;
            Thread.sleep(50);
        }
        throw new IOException("PostgreSQL does not start");
    }

    private static void end(Process shell, Path folder) {
        try {
            shell.getOutputStream().close();
            if (!shell.waitFor(20, TimeUnit.SECONDS)) shell.destroyForcibly();
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            // The system clears its temporary folder.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<String> joined(List<String> as, String... command) {
        var all = new ArrayList<>(as);
        all.addAll(List.of(command));
        return all;
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0) throw new IOException(command.getFirst() + ": " + said);
    }

    /// The URL of new, empty place for tables. Leaves the test out where there is no PostgreSQL, and says so.
    public static synchronized String database() throws IOException {
        Path programs = programs();
        try {
            if (running == null) running = new PostgreSql(programs);
            String server = running.url();
            // A schema: a database of its own would be a thousand files.
            String name = "test" + NAMES.incrementAndGet();
            try (var db = DriverManager.getConnection(server);
                    var s = db.createStatement()) {
                s.execute("create schema " + name);
            }
            return server + "&currentSchema=" + name;
        } catch (SQLException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /// Returns when somebody waits for a row, or another lock, in a statement that names this.
    public static void awaitWaiting(String url, String named) throws SQLException, InterruptedException {
        String schema = url.replaceFirst(".*currentSchema=", "");
        try (var db = DriverManager.getConnection(url);
                var s = db.prepareStatement("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                        + " and position(? in query) > 0 and exists (select 1 from pg_locks l join pg_class c"
                        + " on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace"
                        + " where l.pid = pg_stat_activity.pid and n.nspname = ?)")) {
            s.setString(1, named);
            s.setString(2, schema);
            for (int i = 0; i < 1200; i++) {
                try (var rows = s.executeQuery()) {
                    if (rows.next() && rows.getInt(1) > 0) return;
                }
                Thread.sleep(20);
            }
        }
        throw new AssertionError("nobody waits for " + named);
    }

    /// Returns when somebody waits for his turn, where one transaction at a time goes on.
    public static void awaitQueue(String url) throws SQLException, InterruptedException {
        try (var db = DriverManager.getConnection(url);
                var s = db.prepareStatement(
                        "select count(*) from pg_locks where locktype = 'advisory' and not granted")) {
            for (int i = 0; i < 1200; i++) {
                try (var rows = s.executeQuery()) {
                    if (rows.next() && rows.getInt(1) > 0) return;
                }
                Thread.sleep(20);
            }
        }
        throw new AssertionError("nobody waits for his turn");
    }

    // Debian keeps each version in a folder of its own.
    private static Path programs() throws IOException {
        Path versions = Path.of("/usr/lib/postgresql");
        List<Path> found = List.of();
        if (Files.isDirectory(versions))
            try (Stream<Path> all = Files.list(versions)) {
                found = all.map(each -> each.resolve("bin"))
                        .filter(each -> Files.isExecutable(each.resolve("initdb")))
                        .sorted()
                        .toList();
            }
        Assumptions.assumeFalse(found.isEmpty(), "PostgreSQL is not installed (RUNLEVEL=1 apt-get install postgresql)");
        return found.getLast();
    }
}
