package dev.starling.identity;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.x509.CertificatePolicies;

/// The policies extension, RFC 5280, section 4.2.1.4.
final class Policies {
    private Policies() {}

    /// `extension`: the DER OCTET STRING that the JDK gives.
    static Set<String> oids(byte[] extension) throws IdentityException {
        try {
            var policies = CertificatePolicies.getInstance(ASN1Primitive.fromByteArray(
                    ASN1OctetString.getInstance(extension).getOctets()));
            var found = new HashSet<String>();
            for (var policy : policies.getPolicyInformation())
                found.add(policy.getPolicyIdentifier().getId());
            return found;
        } catch (IOException | IllegalArgumentException e) {
            throw new IdentityException("malformed", "policies");
        }
    }
}
