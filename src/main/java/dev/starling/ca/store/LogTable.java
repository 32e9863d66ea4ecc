package dev.starling.ca.store;

import java.util.HexFormat;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/// Where the log of certificates lies, within one transaction: what `ca.log.LogStore` wants of a database.
public final class LogTable {
    private static final String NAME = "log";

    /// How far it has grown.
    public record Head(long size, byte[] root) {}

    private final Handle db;

    LogTable(Handle db) {
        this.db = db;
    }

    public Optional<Head> head() {
        return db.createQuery("select size, root from log_head where name = :name")
                .bind("name", NAME)
                .map((row, _) -> new Head(row.getLong(1), row.getBytes(2)))
                .findOne();
    }

    /// The row of an empty log, unless there is one.
    private void begin(byte[] emptyRoot) {
        db.createUpdate("insert into log_head (name, size, root, released, checkpoint)"
                        + " values (:name, :size, :root, -1, :none) on conflict do nothing")
                .bind("name", NAME)
                .bind("size", 0L)
                .bind("root", emptyRoot)
                .bind("none", new byte[0])
                .execute();
    }

    /// From one head to the next; false: it is another one meanwhile.
    public boolean grow(Head old, Head next) {
        begin(old.root());
        return db.createUpdate("update log_head set size = :next, root = :root"
                                + " where name = :name and size = :size and root = :old")
                        .bind("name", NAME)
                        .bind("size", old.size())
                        .bind("old", old.root())
                        .bind("next", next.size())
                        .bind("root", next.root())
                        .execute()
                == 1;
    }

    public Optional<byte[]> tile(int level, long position) {
        return db.createQuery("select content from log_tile where level = :level and position = :position")
                .bind("level", level)
                .bind("position", position)
                .map((row, _) -> row.getBytes(1))
                .findOne();
    }

    /// In place of the narrower one.
    public void tile(int level, long position, byte[] content) {
        db.createUpdate("insert into log_tile (level, position, content) values (:level, :position, :content)"
                        + " on conflict (level, position) do update set content = excluded.content")
                .bind("level", level)
                .bind("position", position)
                .bind("content", content)
                .execute();
    }

    public Optional<Long> position(byte[] leafHash) {
        return db.createQuery("select position from log_leaf where hash = :hash")
                .bind("hash", HexFormat.of().formatHex(leafHash))
                .mapTo(Long.class)
                .findOne();
    }

    public void leaf(byte[] leafHash, long position) {
        db.createUpdate("insert into log_leaf (hash, position) values (:hash, :position)")
                .bind("hash", HexFormat.of().formatHex(leafHash))
                .bind("position", position)
                .execute();
    }

    /// The signed head that everybody gets.
    public Optional<byte[]> released() {
        return db.createQuery("select checkpoint from log_head where name = :name and released >= 0")
                .bind("name", NAME)
                .map((row, _) -> row.getBytes(1))
                .findOne();
    }

    /// Unless that one is of a larger tree.
    ///
    /// @param emptyRoot of a log without entries
    public void release(long size, byte[] checkpoint, byte[] emptyRoot) {
        begin(emptyRoot);
        db.createUpdate("update log_head set released = :size, checkpoint = :checkpoint"
                        + " where name = :name and released <= :size")
                .bind("name", NAME)
                .bind("size", size)
                .bind("checkpoint", checkpoint)
                .execute();
    }
}
