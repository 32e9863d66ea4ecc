package dev.starling.ca.log;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The log as everybody may read it, without its key: heads, tiles and proofs out of the store.
public final class PublishedLog {
    private final CaStore store;
    private final LogStore lies;
    private final NoteKey key;

    PublishedLog(CaStore store, NoteKey key) {
        this.store = store;
        this.key = key;
        lies = new StoredLog(store);
    }

    /// That of a CA whose log is written by another process.
    ///
    /// @throws IOException also when there is none yet
    public static PublishedLog of(CaStore store) throws IOException {
        byte[] text = store.in(session -> session.shown().find(Shown.LOG_KEY))
                .orElseThrow(() -> new IOException(
                        "No issuer has used this database yet: start `starling ca issuer` with it first."));
        try {
            return new PublishedLog(store, NoteKey.parse(new String(text, StandardCharsets.UTF_8), NoteKey.Kind.LOG));
        } catch (IdentityException e) {
            throw new IOException("the log's key in the store is damaged", e);
        }
    }

    /// What verifiers must know to check its proofs.
    public NoteKey key() {
        return key;
    }

    /// That the entry at `index` is under the head that everybody gets now.
    public LogProof proof(long index) throws IOException {
        Checkpoint head = Log.released(lies).orElseThrow(() -> new IOException("the log has no head yet"));
        return Log.proof(lies, index, head);
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
