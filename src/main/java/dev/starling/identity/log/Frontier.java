package dev.starling.identity.log;

import java.util.ArrayList;
import java.util.List;

/// The right edge of a growing tree: the roots of its complete subtrees, largest first, at most 53. That is all that
/// is needed to add entries and to say the head, so whoever adds each entry of a log to it has checked that the log
/// only grew: no proofs are asked for.
public final class Frontier {
    private long size;
    private final List<byte[]> hashes;

    public Frontier() {
        this(0, List.of());
    }

    /// @param hashes one for each bit set in `size`
    public Frontier(long size, List<byte[]> hashes) {
        if (size < 0 || size > TreeHead.MAX_SIZE || Long.bitCount(size) != hashes.size())
            throw new IllegalArgumentException("edge of a tree");
        this.size = size;
        this.hashes = new ArrayList<>(hashes);
    }

    public long size() {
        return size;
    }

    public List<byte[]> hashes() {
        return List.copyOf(hashes);
    }

    public void add(byte[] leafHash) {
        byte[] hash = leafHash;
        for (long full = size; (full & 1) == 1; full >>= 1) hash = Merkle.nodeHash(hashes.removeLast(), hash);
        hashes.add(hash);
        size++;
    }

    public TreeHead head() {
        if (size == 0) return TreeHead.EMPTY;
        byte[] root = hashes.getLast();
        for (int i = hashes.size() - 2; i >= 0; i--) root = Merkle.nodeHash(hashes.get(i), root);
        return new TreeHead(size, root);
    }
}
