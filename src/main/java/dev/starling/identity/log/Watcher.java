package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Looks through what is new in a log for the certificates of one address. It asks for no proof: it adds every new
/// entry to the right edge of the tree that it saw last, and what comes of that must be the head that the log signed.
/// So the log can neither change what was there, nor leave an entry out, nor show one that is not under its head.
public final class Watcher {
    /// Of more entries of one owner in one look the first are told: the alarm is the same.
    public static final int MAX_FOUND = 1000;

    private final LogReader log;
    private final LogPolicy policy;

    public Watcher(LogReader log, LogPolicy policy) {
        this.log = log;
        this.policy = policy;
    }

    /// What is remembered from one look to the next, in two values to be stored together.
    ///
    /// @param checkpoint as the log signed it: with it a fork can be shown to others
    /// @param edge the hashes of the [Frontier] under it, one behind the other
    public record Seen(byte[] checkpoint, byte[] edge) {}

    public record Found(long index, LogEntry entry) {}

    /// @param since when a quorum of witnesses knew no larger head: old news mean that the log, or the way to
    ///     it, hides what came since
    public record News(List<Found> found, Seen seen, Optional<Instant> since) {
        public News {
            found = List.copyOf(found);
        }
    }

    /// The first look, at the entries from the one at `from` on, or none when the log is not that long. What lies
    /// before is read as hashes only.
    public News begin(long from, byte[] ownerTag) throws IOException, IdentityException {
        var checkpoint = Checkpoint.parse(log.checkpoint());
        Optional<Instant> since = policy.verify(checkpoint);
        long size = checkpoint.head().size();
        return read(checkpoint, since, new TileTree(log, size).frontier(Math.min(from, size)), ownerTag);
    }

    /// A later look. Besides the reasons of [LogPolicy]: `smaller-tree` (than the one seen), `forked` (another head of
    /// the size seen), `inconsistent` (the entries shown do not lead from the head seen to this one), `malformed`.
    public News look(Seen last, byte[] ownerTag) throws IOException, IdentityException {
        var before = Checkpoint.parse(last.checkpoint());
        var edge = new Frontier(
                before.head().size(), TileTree.hashes(last.edge(), last.edge().length / Merkle.HASH_BYTES));
        if (!edge.head().equals(before.head())) throw new IllegalArgumentException("an edge of another tree");
        var checkpoint = Checkpoint.parse(log.checkpoint());
        Optional<Instant> since = policy.verify(checkpoint);
        TreeHead head = checkpoint.head();
        if (head.size() < edge.size()) throw new IdentityException("smaller-tree", head.size() + " < " + edge.size());
        if (head.size() == edge.size() && !head.equals(before.head())) throw new IdentityException("forked");
        return read(checkpoint, since, edge, ownerTag);
    }

    private News read(Checkpoint checkpoint, Optional<Instant> since, Frontier edge, byte[] ownerTag)
            throws IOException, IdentityException {
        long size = checkpoint.head().size();
        var found = new ArrayList<Found>();
        while (edge.size() < size) {
            Tile tile = Tile.in(size, Tile.ENTRIES, edge.size() >> 8);
            List<byte[]> bundle = EntryBundle.parse(log.tile(tile), tile.width());
            for (byte[] bytes : bundle.subList((int) (edge.size() & 255), bundle.size())) {
                var entry = LogEntry.parse(bytes);
                if (Arrays.equals(entry.ownerTag(), ownerTag) && found.size() < MAX_FOUND)
                    found.add(new Found(edge.size(), entry));
                edge.add(Merkle.leafHash(bytes));
            }
        }
        if (!edge.head().equals(checkpoint.head())) throw new IdentityException("inconsistent");
        return new News(found, new Seen(checkpoint.bytes(), bytes(edge)), since);
    }

    private static byte[] bytes(Frontier edge) {
        byte[] all = new byte[edge.hashes().size() * Merkle.HASH_BYTES];
        int at = 0;
        for (byte[] hash : edge.hashes()) {
            System.arraycopy(hash, 0, all, at, hash.length);
            at += hash.length;
        }
        return all;
    }
}
