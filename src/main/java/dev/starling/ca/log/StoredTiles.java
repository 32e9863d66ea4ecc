package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.EntryBundle;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TileSource;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// The tiles of a store in each width that they ever had: a narrower one is the beginning of the one that is there.
record StoredTiles(LogStore store) implements TileSource {
    /// @throws FileNotFoundException when it is not there, or not that wide yet
    @Override
    public byte[] tile(Tile tile) throws IOException {
        byte[] stored = store.tile(tile.level(), tile.index()).orElseThrow(() -> absent(tile));
        int end = tile.level() == Tile.ENTRIES ? end(stored, tile) : tile.width() * Merkle.HASH_BYTES;
        if (end > stored.length) throw absent(tile);
        return Arrays.copyOf(stored, end);
    }

    /// Where the entry behind the last one wanted begins.
    private static int end(byte[] bundle, Tile tile) throws IOException {
        int at = 0;
        for (int i = 0; i < tile.width(); i++) {
            if (bundle.length - at < 2) throw absent(tile);
            at += 2 + ((bundle[at] & 255) << 8 | bundle[at + 1] & 255);
        }
        return at;
    }

    byte[] entry(long index) throws IOException {
        var tile = new Tile(Tile.ENTRIES, index >> 8, (int) (index & 255) + 1);
        try {
            List<byte[]> entries = EntryBundle.parse(tile(tile), tile.width());
            return entries.getLast();
        } catch (IdentityException e) {
            throw damaged(e);
        }
    }

    /// What the store gave is not what a log stored.
    static IOException damaged(IdentityException e) {
        return new IOException("the log's store is damaged: " + e.getMessage(), e);
    }

    private static FileNotFoundException absent(Tile tile) {
        return new FileNotFoundException("the log has no " + tile.path());
    }
}
