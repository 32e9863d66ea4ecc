package dev.starling.ca.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The one SQLite connection of the CA: a file that only its owner can read, written through before it is
/// answered, brought to the newest schema step by step.
final class Database implements AutoCloseable {
    // Step n leads from schema n to n + 1; steps are only ever added.
    private static final List<List<String>> STEPS = List.of(
            List.of(
                    "create table if not exists account (id text primary key, thumbprint text unique, jwk text) without rowid",
                    "create table if not exists acme_order (id text primary key, account text, address text, status text,"
                            + " part1 text, part2 text, tries integer, expires integer, chain text) without rowid",
                    "create index if not exists order_address on acme_order (address, status)",
                    "create table if not exists mail (address text, domain text, network text, sent integer)",
                    "create index if not exists mail_sent on mail (sent)",
                    "create table if not exists certificate (serial text primary key, order_id text, address text,"
                            + " to_be_signed blob, der blob, not_after integer) without rowid"),
            List.of(
                    "alter table account add column status text not null default 'valid'",
                    "alter table account add column created integer not null default 0",
                    "alter table acme_order add column created integer not null default 0",
                    "alter table acme_order add column validated integer not null default 0",
                    "alter table acme_order add column error text not null default ''",
                    "create index order_account on acme_order (account)",
                    "create index mail_address on mail (address, sent)",
                    "create table outbox (order_id text primary key, language text, attempts integer, due integer)"
                            + " without rowid"));

    /// Fills in the question marks.
    interface Fill {
        void fill(PreparedStatement s) throws SQLException;
    }

    /// Reads one row.
    interface Read<T> {
        T read(ResultSet row) throws SQLException;
    }

    /// What happens whole or not at all.
    interface Work {
        void run() throws IOException;
    }

    private final Connection db;

    Database(Path file) throws IOException {
        try {
            if (!Files.exists(file))
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            migrate();
        } catch (SQLException e) {
            throw new IOException("The CA's database " + file + " cannot be opened: " + e.getMessage(), e);
        }
    }

    private void migrate() throws SQLException, IOException {
        try (var s = db.createStatement()) {
            s.execute("pragma journal_mode=wal");
            s.execute("pragma synchronous=full");
            int version;
            try (var rows = s.executeQuery("pragma user_version")) {
                version = rows.next() ? rows.getInt(1) : 0;
            }
            if (version > STEPS.size())
                throw new IOException("The CA's database was written by a newer version of this program.");
            for (; version < STEPS.size(); version++) {
                s.execute("begin immediate");
                for (String each : STEPS.get(version)) s.execute(each);
                s.execute("pragma user_version = " + (version + 1));
                s.execute("commit");
            }
        }
    }

    int update(String sql, Fill fill) throws IOException {
        synchronized (db) {
            try (var s = db.prepareStatement(sql)) {
                fill.fill(s);
                return s.executeUpdate();
            } catch (SQLException e) {
                throw new IOException("the CA's store failed", e);
            }
        }
    }

    <T> List<T> all(String sql, Fill fill, Read<T> read) throws IOException {
        synchronized (db) {
            try (var s = db.prepareStatement(sql)) {
                fill.fill(s);
                var found = new ArrayList<T>();
                try (var rows = s.executeQuery()) {
                    while (rows.next()) found.add(read.read(rows));
                }
                return found;
            } catch (SQLException e) {
                throw new IOException("the CA's store failed", e);
            }
        }
    }

    <T> Optional<T> one(String sql, Fill fill, Read<T> read) throws IOException {
        return all(sql, fill, read).stream().findFirst();
    }

    void whole(Work work) throws IOException {
        synchronized (db) {
            boolean done = false;
            execute("begin immediate");
            try {
                work.run();
                execute("commit");
                done = true;
            } finally {
                if (!done) execute("rollback");
            }
        }
    }

    private void execute(String sql) throws IOException {
        try (var s = db.createStatement()) {
            s.execute(sql);
        } catch (SQLException e) {
            throw new IOException("the CA's store failed", e);
        }
    }

    /// Texts and numbers, in order.
    static Fill parameters(Object... values) {
        return s -> {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
        };
    }

    @Override
    public void close() throws IOException {
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                throw new IOException(e);
            }
        }
    }
}
