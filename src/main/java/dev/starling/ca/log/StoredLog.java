package dev.starling.ca.log;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.LogTable;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/// The log in the CA's database, which several processes may write.
final class StoredLog implements LogStore {
    private final CaStore store;

    StoredLog(CaStore store) {
        this.store = store;
    }

    @Override
    public TreeHead head() throws IOException {
        return store.in(session -> session.log().head())
                .map(head -> new TreeHead(head.size(), head.root()))
                .orElse(TreeHead.EMPTY);
    }

    private static LogTable.Head row(TreeHead head) {
        return new LogTable.Head(head.size(), head.root());
    }

    @Override
    public boolean grow(Growth growth) throws IOException {
        return store.in(session -> {
            LogTable log = session.log();
            if (!log.grow(row(growth.old()), row(growth.head()))) return false;
            for (Map.Entry<Tile, byte[]> each : growth.tiles().entrySet())
                log.tile(each.getKey().level(), each.getKey().index(), each.getValue());
            long position = growth.old().size();
            for (byte[] leaf : growth.leafHashes()) log.leaf(leaf, position++);
            return true;
        });
    }

    @Override
    public Optional<byte[]> tile(int level, long index) throws IOException {
        return store.in(session -> session.log().tile(level, index));
    }

    @Override
    public Optional<Long> indexOf(byte[] leafHash) throws IOException {
        return store.in(session -> session.log().position(leafHash));
    }

    @Override
    public Optional<byte[]> released() throws IOException {
        return store.in(session -> session.log().released());
    }

    @Override
    public void release(long size, byte[] checkpoint) throws IOException {
        store.change(session -> session.log().release(size, checkpoint, TreeHead.EMPTY.root()));
    }
}
