package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.EntryBundle;
import dev.starling.identity.log.Frontier;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TileTree;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/// Reads a whole log and says what is wrong with it: each entry, each tile against what it was hashed from, the head,
/// and heads that were seen before. Keeps one tile of each level in memory, whatever the size of the log.
public final class Audit {
    public static final int MAX_FINDINGS = 100;

    /// @param reason those of [LogPolicy] for the head; `missing` (could not be read), `malformed` (a head, a
    ///     tile or a bundle that is none), `malformed-entry`; `altered-entry` (not what was hashed at level 0);
    ///     `altered-tile` (not what follows from level 0); `altered-tree` (level 0 leads to another head than
    ///     the signed one); `smaller-tree` (than a head seen before), `forked` (a head seen before is of other
    ///     entries), `not-signed` (a head said to be seen before)
    /// @param at index of the entry, or of the first entry of the tile, or size of the head seen before
    public record Finding(String reason, long at, String detail) {}

    /// @param head that was audited; empty when none could be read
    /// @param entries how many were read; fewer than the head's when something was missing
    public record Report(Optional<TreeHead> head, long entries, List<Finding> findings) {
        public Report {
            findings = List.copyOf(findings);
        }

        public boolean isGood() {
            return findings.isEmpty();
        }
    }

    /// What cannot be gone on from; the finding is noted.
    private static final class Stop extends Exception {
        private static final long serialVersionUID = 1;
    }

    private final LogReader log;
    private final LogPolicy policy;
    private final LongConsumer progress;
    private final List<Finding> findings = new ArrayList<>();
    private final TreeMap<Long, List<TreeHead>> earlier = new TreeMap<>();
    private final Frontier edge = new Frontier();
    /// For each level above the first, the hashes of its last tile as they follow from below.
    private final List<List<byte[]>> above = new ArrayList<>();

    private Audit(LogReader log, LogPolicy policy, LongConsumer progress) {
        this.log = log;
        this.policy = policy;
        this.progress = progress;
    }

    /// @param seen checkpoints of this log that anybody got at any time, also out of proofs
    /// @param progress told how many entries were read, after each 256
    public static Report run(LogReader log, LogPolicy policy, List<byte[]> seen, LongConsumer progress) {
        var audit = new Audit(log, policy, progress);
        Optional<TreeHead> head = Optional.empty();
        try {
            Checkpoint checkpoint = audit.checkpoint();
            head = Optional.of(checkpoint.head());
            for (byte[] each : seen) audit.remember(each, checkpoint.head());
            audit.read(checkpoint.head());
        } catch (Stop e) {
            // Told by a finding.
        }
        return new Report(head, audit.edge.size(), audit.findings);
    }

    private Checkpoint checkpoint() throws Stop {
        try {
            var checkpoint = Checkpoint.parse(log.checkpoint());
            try {
                policy.verify(checkpoint);
            } catch (IdentityException e) {
                note(e.reason(), checkpoint.head().size(), String.valueOf(e.getMessage()));
            }
            return checkpoint;
        } catch (IOException e) {
            throw stop("missing", 0, "checkpoint: " + e.getMessage());
        } catch (IdentityException e) {
            throw stop("malformed", 0, String.valueOf(e.getMessage()));
        }
    }

    private void remember(byte[] bytes, TreeHead now) throws Stop {
        try {
            var seen = Checkpoint.parse(bytes);
            long size = seen.head().size();
            boolean ours = seen.origin().equals(policy.log().name()) && seen.isSignedBy(policy.log());
            if (!ours) note("not-signed", size, "a head seen before");
            else if (size > now.size()) note("smaller-tree", size, "now " + now.size());
            else if (size == 0 || size == now.size()) compare(seen.head(), size == 0 ? TreeHead.EMPTY : now);
            else earlier.computeIfAbsent(size, _ -> new ArrayList<>()).add(seen.head());
        } catch (IdentityException e) {
            note(e.reason().equals("bad-signature") ? "not-signed" : "malformed", 0, "a head seen before");
        }
    }

    private void compare(TreeHead seen, TreeHead now) throws Stop {
        if (!seen.equals(now)) note("forked", seen.size(), seen + " was seen, this is " + now);
    }

    private void read(TreeHead head) throws Stop {
        for (long index = 0; edge.size() < head.size(); index++) {
            int width = Tile.widthIn(head.size(), 0, index);
            List<byte[]> hashes = hashes(new Tile(0, index, width));
            entries(new Tile(Tile.ENTRIES, index, width), hashes);
            for (byte[] hash : hashes) {
                edge.add(hash);
                if (earlier.isEmpty()) continue;
                for (TreeHead seen :
                        Optional.ofNullable(earlier.remove(edge.size())).orElse(List.of())) compare(seen, edge.head());
            }
            if (width == Tile.FULL) push(1, hashes);
            progress.accept(edge.size());
        }
        for (int i = 0; i < above.size(); i++)
            if (!above.get(i).isEmpty()) check(i + 1, (head.size() >> (8 * (i + 1))) >> 8, above.get(i));
        if (!edge.head().equals(head)) note("altered-tree", head.size(), "the entries lead to " + edge.head());
    }

    private void entries(Tile tile, List<byte[]> hashes) throws Stop {
        long first = tile.index() << 8;
        try {
            List<byte[]> entries = EntryBundle.parse(log.tile(tile), tile.width());
            for (int i = 0; i < entries.size(); i++) {
                if (!Arrays.equals(Merkle.leafHash(entries.get(i)), hashes.get(i)))
                    note("altered-entry", first + i, tile.path());
                if (!isEntry(entries.get(i))) note("malformed-entry", first + i, tile.path());
            }
        } catch (IOException e) {
            throw stop("missing", first, tile.path() + ": " + e.getMessage());
        } catch (IdentityException e) {
            note("malformed", first, tile.path());
        }
    }

    private static boolean isEntry(byte[] bytes) {
        try {
            LogEntry.parse(bytes);
            return true;
        } catch (IdentityException e) {
            return false;
        }
    }

    /// Below stands a full tile of these hashes.
    private void push(int level, List<byte[]> below) throws Stop {
        if (above.size() < level) above.add(new ArrayList<>());
        List<byte[]> hashes = above.get(level - 1);
        hashes.add(Merkle.perfectRoot(below));
        if (hashes.size() < Tile.FULL) return;
        check(level, (edge.size() >> (8 * (level + 1))) - 1, hashes);
        push(level + 1, hashes);
        hashes.clear();
    }

    private void check(int level, long index, List<byte[]> computed) throws Stop {
        var tile = new Tile(level, index, computed.size());
        List<byte[]> served = hashes(tile);
        for (int i = 0; i < served.size(); i++) {
            if (Arrays.equals(served.get(i), computed.get(i))) continue;
            note("altered-tile", ((index << 8) + i) << (8 * level), tile.path());
            return;
        }
    }

    private List<byte[]> hashes(Tile tile) throws Stop {
        long first = tile.index() << (8 * (tile.level() + 1));
        try {
            return TileTree.hashes(log.tile(tile), tile.width());
        } catch (IOException e) {
            throw stop("missing", first, tile.path() + ": " + e.getMessage());
        } catch (IdentityException e) {
            throw stop("malformed", first, tile.path());
        }
    }

    private void note(String reason, long at, String detail) throws Stop {
        findings.add(new Finding(reason, at, detail));
        if (findings.size() == MAX_FINDINGS) throw new Stop();
    }

    private Stop stop(String reason, long at, String detail) {
        findings.add(new Finding(reason, at, detail));
        return new Stop();
    }
}
