package dev.starling.ca.log;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The log in which every certificate of a CA stands before it is released (docs/protocols/log.md). Its key and its
/// name are made once, in the CA's database, and are those of all processes that share it.
public final class CertificateLog {
    private static final int TAGS = 10_000;

    private final CaStore store;
    private final LogStore lies;
    private final Log log;
    private final Cosigning cosigning;
    private final String origin;

    /// The tags of addresses, which take a twenty-fifth of a second each; whose certificate was issued last comes last.
    private final Map<String, byte[]> tags = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
            return size() > TAGS;
        }
    };

    /// @param origin what it is called if there is none yet; the name stays
    public CertificateLog(CaStore store, String origin) throws IOException {
        this(store, origin, List.of());
    }

    /// @param witnesses who are asked to cosign each head before it is released
    public CertificateLog(CaStore store, String origin, List<WitnessAt> witnesses) throws IOException {
        this.store = store;
        lies = new StoredLog(store);
        byte[] name =
                store.in(session -> session.nonces().secret("log-origin", origin.getBytes(StandardCharsets.UTF_8)));
        byte[] seed = store.in(session -> session.nonces().secret("log-seed", NoteSigner.newSeed()));
        this.origin = new String(name, StandardCharsets.UTF_8);
        log = new Log(NoteSigner.of(this.origin, NoteKey.Kind.LOG, seed), lies);
        cosigning = new Cosigning(log, witnesses);
        // Also of an empty one: whoever sees it knows from when on it must be complete.
        if (log.released().isEmpty()) log.release(log.sign());
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
        Checkpoint head = log.released().orElseThrow(() -> new IOException("the log has no head yet"));
        return log.proof(index, head);
    }

    /// @param prefix where it lies, without a slash at the end
    /// @param guard what stands before each answer
    public void mount(Routes routes, String prefix, UnaryOperator<Routes.Handler> guard) {
        new LogRoutes(lies).mount(routes, prefix, guard);
        String proofs = prefix + "/proof/";
        routes.get(proofs, guard.apply(request -> proof(request.path().substring(proofs.length()))));
    }

    /// That a certificate stands in the log, by its serial number, hexadecimal.
    public Response proof(String serial) throws IOException {
        String wanted = serial.replaceFirst("^0+(?=.)", "");
        Optional<Certificate> certificate =
                store.in(session -> session.certificates().bySerial(wanted));
        long index = certificate.map(Certificate::logIndex).orElse(-1L);
        if (index < 0) return Response.problem(404, "There is no such certificate in the log.");
        return Response.of(200, "text/plain; charset=utf-8", proof(index).bytes())
                .with("cache-control", "no-store");
    }
}
