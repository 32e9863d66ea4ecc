package dev.starling.enrol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A certificate of a CA of the web for a host name, by ACME: RFC 8555 with the challenge `http-01` (section 8.3).
public final class DomainCertificate {
    private static final int POLLS = 30, DNS_NAME = 2;
    private static final Duration POLL = Duration.ofSeconds(2);

    /// Who shows the answer to a challenge at `http://DOMAIN/.well-known/acme-challenge/TOKEN`.
    public interface Challenges {
        void show(String token, String keyAuthorization);

        void hide(String token);
    }

    private final URI directory;
    private final Path account;
    private final Optional<ExternalKey> key;
    private final Challenges challenges;
    private final Duration poll;

    /// @param account file for the key of the account, made when it is not there
    /// @param key that the CA wants to see before it makes an account; empty: none
    public DomainCertificate(URI directory, Path account, Optional<ExternalKey> key, Challenges challenges) {
        this(directory, account, key, challenges, POLL);
    }

    DomainCertificate(URI directory, Path account, Optional<ExternalKey> key, Challenges challenges, Duration poll) {
        this.directory = directory;
        this.account = account;
        this.key = key;
        this.challenges = challenges;
        this.poll = poll;
    }

    /// With a new key.
    ///
    /// @param domain in its ASCII form
    public Keys.Held obtain(String domain) throws EnrolmentException, IOException {
        KeyPair own = Keys.generate();
        try (var acme = new AcmeClient(directory, accountKey(), "")) {
            acme.register(key);
            var made = acme.post(
                    acme.service("newOrder"),
                    Json.write(Map.of("identifiers", List.of(Map.of("type", "dns", "value", domain)))));
            if (made.location().isEmpty()) throw AcmeClient.unintelligible("an order without a Location");
            var order = finished(acme, made.json(), made.location(), domain, own);
            var chain = Said.chain(acme.get(Said.text(order.get("certificate"))).text());
            check(chain, domain, own);
            return new Keys.Held(own.getPrivate(), chain);
        } catch (Problem e) {
            throw new EnrolmentException(Reason.REFUSED, e.detail(), e);
        }
    }

    private Map<String, Object> finished(
            AcmeClient acme, Map<String, Object> begun, String url, String domain, KeyPair own)
            throws EnrolmentException, Problem {
        var order = begun;
        for (int round = 0; round < POLLS; round++) {
            switch (Said.status(order)) {
                case "pending" -> prove(acme, Said.first(order, "authorizations"));
                case "ready" -> {
                    String csr = Base64URL.encode(Csr.of(domain, own)).toString();
                    acme.post(Said.text(order.get("finalize")), Json.write(Map.of("csr", csr)));
                }
                case "processing" -> pause();
                case "valid" -> {
                    return order;
                }
                default -> throw new EnrolmentException(Reason.REFUSED, Said.error(order, "The order has failed."));
            }
            order = acme.get(url).json();
        }
        throw new EnrolmentException(Reason.UNREACHABLE, "The CA takes too long.");
    }

    private void prove(AcmeClient acme, String authorization) throws EnrolmentException, Problem {
        var challenge = Said.challenge(acme.get(authorization).json(), "http-01")
                .orElseThrow(() -> new EnrolmentException(
                        Reason.REFUSED, "This CA does not offer to prove a host name by HTTP (http-01)."));
        String token = Said.text(challenge.get("token"));
        // RFC 8555, section 8.3: base64url and nothing else, for it becomes a part of a path.
        if (!token.matches("[A-Za-z0-9_-]{16,128}")) throw AcmeClient.unintelligible("a token that is none");
        challenges.show(token, token + "." + thumbprint(acme.account()));
        try {
            acme.post(Said.text(challenge.get("url")), "{}");
            for (int polls = 0; polls < POLLS; polls++) {
                var now = acme.get(authorization).json();
                switch (Said.status(now)) {
                    case "valid" -> {
                        return;
                    }
                    case "pending", "processing" -> pause();
                    default -> throw new EnrolmentException(Reason.REFUSED, why(now));
                }
            }
        } finally {
            challenges.hide(token);
        }
        throw new EnrolmentException(Reason.UNREACHABLE, "The CA takes too long to look at this server.");
    }

    private static String why(Map<String, Object> authorization) {
        return Said.challenge(authorization, "http-01")
                .map(challenge -> Said.error(challenge, ""))
                .filter(text -> !text.isEmpty())
                .orElse("The CA did not reach this server under its name, on port 80.");
    }

    private static String thumbprint(ECKey key) {
        try {
            return key.computeThumbprint().toString();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(List<X509Certificate> chain, String domain, KeyPair key) throws EnrolmentException {
        if (chain.isEmpty() || !chain.getFirst().getPublicKey().equals(key.getPublic()))
            throw new EnrolmentException(Reason.NOT_GENUINE, "The CA's certificate is for another key.");
        if (!isFor(chain.getFirst(), domain))
            throw new EnrolmentException(Reason.NOT_GENUINE, "The CA's certificate is for another name.");
    }

    /// Whether a certificate names a host, letter by letter.
    public static boolean isFor(X509Certificate leaf, String domain) {
        try {
            Collection<List<?>> all = leaf.getSubjectAlternativeNames();
            return all != null && all.stream().anyMatch(name -> name.equals(List.of(DNS_NAME, domain)));
        } catch (CertificateParsingException e) {
            return false;
        }
    }

    private ECKey accountKey() throws IOException {
        try {
            if (Files.exists(account)) return ECKey.parse(Files.readString(account));
            ECKey made = new ECKeyGenerator(Curve.P_256).generate();
            Keys.writeOwnerOnly(account, made.toJSONString().getBytes(StandardCharsets.UTF_8));
            return made;
        } catch (ParseException | JOSEException e) {
            throw new IOException("the key of the account cannot be read: " + account, e);
        }
    }

    private void pause() throws EnrolmentException {
        try {
            Thread.sleep(poll);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnrolmentException(Reason.INTERRUPTED, "Interrupted.", e);
        }
    }
}
