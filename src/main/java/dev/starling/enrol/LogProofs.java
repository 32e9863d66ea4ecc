package dev.starling.enrol;

import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.log.LogProof;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The proof that a certificate is in the log of its CA: fetched once, checked, and kept in a file beside the one with
/// the certificate (docs/protocols/log.md, section 12). A certificate is as good without it for all who do not demand
/// it, so what fails here is told and tried again the next time.
public final class LogProofs {
    private static final System.Logger LOG = System.getLogger("starling.enrol");
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final CertificateVerifier verifier;
    private final Clock clock;

    public LogProofs(CertificateVerifier verifier, Clock clock) {
        this.verifier = verifier;
        this.clock = clock;
    }

    /// `NAME.tlog-proof` beside `NAME.p12`.
    public static Path file(Path held) {
        String name = String.valueOf(held.getFileName());
        return held.resolveSibling(name.replaceFirst("\\.p12$", "") + ".tlog-proof");
    }

    /// That the certificate in `file`, first of `chain`, is in the log; empty when its CA names no log, or the log does
    /// not say so now.
    public Optional<byte[]> of(Path file, List<X509Certificate> chain) {
        try {
            var verified = verifier.verify(chain.stream().map(Keys::encoded).toList(), clock.instant());
            Optional<AnchorLog> log = verifier.anchors().anchors().stream()
                    .filter(each -> each.sha256().equals(verified.anchor()))
                    .findFirst()
                    .flatMap(Anchor::log);
            if (log.isEmpty()) return Optional.empty();
            Path kept = file(file);
            if (Files.exists(kept) && Files.size(kept) <= LogProof.MAX_BYTES) {
                byte[] bytes = Files.readAllBytes(kept);
                if (isGood(bytes, verified, log.get())) return Optional.of(bytes);
            }
            byte[] fetched = fetch(log.get().url() + "/proof/" + serial(chain.getFirst()));
            if (!isGood(fetched, verified, log.get()))
                throw new IOException("what the log shows does not prove that the certificate is in it");
            Path fresh = kept.resolveSibling(kept.getFileName() + ".new");
            Files.write(fresh, fetched);
            Files.move(fresh, kept, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return Optional.of(fetched);
        } catch (IOException | IdentityException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no proof yet that the certificate of device "
                            + DeviceId.ofKey(chain.getFirst().getPublicKey().getEncoded())
                            + " is in its CA's log: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static boolean isGood(byte[] proof, CertificateVerifier.Verified verified, AnchorLog log) {
        try {
            var _ = LogProof.parse(proof).verify(Keys.encoded(verified.leaf()), verified.address(), log.policy());
            return true;
        } catch (IdentityException e) {
            return false;
        }
    }

    private static String serial(X509Certificate leaf) {
        return HexFormat.of().formatHex(leaf.getSerialNumber().toByteArray());
    }

    private static byte[] fetch(String url) throws IOException {
        try (var http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(PATIENCE)
                .build()) {
            var request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(PATIENCE)
                    .GET()
                    .build();
            var answer = http.send(
                    request,
                    HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), LogProof.MAX_BYTES));
            if (answer.statusCode() != 200) throw new IOException("the log answers with " + answer.statusCode());
            return answer.body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
