package dev.starling.identity.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.IdentityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Trees of all sizes up to some, and of those at which tiles become full, against the definition of the hash.
class MerkleTest {
    private static final long SEED = 20261130;
    private static final int ALL_PAIRS = 140, ALTERED = 40;

    @Test
    void everyEntryOfEverySizeHasAProofThatHoldsForItAlone() throws Exception {
        List<byte[]> leaves = leaves(ALL_PAIRS);
        for (int size = 1; size <= ALL_PAIRS; size++) {
            var head = new TreeHead(size, mth(leaves.subList(0, size)));
            var tree = new TileTree(tiles(leaves), size);
            assertEquals(head, tree.head(size));
            for (int index = 0; index < size; index++) {
                List<byte[]> path = tree.inclusion(index);
                assertTrue(Merkle.includes(head, index, leaves.get(index), path), index + " of " + size);
                if (size > 1) assertFalse(Merkle.includes(head, index ^ 1, leaves.get(index), path));
            }
        }
    }

    @Test
    void everySizeExtendsEverySmallerOneByAProofThatHoldsForItAlone() throws Exception {
        List<byte[]> leaves = leaves(ALL_PAIRS);
        byte[] other = Merkle.leafHash(new byte[] {1});
        var heads = new ArrayList<TreeHead>();
        for (int size = 0; size <= ALL_PAIRS; size++) heads.add(new TreeHead(size, mth(leaves.subList(0, size))));
        for (int newer = 0; newer <= ALL_PAIRS; newer++)
            for (int older = 0; older <= newer; older++) {
                List<byte[]> proof = new TileTree(tiles(leaves), newer).consistency(older);
                assertTrue(Merkle.isExtended(heads.get(older), heads.get(newer), proof), older + " to " + newer);
                if (older == 0 || older == newer) continue;
                assertFalse(Merkle.isExtended(new TreeHead(older, other), heads.get(newer), proof));
                assertFalse(Merkle.isExtended(heads.get(older), new TreeHead(newer, other), proof));
                assertFalse(Merkle.isExtended(heads.get(newer), heads.get(older), proof));
            }
    }

    @Test
    void noProofSurvivesAChange() throws Exception {
        var random = new Random(SEED);
        List<byte[]> leaves = leaves(ALTERED);
        for (int size = 2; size <= ALTERED; size++) {
            var head = new TreeHead(size, mth(leaves.subList(0, size)));
            var tree = new TileTree(tiles(leaves), size);
            for (int at = 0; at < size; at++) {
                int index = at;
                for (List<byte[]> path : altered(tree.inclusion(index), random))
                    assertFalse(Merkle.includes(head, index, leaves.get(index), path));
                if (index == 0) continue;
                var older = new TreeHead(index, mth(leaves.subList(0, index)));
                for (List<byte[]> proof : altered(tree.consistency(index), random))
                    assertFalse(Merkle.isExtended(older, head, proof), index + " to " + size);
            }
        }
    }

    private static List<List<byte[]>> altered(List<byte[]> proof, Random random) {
        var all = new ArrayList<List<byte[]>>();
        for (int i = 0; i < proof.size(); i++) {
            var without = new ArrayList<>(proof);
            without.remove(i);
            all.add(without);
            var changed = new ArrayList<>(proof);
            byte[] hash = proof.get(i).clone();
            hash[random.nextInt(hash.length)] ^= (byte) (1 << random.nextInt(8));
            changed.set(i, hash);
            all.add(changed);
            var twice = new ArrayList<>(proof);
            twice.add(i, proof.get(i));
            all.add(twice);
        }
        return all;
    }

    @Test
    void largeTreesAreSeenThroughTheirTilesAsTheyAre() throws Exception {
        var random = new Random(SEED);
        List<byte[]> leaves = leaves(66_000);
        TileSource tiles = tiles(leaves);
        var edge = new Frontier();
        for (int size : new int[] {255, 256, 257, 511, 512, 513, 5_000, 65_535, 65_536, 65_537, 66_000}) {
            while (edge.size() < size) edge.add(leaves.get((int) edge.size()));
            TreeHead head = edge.head();
            var tree = new TileTree(tiles, size);
            assertEquals(head, tree.head(size));
            for (int i = 0; i < 50; i++) {
                int index = i == 0 ? size - 1 : random.nextInt(size);
                assertTrue(Merkle.includes(head, index, leaves.get(index), tree.inclusion(index)));
                Frontier before = tree.frontier(index);
                assertTrue(Merkle.isExtended(before.head(), head, tree.consistency(index)));
                assertEquals(before.head(), tree.head(index));
            }
        }
        assertEquals(new TreeHead(66_000, mth(leaves)), edge.head());
    }

    @Test
    void anEdgeGoesOnFromWhereItWasKept() {
        List<byte[]> leaves = leaves(300);
        var edge = new Frontier();
        for (byte[] leaf : leaves) {
            var kept = new Frontier(edge.size(), edge.hashes());
            assertEquals(edge.head(), kept.head());
            edge.add(leaf);
            kept.add(leaf);
            assertEquals(edge.head(), kept.head());
        }
        assertThrows(IllegalArgumentException.class, () -> new Frontier(3, List.of(leaves.get(0))));
        assertThrows(IllegalArgumentException.class, () -> new Frontier(-1, List.of()));
    }

    @Test
    void aTileOfAnotherSizeIsMalformed() {
        var tree = new TileTree(_ -> new byte[33], 2);
        assertEquals(
                "malformed",
                assertThrows(IdentityException.class, () -> tree.head(2)).reason());
        assertThrows(IllegalArgumentException.class, () -> tree.inclusion(2));
        assertThrows(IllegalArgumentException.class, () -> tree.consistency(3));
    }

    private static List<byte[]> leaves(int count) {
        var leaves = new ArrayList<byte[]>();
        for (int i = 0; i < count; i++)
            leaves.add(Merkle.leafHash(new byte[] {(byte) i, (byte) (i >> 8), (byte) (i >> 16)}));
        return leaves;
    }

    /// RFC 9162, section 2.1.1, as it is defined, over hashes of entries.
    private static byte[] mth(List<byte[]> leaves) {
        if (leaves.isEmpty()) return Merkle.emptyRoot();
        if (leaves.size() == 1) return leaves.getFirst();
        int k = Integer.highestOneBit(leaves.size() - 1);
        return Merkle.nodeHash(mth(leaves.subList(0, k)), mth(leaves.subList(k, leaves.size())));
    }

    /// Tiles by the definition of C2SP tlog-tiles.
    private static TileSource tiles(List<byte[]> leaves) {
        return tile -> {
            int span = 1 << (8 * tile.level());
            byte[] all = new byte[tile.width() * Merkle.HASH_BYTES];
            for (int i = 0; i < tile.width(); i++) {
                int from = ((int) tile.index() * Tile.FULL + i) * span;
                System.arraycopy(mth(leaves.subList(from, from + span)), 0, all, i * Merkle.HASH_BYTES, 32);
            }
            return all;
        };
    }
}
