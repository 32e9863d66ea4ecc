package dev.starling.enrol;

import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;

/// When a CA would like a certificate to be renewed: RFC 9773.
///
/// @param explanation URL of a page for people, "" for none
public record RenewalInfo(Instant start, Instant end, String explanation) {
    private static final String AUTHORITY_KEY = "2.5.29.35";
    private static final int MAX_URL = 500;

    /// Section 4.1: key identifier of the issuer and serial number, with a dot between. Empty: the certificate does not
    /// name its issuer's key.
    static Optional<String> name(X509Certificate leaf) {
        byte[] extension = leaf.getExtensionValue(AUTHORITY_KEY);
        if (extension == null) return Optional.empty();
        var id = AuthorityKeyIdentifier.getInstance(
                ASN1OctetString.getInstance(extension).getOctets());
        if (id.getKeyIdentifierOctets() == null) return Optional.empty();
        return Optional.of(base64(id.getKeyIdentifierOctets()) + "."
                + base64(leaf.getSerialNumber().toByteArray()));
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// Empty for what has no window: section 4.2 has an end after the start.
    static Optional<RenewalInfo> of(byte[] body) {
        try {
            if (!(Json.object(body).get("suggestedWindow") instanceof Map<?, ?> window)) return Optional.empty();
            Instant start = Instant.parse(String.valueOf(window.get("start")));
            Instant end = Instant.parse(String.valueOf(window.get("end")));
            if (!end.isAfter(start)) return Optional.empty();
            String said = String.valueOf(Json.object(body).getOrDefault("explanationURL", ""));
            boolean good = said.length() <= MAX_URL && said.matches("https?://[\\x21-\\x7e]+");
            return Optional.of(new RenewalInfo(start, end, good ? said : ""));
        } catch (Problem | DateTimeException e) {
            return Optional.empty();
        }
    }

    /// Section 4.2: whether a random time in the window is past. Whoever asks every few hours renews somewhere in it.
    boolean isDue(Instant now, RandomGenerator random) {
        long millis = Duration.between(start, end).toMillis();
        return !now.isBefore(start.plusMillis(millis > 0 ? random.nextLong(millis) : 0));
    }
}
