package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A tree seen through its tiles: any hash in it, and proofs. Whoever does not trust the tiles verifies the proof.
/// Reads each tile once; one of another size than its width says is `malformed`. For one piece of work: it keeps what
/// it read.
public final class TileTree {
    private final TileSource tiles;
    private final long size;
    private final Map<Tile, List<byte[]>> read = new HashMap<>();

    public TileTree(TileSource tiles, long size) {
        this.tiles = tiles;
        this.size = size;
    }

    /// The head of the first `first` entries.
    public TreeHead head(long first) throws IOException, IdentityException {
        return first == 0 ? TreeHead.EMPTY : new TreeHead(first, hash(0, first));
    }

    /// That the entry at `index` is in the whole tree: RFC 9162, section 2.1.3.1.
    public List<byte[]> inclusion(long index) throws IOException, IdentityException {
        if (index < 0 || index >= size) throw new IllegalArgumentException("no such entry");
        var path = new ArrayList<byte[]>();
        for (long from = 0, to = size; to - from > 1; ) {
            long middle = from + split(to - from);
            boolean left = index < middle;
            path.addFirst(left ? hash(middle, to) : hash(from, middle));
            if (left) to = middle;
            else from = middle;
        }
        return path;
    }

    /// That the whole tree begins with its first `older` entries: RFC 9162, section 2.1.4.1.
    public List<byte[]> consistency(long older) throws IOException, IdentityException {
        if (older < 0 || older > size) throw new IllegalArgumentException("no such head");
        var proof = new ArrayList<byte[]>();
        if (older == 0 || older == size) return proof;
        long from = 0, to = size;
        while (to != older) {
            long middle = from + split(to - from);
            boolean left = older <= middle;
            proof.addFirst(left ? hash(middle, to) : hash(from, middle));
            if (left) to = middle;
            else from = middle;
        }
        // The head of the older tree itself is known to whoever asks.
        if (from > 0) proof.addFirst(hash(from, to));
        return proof;
    }

    /// The right edge of the first `first` entries.
    public Frontier frontier(long first) throws IOException, IdentityException {
        if (first < 0 || first > size) throw new IllegalArgumentException("no such head");
        var hashes = new ArrayList<byte[]>();
        for (long at = 0; at < first; ) {
            long next = at + Long.highestOneBit(first - at);
            hashes.add(hash(at, next));
            at = next;
        }
        return new Frontier(first, hashes);
    }

    /// MTH of the entries from `from` on, before `to`.
    private byte[] hash(long from, long to) throws IOException, IdentityException {
        long count = to - from;
        if (Long.bitCount(count) == 1 && (from & (count - 1)) == 0) return complete(from, count);
        long middle = from + split(count);
        return Merkle.nodeHash(hash(from, middle), hash(middle, to));
    }

    private byte[] complete(long from, long count) throws IOException, IdentityException {
        int height = Long.numberOfTrailingZeros(count), level = height / 8;
        long at = from >> (8 * level);
        int offset = (int) (at & 255);
        return Merkle.perfectRoot(hashes(level, at >> 8).subList(offset, offset + (1 << (height % 8))));
    }

    private List<byte[]> hashes(int level, long index) throws IOException, IdentityException {
        Tile tile = Tile.in(size, level, index);
        List<byte[]> known = read.get(tile);
        if (known != null) return known;
        List<byte[]> hashes = hashes(tiles.tile(tile), tile.width());
        read.put(tile, hashes);
        return hashes;
    }

    /// The hashes of a tile; of another length it is `malformed`.
    public static List<byte[]> hashes(byte[] tile, int width) throws IdentityException {
        if (tile.length != width * Merkle.HASH_BYTES) throw Note.malformed("size of a tile");
        var hashes = new ArrayList<byte[]>(width);
        for (int at = 0; at < tile.length; at += Merkle.HASH_BYTES)
            hashes.add(Arrays.copyOfRange(tile, at, at + Merkle.HASH_BYTES));
        return hashes;
    }

    /// The largest power of two below `count`.
    private static long split(long count) {
        return Long.highestOneBit(count - 1);
    }
}
