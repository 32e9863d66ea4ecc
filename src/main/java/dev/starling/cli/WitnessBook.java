package dev.starling.cli;

import dev.starling.ca.log.WitnessStore;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/// The newest head that this server cosigned of each log, in a file: what was answered is on the disk.
final class WitnessBook implements WitnessStore, AutoCloseable {
    private final Connection db;

    WitnessBook(Path file) throws IOException {
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                // A head that was cosigned must not be forgotten, not even when the power fails.
                s.execute("pragma synchronous=full");
                s.execute("create table if not exists head (origin text primary key, checkpoint blob not null)");
            }
        } catch (SQLException e) {
            throw new IOException("what this server cosigned, in " + file + ", cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized Optional<byte[]> latest(String origin) throws IOException {
        try (PreparedStatement s = db.prepareStatement("select checkpoint from head where origin = ?")) {
            s.setString(1, origin);
            try (ResultSet found = s.executeQuery()) {
                return found.next() ? Optional.of(found.getBytes(1)) : Optional.empty();
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    @Override
    public synchronized boolean replace(String origin, Optional<byte[]> old, byte[] fresh) throws IOException {
        String sql = old.isPresent()
                ? "update head set checkpoint = ? where origin = ? and checkpoint = ?"
                : "insert or ignore into head (checkpoint, origin) values (?, ?)";
        try (PreparedStatement s = db.prepareStatement(sql)) {
            s.setBytes(1, fresh);
            s.setString(2, origin);
            if (old.isPresent()) s.setBytes(3, old.get());
            return s.executeUpdate() == 1;
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            db.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
