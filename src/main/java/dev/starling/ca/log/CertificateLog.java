package dev.starling.ca.log;

import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The log in which every certificate of a CA stands before it is released (docs/protocols/log.md), for whoever has its
/// key.
public final class CertificateLog {
    private static final int TAGS = 10_000;

    private final PublishedLog published;
    private final Log log;
    private final Cosigning cosigning;
    private final String origin;
    private final NoteSigner signer;

    /// The tags of addresses, which take a twenty-fifth of a second each; whose certificate was issued last comes last.
    private final Map<String, byte[]> tags = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
            return size() > TAGS;
        }
    };

    /// @param key of the log: [LogKey]
    public CertificateLog(CaStore store, NoteSigner key) throws IOException {
        this(store, key, List.of());
    }

    /// @param witnesses who are asked to cosign each head before it is released
    public CertificateLog(CaStore store, NoteSigner key, List<WitnessAt> witnesses) throws IOException {
        this(store, key, witnesses, Optional.empty());
    }

    /// @param signed file that remembers what was signed last, for whoever does not believe the store; empty: none
    public CertificateLog(CaStore store, NoteSigner key, List<WitnessAt> witnesses, Optional<Path> signed)
            throws IOException {
        published = new PublishedLog(store, key.key());
        origin = key.key().name();
        signer = key;
        log = new Log(key, new StoredLog(store), new SignedHeads(signed));
        cosigning = new Cosigning(log, witnesses);
        // Also of an empty one: whoever sees it knows from when on it must be complete.
        if (log.released().isEmpty()) log.release(log.sign());
    }

    /// What everybody may read of it.
    public PublishedLog published() {
        return published;
    }

    /// What verifiers must know to check its proofs.
    public NoteKey key() {
        return log.key();
    }

    /// Enters a certificate and lets everybody have the head above it; where it stands. Twice the same is once.
    ///
    /// @param evidence SHA-256 of what proves the address, or [LogEntry#noEvidence]
    public long enter(Address address, byte[] der, byte[] evidence) throws IOException {
        try {
            long index = log.append(List.of(LogEntry.of(tag(address), der, evidence)))
                    .getFirst();
            cosigning.release(index);
            return index;
        } catch (IdentityException e) {
            throw new IOException("what the CA signed is no certificate", e);
        }
    }

    /// The same, for whoever does not believe the store: comes back only when hashes show that the entry is under a
    /// head
    /// that the log's key signed.
    public long enterForSure(Address address, byte[] der, byte[] evidence) throws IOException {
        try {
            var entry = LogEntry.of(tag(address), der, evidence);
            long index = log.append(List.of(entry)).getFirst();
            cosigning.release(head -> log.hasSigned(head, index, entry));
            return index;
        } catch (IdentityException e) {
            throw new IOException("what the CA signed is no certificate", e);
        }
    }

    /// 32 bytes that whoever has the log's key knows, and nobody else.
    ///
    /// @param what they are for
    public byte[] secret(String what) {
        // A signature (RFC 8032) that goes nowhere; no head of a log begins so.
        return DeviceId.sha256(signer.sign(("starling secret\n" + what).getBytes(StandardCharsets.UTF_8)));
    }

    private byte[] tag(Address address) {
        synchronized (tags) {
            byte[] known = tags.get(address.text());
            if (known != null) return known;
        }
        byte[] tag = LogEntry.ownerTag(address, origin);
        synchronized (tags) {
            tags.put(address.text(), tag);
        }
        return tag;
    }

    /// Asks the witnesses again whose cosignature the released head lacks: they were away.
    public void cosignAgain() throws IOException {
        cosigning.again();
    }

    /// That the entry at `index` is under the head that everybody gets now.
    public LogProof proof(long index) throws IOException {
        return published.proof(index);
    }
}
