package dev.starling.identity.log;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Hashes of a Merkle tree, and the two proofs about it: RFC 9162, section 2.1, with SHA-256. A proof of any shape is
/// judged, none makes an exception.
public final class Merkle {
    public static final int HASH_BYTES = 32;
    /// As long as the path of any proof can be.
    public static final int MAX_PATH = 63;

    private Merkle() {}

    /// Of no entries at all.
    public static byte[] emptyRoot() {
        return sha256().digest();
    }

    public static byte[] leafHash(byte[] entry) {
        var digest = sha256();
        digest.update((byte) 0);
        return digest.digest(entry);
    }

    public static byte[] nodeHash(byte[] left, byte[] right) {
        var digest = sha256();
        digest.update((byte) 1);
        digest.update(left);
        return digest.digest(right);
    }

    /// Of a complete subtree over these hashes; their number is a power of two.
    public static byte[] perfectRoot(List<byte[]> hashes) {
        List<byte[]> level = hashes;
        while (level.size() > 1) {
            var above = new ArrayList<byte[]>(level.size() / 2);
            for (int i = 0; i < level.size(); i += 2) above.add(nodeHash(level.get(i), level.get(i + 1)));
            level = above;
        }
        return level.getFirst();
    }

    /// Whether `path` shows that the entry with this leaf hash is the one at `index`.
    public static boolean includes(TreeHead head, long index, byte[] leafHash, List<byte[]> path) {
        // RFC 9162, section 2.1.3.2, with its names.
        if (index < 0 || index >= head.size() || !areHashes(path)) return false;
        long fn = index, sn = head.size() - 1;
        byte[] r = leafHash;
        for (byte[] p : path) {
            if (sn == 0) return false;
            if ((fn & 1) == 1 || fn == sn) {
                r = nodeHash(p, r);
                int more = Long.numberOfTrailingZeros(fn);
                fn >>= more;
                sn >>= more;
            } else {
                r = nodeHash(r, p);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && Arrays.equals(r, head.root());
    }

    /// Whether `proof` shows that the entries under `newer` begin with all those under `older`.
    public static boolean isExtended(TreeHead older, TreeHead newer, List<byte[]> proof) {
        if (older.size() > newer.size() || !areHashes(proof)) return false;
        if (older.size() == newer.size()) return proof.isEmpty() && older.equals(newer);
        if (older.size() == 0) return proof.isEmpty() && older.equals(TreeHead.EMPTY);
        // RFC 9162, section 2.1.4.2, with its names.
        if (proof.isEmpty()) return false;
        var path = new ArrayList<>(proof);
        if (Long.bitCount(older.size()) == 1) path.addFirst(older.root());
        long fn = older.size() - 1, sn = newer.size() - 1;
        int both = Long.numberOfTrailingZeros(~fn);
        fn >>= both;
        sn >>= both;
        byte[] fr = path.getFirst(), sr = fr;
        for (byte[] c : path.subList(1, path.size())) {
            if (sn == 0) return false;
            if ((fn & 1) == 1 || fn == sn) {
                fr = nodeHash(c, fr);
                sr = nodeHash(c, sr);
                int more = Long.numberOfTrailingZeros(fn);
                fn >>= more;
                sn >>= more;
            } else {
                sr = nodeHash(sr, c);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && Arrays.equals(fr, older.root()) && Arrays.equals(sr, newer.root());
    }

    private static boolean areHashes(List<byte[]> path) {
        return path.size() <= MAX_PATH && path.stream().allMatch(p -> p.length == HASH_BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
