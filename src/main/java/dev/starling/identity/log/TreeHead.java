package dev.starling.identity.log;

import java.util.Arrays;
import java.util.HexFormat;

/// How many entries a log has, and the hash over all of them (RFC 9162, section 2.1.1).
public record TreeHead(long size, byte[] root) {
    /// What a JavaScript number holds.
    public static final long MAX_SIZE = (1L << 53) - 1;
    public static final TreeHead EMPTY = new TreeHead(0, Merkle.emptyRoot());

    public TreeHead {
        if (size < 0 || size > MAX_SIZE) throw new IllegalArgumentException("size of a tree");
        if (root.length != Merkle.HASH_BYTES) throw new IllegalArgumentException("root of a tree");
        root = root.clone();
    }

    @Override
    public byte[] root() {
        return root.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TreeHead head && size == head.size && Arrays.equals(root, head.root);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(root) * 31 + Long.hashCode(size);
    }

    @Override
    public String toString() {
        return "TreeHead[" + size + ", " + HexFormat.of().formatHex(root) + "]";
    }
}
