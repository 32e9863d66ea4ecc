package dev.starling.ca;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;

/// Certificates that prove no mailbox, because a proof of one is what they were given for: those of CAs of this kind,
/// by the policy in them, and the keys of this one. Else whoever stole a device's key could have it certified for ever.
record OwnCertificates(CaStore store) {
    private static final String POLICIES = "2.5.29.32";
    private static final List<Shown> HOLDERS = List.of(Shown.ROOT, Shown.ISSUING, Shown.ISSUING_PREVIOUS);

    boolean has(X509Certificate certificate) throws IOException {
        return hasPolicy(certificate) || hasKey(certificate);
    }

    /// One below the arc; a certificate has few, so its bytes are searched for the OID's.
    private static boolean hasPolicy(X509Certificate certificate) throws IOException {
        byte[] policies = certificate.getExtensionValue(POLICIES);
        if (policies == null) return false;
        byte[] arc = new ASN1ObjectIdentifier(CertificateVerifier.POLICY_ARC).getEncoded();
        String searched = HexFormat.of().formatHex(arc, 2, arc.length);
        return HexFormat.of().formatHex(policies).contains(searched);
    }

    private boolean hasKey(X509Certificate certificate) throws IOException {
        for (Shown each : HOLDERS) {
            Optional<byte[]> der = store.in(session -> session.shown().find(each));
            try {
                if (der.isPresent()
                        && Keys.certificate(der.get()).getPublicKey().equals(certificate.getPublicKey())) return true;
            } catch (IdentityException e) {
                throw new IOException("the certificate " + each + " in the store is damaged", e);
            }
        }
        return false;
    }
}
