package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.EntryBundle;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TileTree;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The tiles of a log that are not full, one of each level, and those that become full while entries are added: all
/// that a log's growth changes, and all that its head follows from.
final class RightEdge {
    private final TreeHead old;
    private long size;
    private final List<byte[]> entries = new ArrayList<>();
    private final List<List<byte[]>> levels = new ArrayList<>();
    private final List<byte[]> leafHashes = new ArrayList<>();
    private final Map<Tile, byte[]> full = new HashMap<>();

    /// Reads the edge, and checks that it leads to the head that is stored with it: on a damaged store nothing is
    /// built.
    RightEdge(LogStore store, TreeHead old) throws IOException {
        this.old = old;
        size = old.size();
        var stored = new StoredTiles(store);
        try {
            for (int level = 0; count(level) > 0; level++) {
                var hashes = new ArrayList<byte[]>();
                if (width(level) > 0) hashes.addAll(TileTree.hashes(stored.tile(partial(level)), width(level)));
                levels.add(hashes);
            }
            if (width(Tile.ENTRIES) > 0)
                entries.addAll(EntryBundle.parse(stored.tile(partial(Tile.ENTRIES)), width(Tile.ENTRIES)));
            check();
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    private void check() throws IOException, IdentityException {
        for (int i = 0; i < entries.size(); i++)
            if (!Arrays.equals(
                    Merkle.leafHash(entries.get(i)), levels.getFirst().get(i)))
                throw new IOException("the log's store is damaged: an entry is not the one that was hashed");
        if (!head().equals(old)) throw new IOException("the log's store is damaged: its tiles lead to another head");
    }

    /// How many entries, or hashes, this level has in tiles of all widths.
    private long count(int level) {
        return level == Tile.ENTRIES ? size : size >> (8 * level);
    }

    private int width(int level) {
        return (int) (count(level) & 255);
    }

    private Tile partial(int level) {
        return new Tile(level, count(level) >> 8, width(level));
    }

    void add(byte[] entry) {
        byte[] hash = Merkle.leafHash(entry);
        leafHashes.add(hash);
        size++;
        entries.add(entry);
        if (entries.size() == Tile.FULL) {
            full.put(justFull(Tile.ENTRIES), EntryBundle.write(entries));
            entries.clear();
        }
        push(0, hash);
    }

    private void push(int level, byte[] hash) {
        if (levels.size() == level) levels.add(new ArrayList<>());
        List<byte[]> hashes = levels.get(level);
        hashes.add(hash);
        if (hashes.size() < Tile.FULL) return;
        full.put(justFull(level), joined(hashes));
        push(level + 1, Merkle.perfectRoot(hashes));
        hashes.clear();
    }

    private Tile justFull(int level) {
        return new Tile(level, (count(level) >> 8) - 1, Tile.FULL);
    }

    TreeHead head() throws IOException, IdentityException {
        // Only tiles of the edge are asked for: each bit of the size stands for a subtree within one of them.
        return new TileTree(tile -> joined(levels.get(tile.level())), size).head(size);
    }

    LogStore.Growth growth() throws IOException {
        var tiles = new HashMap<>(full);
        if (!entries.isEmpty()) tiles.put(partial(Tile.ENTRIES), EntryBundle.write(entries));
        for (int level = 0; level < levels.size(); level++)
            if (!levels.get(level).isEmpty() && count(level) > old.size() >> (8 * level))
                tiles.put(partial(level), joined(levels.get(level)));
        try {
            return new LogStore.Growth(old, head(), tiles, leafHashes);
        } catch (IdentityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] joined(List<byte[]> hashes) {
        byte[] all = new byte[hashes.size() * Merkle.HASH_BYTES];
        for (int i = 0; i < hashes.size(); i++)
            System.arraycopy(hashes.get(i), 0, all, i * Merkle.HASH_BYTES, Merkle.HASH_BYTES);
        return all;
    }
}
