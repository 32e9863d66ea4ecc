package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The certificates a user believes; each is known by the SHA-256 of its DER form.
public final class TrustAnchors {
    private final List<X509Certificate> anchors;
    private final List<CertificateFields> fields;

    /// An anchor that is outside the profile (version 1, a key or an encoding we do not read) is kept but issues
    /// nothing.
    public TrustAnchors(List<X509Certificate> anchors) {
        this.anchors = List.copyOf(anchors);
        var readable = new ArrayList<CertificateFields>();
        for (var anchor : this.anchors) {
            try {
                readable.add(CertificateFields.parse(Keys.encoded(anchor)));
            } catch (IdentityException e) {
                System.getLogger("starling.identity")
                        .log(
                                System.Logger.Level.WARNING,
                                "anchor " + fingerprint(anchor) + " issues nothing: " + e.getMessage());
            }
        }
        fields = List.copyOf(readable);
    }

    public static TrustAnchors of(X509Certificate... anchors) {
        return new TrustAnchors(List.of(anchors));
    }

    public List<X509Certificate> anchors() {
        return anchors;
    }

    /// The anchor that issued `certificate`: its name, its key identifier where both tell one, and its signature. An
    /// anchor of the same name with another key is another anchor.
    Optional<CertificateFields> issuerOf(CertificateFields certificate) {
        return fields.stream()
                .filter(anchor -> Arrays.equals(anchor.subject(), certificate.issuer()))
                .filter(anchor -> sameKey(anchor, certificate))
                .filter(anchor -> IssuerKey.signed(certificate, anchor.spki()))
                .findFirst();
    }

    private static boolean sameKey(CertificateFields anchor, CertificateFields certificate) {
        var wanted = certificate.extensions().authorityKey();
        var own = anchor.extensions().subjectKey();
        return wanted.isEmpty() || own.isEmpty() || Arrays.equals(wanted.get(), own.get());
    }

    /// The anchor with just this key, for statements that an anchor signs itself.
    Optional<CertificateFields> byCertificate(byte[] der) {
        return fields.stream()
                .filter(anchor -> Arrays.equals(anchor.der(), der))
                .findFirst();
    }

    public static String fingerprint(X509Certificate anchor) {
        return HexFormat.of().formatHex(DeviceId.sha256(Keys.encoded(anchor)));
    }
}
