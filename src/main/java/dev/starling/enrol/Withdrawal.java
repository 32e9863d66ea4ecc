package dev.starling.enrol;

import com.nimbusds.jose.util.Base64URL;
import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The end of certificates, by the account that proved their address and lies beside the key that was certified with
/// it.
public final class Withdrawal implements AutoCloseable {
    private static final int MOST = 200;

    private final KeptAccount kept;
    private final AcmeClient acme;

    /// @param file of the key
    public Withdrawal(Path file) throws EnrolmentException, IOException {
        kept = KeptAccount.load(file)
                .orElseThrow(() -> new EnrolmentException(
                        Reason.REFUSED,
                        "There is no account beside " + file + ". Prove the address first: starling enrol --renew."));
        acme = new AcmeClient(kept.directory(), kept.account(), kept.kid());
    }

    /// Withdraws one (RFC 8555, section 7.6). False: it is withdrawn already, or not of this CA.
    ///
    /// @param der the certificate
    /// @param reason RFC 5280, section 5.3.1
    public boolean revoke(byte[] der, int reason) throws EnrolmentException {
        try {
            acme.post(
                    acme.service("revokeCert"),
                    Json.write(Map.of("certificate", Base64URL.encode(der).toString(), "reason", reason)));
            return true;
        } catch (Problem e) {
            // One of another CA is not withdrawn here.
            if (e.type().equals("alreadyRevoked") || e.status() == 404) return false;
            throw new EnrolmentException(Reason.REFUSED, e.detail(), e);
        }
    }

    /// What the CA says is certified for the address and good, whether it is to be found or not; of a CA that does not
    /// say
    /// so, nothing.
    public List<X509Certificate> good(Address address) throws EnrolmentException {
        try {
            if (!acme.offers("starlingCertificates")) return List.of();
            var asked = Map.of("identifier", Map.of("type", "email", "value", address.text()));
            var said = acme.post(acme.service("starlingCertificates"), Json.write(asked))
                    .json();
            var certificates = new ArrayList<X509Certificate>();
            if (!(said.get("certificates") instanceof List<?> list) || list.size() > MOST)
                throw AcmeClient.unintelligible("no list of certificates");
            for (Object each : list)
                if (each instanceof Map<?, ?> one && one.get("certificate") instanceof String text)
                    certificates.add(Keys.certificate(Json.bytes(text)));
            return List.copyOf(certificates);
        } catch (Problem e) {
            throw new EnrolmentException(Reason.REFUSED, e.detail(), e);
        } catch (IdentityException e) {
            throw AcmeClient.unintelligible("what is no certificate");
        }
    }

    @Override
    public void close() {
        acme.close();
    }
}
