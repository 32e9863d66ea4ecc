package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The CAs that a user or an operator believes; each is known by the SHA-256 of its certificate.
public final class TrustAnchors {
    /// An anchor as the verifier reads it.
    record Read(Anchor anchor, CertificateFields fields) {}

    private final List<Anchor> anchors;
    private final List<Read> readable;

    /// Anchors that may vouch for everything.
    public TrustAnchors(List<X509Certificate> certificates) {
        anchors = certificates.stream().map(Anchor::of).toList();
        readable = readable(anchors);
    }

    private TrustAnchors(List<Anchor> anchors, List<Read> readable) {
        this.anchors = List.copyOf(anchors);
        this.readable = readable;
    }

    // An anchor that is outside the profile (version 1, a key or an encoding we do not read) is kept but issues
    // nothing.
    private static List<Read> readable(List<Anchor> anchors) {
        var read = new ArrayList<Read>();
        for (var anchor : anchors) {
            try {
                read.add(new Read(anchor, CertificateFields.parse(Keys.encoded(anchor.certificate()))));
            } catch (IdentityException e) {
                System.getLogger("starling.identity")
                        .log(
                                System.Logger.Level.WARNING,
                                "anchor " + anchor.sha256() + " issues nothing: " + e.getMessage());
            }
        }
        return List.copyOf(read);
    }

    List<Read> readable() {
        return readable;
    }

    public static TrustAnchors of(X509Certificate... certificates) {
        return new TrustAnchors(List.of(certificates));
    }

    /// Each may vouch for what it says.
    public static TrustAnchors limited(List<Anchor> anchors) {
        return new TrustAnchors(anchors, readable(anchors));
    }

    public List<Anchor> anchors() {
        return anchors;
    }

    /// The anchor that issued `certificate`: its name, its key identifier where both tell one, and its signature. An
    /// anchor of the same name with another key is another anchor.
    Optional<Read> issuerOf(CertificateFields certificate) {
        return readable.stream()
                .filter(anchor -> Arrays.equals(anchor.fields.subject(), certificate.issuer()))
                .filter(anchor -> sameKey(anchor.fields, certificate))
                .filter(anchor -> IssuerKey.signed(certificate, anchor.fields.spki()))
                .findFirst();
    }

    private static boolean sameKey(CertificateFields anchor, CertificateFields certificate) {
        var wanted = certificate.extensions().authorityKey();
        var own = anchor.extensions().subjectKey();
        return wanted.isEmpty() || own.isEmpty() || Arrays.equals(wanted.get(), own.get());
    }

    /// The anchor with just this certificate, for statements that an anchor signs itself.
    Optional<Read> byCertificate(byte[] der) {
        return readable.stream()
                .filter(anchor -> Arrays.equals(anchor.fields.der(), der))
                .findFirst();
    }

    public static String fingerprint(X509Certificate anchor) {
        return HexFormat.of().formatHex(DeviceId.sha256(Keys.encoded(anchor)));
    }
}
