package dev.starling.enrol;

import dev.starling.identity.Address;
import java.io.IOException;
import java.security.KeyPair;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// Certificate requests (RFC 2986): empty subject, one name, key usage; nothing else.
final class Csr {
    private static final KeyUsage KEY_USAGE = new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement);

    private Csr() {}

    /// Of a device, DER.
    static byte[] of(Address address, KeyPair key) {
        return signed(new GeneralName(GeneralName.rfc822Name, address.text()), KEY_USAGE, key);
    }

    /// Of a host, DER.
    static byte[] of(String domain, KeyPair key) {
        return signed(new GeneralName(GeneralName.dNSName, domain), new KeyUsage(KeyUsage.digitalSignature), key);
    }

    private static byte[] signed(GeneralName name, KeyUsage usage, KeyPair key) {
        try {
            var extensions = new ExtensionsGenerator();
            extensions.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(name));
            extensions.addExtension(Extension.keyUsage, true, usage);
            return new JcaPKCS10CertificationRequestBuilder(new X500Name(new RDN[0]), key.getPublic())
                    .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
                    .getEncoded();
        } catch (OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
