package dev.starling.ca.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// The CA's database, brought to the newest schema when it is opened: SQLite in a file that only its owner can read and
/// only one process opens, written through before anything is answered; or PostgreSQL, which several processes may
/// share.
final class Database implements AutoCloseable {
    private static final int CONNECTIONS = 8;
    private static final long PATIENCE_MILLIS = 10_000;
    private static final int MIGRATION_SECONDS = 300;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    /// Where the two differ.
    ///
    /// @param forUpdate behind a `select` whose rows nobody else may change until the transaction ends; in SQLite a
    ///     transaction has the whole database to itself
    /// @param alone a statement that lets only one transaction at a time go on; "" where there is only one anyway
    /// @param opening the same for who makes the tables, until its transaction ends
    /// @param ring wakes other processes with `:said`; "" where there are none
    record Dialect(String forUpdate, String alone, String opening, String ring, Map<String, String> types) {
        static final Dialect SQLITE =
                new Dialect("", "", "", "", Map.of("bytes", "blob", "serial", "integer primary key autoincrement"));
        static final Dialect POSTGRESQL = new Dialect(
                " for update",
                "select 1 from (select pg_advisory_xact_lock(7355608)) as alone",
                "select pg_advisory_xact_lock(7355609)",
                "select 1 from (select pg_notify('" + Bells.CHANNEL + "', :said)) as rung",
                Map.of("bytes", "bytea", "serial", "bigint generated always as identity primary key"));
    }

    /// What happens whole or not at all; an [UncheckedIOException] comes out as its cause.
    interface Work<T, X extends Exception> {
        T run(Handle handle) throws X;
    }

    private final HikariDataSource pool;
    private final Jdbi jdbi;
    private final Dialect dialect;
    private final Optional<FileChannel> lock;

    private Database(HikariConfig config, Dialect dialect, String name, Optional<FileChannel> lock, boolean migrates)
            throws IOException {
        this.dialect = dialect;
        this.lock = lock;
        config.setConnectionTimeout(PATIENCE_MILLIS);
        config.setPoolName("ca");
        try {
            pool = new HikariDataSource(config);
        } catch (RuntimeException e) {
            throw cannotBeOpened(name, e);
        }
        try {
            migrateAlone(name, migrates);
        } catch (IOException | RuntimeException e) {
            pool.close();
            throw e;
        }
        jdbi = Jdbi.create(pool);
    }

    /// @param file is made when it is not there
    static Database sqlite(Path file) throws IOException {
        if (!Files.exists(file)) Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        Files.setPosixFilePermissions(file, OWNER_ONLY);
        FileChannel lock = locked(file.resolveSibling(file.getFileName() + ".lock"));
        try {
            SQLiteDataSource source = source(file);
            FirstStore.complete(source, file);
            return new Database(config(source), Dialect.SQLITE, file.toString(), Optional.of(lock), true);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /// Beside the process that has it, which makes the tables: for a moment, not for another server.
    static Database beside(Path file) throws IOException {
        if (!Files.exists(file)) throw new IOException("There is no CA's database " + file + ".");
        return new Database(config(source(file)), Dialect.SQLITE, file.toString(), Optional.empty(), false);
    }

    static void copy(Path file, Path to) throws IOException {
        Files.deleteIfExists(to);
        try (Connection db = source(file).getConnection();
                var s = db.prepareStatement("vacuum into ?")) {
            s.setString(1, to.toString());
            s.execute();
        } catch (SQLException e) {
            throw cannotBeOpened(file.toString(), e);
        }
        Files.setPosixFilePermissions(to, OWNER_ONLY);
    }

    private static SQLiteDataSource source(Path file) {
        var settings = new SQLiteConfig();
        settings.setJournalMode(SQLiteConfig.JournalMode.WAL);
        settings.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        settings.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
        settings.setBusyTimeout((int) PATIENCE_MILLIS);
        var source = new SQLiteDataSource(settings);
        source.setUrl("jdbc:sqlite:" + file);
        return source;
    }

    private static HikariConfig config(SQLiteDataSource source) {
        var config = new HikariConfig();
        config.setDataSource(source);
        config.setMaximumPoolSize(1);
        return config;
    }

    /// @param url of JDBC, with user and password where the server wants them
    static Database postgresql(String url) throws IOException {
        var config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(CONNECTIONS);
        config.setInitializationFailTimeout(PATIENCE_MILLIS);
        // What is behind the question mark may be a password.
        return new Database(config, Dialect.POSTGRESQL, url.replaceFirst("\\?.*", ""), Optional.empty(), true);
    }

    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw inUse(file);
        }
        channel.close();
        throw inUse(file);
    }

    private static IOException inUse(Path lock) {
        return new IOException("Another process of the CA uses this folder (" + lock
                + "). Two that work together need PostgreSQL: --database jdbc:postgresql://…");
    }

    // Of two processes that start at once the second one waits: the tables' own history is made unguarded.
    private void migrateAlone(String name, boolean migrates) throws IOException {
        if (dialect.opening().isEmpty()) {
            migrate(name, migrates);
            return;
        }
        try (Connection held = pool.getConnection();
                var s = held.createStatement()) {
            held.setAutoCommit(false);
            s.setQueryTimeout(MIGRATION_SECONDS);
            s.execute(dialect.opening());
            migrate(name, migrates);
            held.rollback();
        } catch (SQLException e) {
            throw cannotBeOpened(name, e);
        }
    }

    private void migrate(String name, boolean migrates) throws IOException {
        try {
            Flyway tables = Flyway.configure()
                    .dataSource(pool)
                    .locations("classpath:dev/starling/ca/store/schema")
                    // What is there without a history is what FirstStore takes over.
                    .baselineOnMigrate(true)
                    .baselineVersion("0")
                    .javaMigrations(new FirstStore.Aside(), new FirstStore.Taken())
                    .placeholders(dialect.types())
                    // What is not known here was made by a newer version.
                    .ignoreMigrationPatterns(new String[0])
                    .load();
            if (migrates) tables.migrate();
            else tables.validate();
        } catch (FlywayValidateException e) {
            throw new IOException(
                    "The CA's database " + name
                            + " was written by another version of this program, or changed by hand.",
                    e);
        } catch (FlywayException e) {
            throw cannotBeOpened(name, e);
        }
    }

    private static IOException cannotBeOpened(String name, Exception why) {
        return new IOException("The CA's database " + name + " cannot be opened: " + why.getMessage(), why);
    }

    Dialect dialect() {
        return dialect;
    }

    <T, X extends Exception> T whole(Work<T, X> work) throws X, IOException {
        try {
            return jdbi.<T, X>inTransaction(work::run);
        } catch (JdbiException e) {
            throw new IOException("the CA's store failed", e);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() throws IOException {
        pool.close();
        if (lock.isPresent()) lock.get().close();
    }
}
