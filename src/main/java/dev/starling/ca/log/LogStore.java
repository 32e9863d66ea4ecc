package dev.starling.ca.log;

import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Where a log lies: small enough to be three tables of a database that several processes use. What a method that
/// changes something has answered survives a crash; one that threw has done all of it or nothing.
public interface LogStore {
    /// One step of the log's growth.
    ///
    /// @param old the head it was made for
    /// @param head the head it leads to
    /// @param tiles the new bytes of each tile that changed, entries too, as wide as they are now; in place of
    ///     narrower ones of the same level and index, whose bytes they begin with
    /// @param leafHashes of the new entries, the first of which has the index `old.size()`
    record Growth(TreeHead old, TreeHead head, Map<Tile, byte[]> tiles, List<byte[]> leafHashes) {
        public Growth {
            tiles = Map.copyOf(tiles);
            leafHashes = List.copyOf(leafHashes);
        }
    }

    /// The head of what is stored; [TreeHead#EMPTY] at first.
    TreeHead head() throws IOException;

    /// Stores all of it at once if the head is still the one it was made for, else nothing.
    ///
    /// @return whether it was
    boolean grow(Growth growth) throws IOException;

    /// The tile of this level and index, as wide as it is; empty when there is none.
    Optional<byte[]> tile(int level, long index) throws IOException;

    /// Where an entry lies.
    Optional<Long> indexOf(byte[] leafHash) throws IOException;

    /// The signed head that everybody gets; empty before the first.
    Optional<byte[]> released() throws IOException;

    /// Puts `checkpoint`, of a tree of `size` entries, in place of the one that everybody gets, unless that one is of
    /// a larger tree.
    void release(long size, byte[] checkpoint) throws IOException;
}
