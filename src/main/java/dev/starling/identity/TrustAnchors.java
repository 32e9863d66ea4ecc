package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The certificates a user believes; each is known by the SHA-256 of its DER form.
public record TrustAnchors(List<X509Certificate> anchors) {
    public TrustAnchors {
        anchors = List.copyOf(anchors);
    }

    public static TrustAnchors of(X509Certificate... anchors) {
        return new TrustAnchors(List.of(anchors));
    }

    /// The anchor that issued `certificate`, by name and key: an anchor of the same name with another key is another
    /// anchor.
    Optional<X509Certificate> issuerOf(X509Certificate certificate) {
        return anchors.stream()
                .filter(a -> a.getSubjectX500Principal().equals(certificate.getIssuerX500Principal()))
                .filter(a -> CertificateVerifier.signed(certificate, a.getPublicKey()))
                .findFirst();
    }

    public boolean hasIssuerName(X509Certificate certificate) {
        return anchors.stream().anyMatch(a -> a.getSubjectX500Principal().equals(certificate.getIssuerX500Principal()));
    }

    public static String fingerprint(X509Certificate anchor) {
        return HexFormat.of().formatHex(DeviceId.sha256(Keys.encoded(anchor)));
    }

    public Map<String, X509Certificate> byFingerprint() {
        var map = new HashMap<String, X509Certificate>();
        for (var anchor : anchors) map.put(fingerprint(anchor), anchor);
        return map;
    }
}
