package dev.starling.ca.log;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.TileTree;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;

/// A log that is written: entries in order, a signed head, proofs. Several processes may write one store.
///
/// For each certificate: [#append] its entry, [#sign] the head, let witnesses cosign it, [#release] it, and only then
/// let the certificate go, with its [#proof]. After a crash anywhere in between the same steps again come to the same
/// end: an entry that is in the log is not added again, a head of one size has one signature.
///
/// No two heads of one size are ever signed: a head is signed only after it was stored, the store lets a head only be
/// followed by one that was made for it, and a head that is stored never changes. Who puts an old copy of the store
/// back breaks this, and the witnesses will say so.
public final class Log {
    public static final int MAX_BATCH = 4096;
    /// Each attempt fails only because another one went through.
    private static final int MAX_ATTEMPTS = 100;

    private final NoteSigner key;
    private final LogStore store;
    private final SignedHeads heads;

    /// @param key of the log, whose name is its origin
    /// @throws IOException also when what is stored does not fit the head that was released
    public Log(NoteSigner key, LogStore store) throws IOException {
        this(key, store, new SignedHeads(Optional.empty()));
    }

    /// @param heads what it signed before
    Log(NoteSigner key, LogStore store, SignedHeads heads) throws IOException {
        this.heads = heads;
        if (key.key().kind() != NoteKey.Kind.LOG) throw new IllegalArgumentException("not the key of a log");
        this.key = key;
        this.store = store;
        Optional<Checkpoint> last = released();
        if (last.isPresent()) check(last.get());
    }

    public NoteKey key() {
        return key.key();
    }

    /// Adds entries behind the last one, but those that are in the log already.
    ///
    /// @return where each of them lies
    public List<Long> append(List<LogEntry> entries) throws IOException {
        if (entries.size() > MAX_BATCH) throw new IllegalArgumentException("too many entries at once");
        for (int i = 0; i < MAX_ATTEMPTS; i++) {
            Optional<List<Long>> indices = tryToAppend(entries);
            if (indices.isPresent()) return indices.get();
        }
        throw new IOException("the log could not be written: others always came first");
    }

    private Optional<List<Long>> tryToAppend(List<LogEntry> entries) throws IOException {
        TreeHead old = store.head();
        var fresh = new HashMap<String, Long>();
        var edge = new RightEdge(store, old);
        var indices = new ArrayList<Long>();
        for (LogEntry entry : entries) {
            byte[] leafHash = entry.leafHash();
            String name = DeviceId.of(leafHash).hex();
            Optional<Long> known =
                    fresh.containsKey(name) ? Optional.ofNullable(fresh.get(name)) : store.indexOf(leafHash);
            if (known.isEmpty()) {
                known = Optional.of(old.size() + fresh.size());
                fresh.put(name, known.get());
                edge.add(entry.bytes());
            }
            indices.add(known.get());
        }
        return fresh.isEmpty() || store.grow(edge.growth()) ? Optional.of(indices) : Optional.empty();
    }

    /// The head of all that is stored, signed; nobody gets it from here before it is released.
    public Checkpoint sign() throws IOException {
        return Checkpoint.signed(key, heads.sign(store::head, this::consistency));
    }

    /// Whether this log's key signed that head, and the entry lies under it at `index`, as its hashes show; whatever
    /// the
    /// store says.
    boolean hasSigned(Checkpoint head, long index, LogEntry entry) throws IOException {
        if (index >= head.head().size() || !isOurs(head)) return false;
        try {
            List<byte[]> path = tree(head.head().size()).inclusion(index);
            return Merkle.includes(head.head(), index, entry.leafHash(), path);
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    /// Lets everybody have this head, with the cosignatures on it, unless they have a larger one.
    ///
    /// @throws IOException also for what this log never signed
    public void release(Checkpoint checkpoint) throws IOException {
        check(checkpoint);
        store.release(checkpoint.head().size(), checkpoint.bytes());
    }

    /// The head that everybody gets.
    public Optional<Checkpoint> released() throws IOException {
        return released(store);
    }

    static Optional<Checkpoint> released(LogStore store) throws IOException {
        Optional<byte[]> bytes = store.released();
        try {
            return bytes.isEmpty() ? Optional.empty() : Optional.of(Checkpoint.parse(bytes.get()));
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    private void check(Checkpoint checkpoint) throws IOException {
        TreeHead head = checkpoint.head();
        if (!isOurs(checkpoint)) throw new IOException("a head that this log did not sign");
        long size = store.head().size();
        try {
            if (head.size() > size || !tree(size).head(head.size()).equals(head))
                throw new IOException("a head of other entries than are stored: is this an old copy of the log?");
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    private boolean isOurs(Checkpoint checkpoint) {
        try {
            return checkpoint.origin().equals(key().name()) && checkpoint.isSignedBy(key());
        } catch (IdentityException e) {
            return false;
        }
    }

    /// That the entry at `index` is under this head.
    public LogProof proof(long index, Checkpoint checkpoint) throws IOException {
        return proof(store, index, checkpoint);
    }

    static LogProof proof(LogStore store, long index, Checkpoint checkpoint) throws IOException {
        try {
            var entry = LogEntry.parse(new StoredTiles(store).entry(index));
            var tree = new TileTree(new StoredTiles(store), checkpoint.head().size());
            return new LogProof(entry, index, tree.inclusion(index), checkpoint);
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    /// That the first `older` of the first `newer` entries are the same: what a witness asks for.
    public List<byte[]> consistency(long older, long newer) throws IOException {
        try {
            return tree(newer).consistency(older);
        } catch (IdentityException e) {
            throw StoredTiles.damaged(e);
        }
    }

    private TileTree tree(long size) {
        return new TileTree(new StoredTiles(store), size);
    }
}
