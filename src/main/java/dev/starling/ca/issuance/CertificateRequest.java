package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import java.util.Set;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/// A PKCS#10 request (RFC 2986) of our one profile: signed by its own P-256 key, empty subject, and nothing
/// asked for that will not be in the certificate (RFC 8555, section 7.4: the CA must not issue something
/// else).
///
/// @param key what is to be certified
record CertificateRequest(ECPublicKey key) {
    private static final int MAX_BYTES = 4096;
    private static final int USAGE = KeyUsage.digitalSignature | KeyUsage.keyAgreement;
    private static final int SIGNING = KeyUsage.digitalSignature | KeyUsage.nonRepudiation;
    private static final int ENCRYPTION = KeyUsage.keyEncipherment | KeyUsage.keyAgreement;
    private static final Set<ASN1ObjectIdentifier> EXTENSIONS =
            Set.of(Extension.subjectAlternativeName, Extension.keyUsage, Extension.extendedKeyUsage);

    /// Reads one that asks for exactly this address.
    static CertificateRequest parse(byte[] der, Address address) throws Problem {
        if (der.length > MAX_BYTES) throw bad("it is too long");
        try {
            var csr = new PKCS10CertificationRequest(der);
            if (!Arrays.equals(csr.toASN1Structure().getEncoded(ASN1Encoding.DER), der)) throw bad("it is not DER");
            if (csr.getSubject().getRDNs().length > 0) throw bad("the subject must be empty");
            checkExtensions(csr, address);
            ECPublicKey key = Keys.p256(csr.getSubjectPublicKeyInfo().getEncoded());
            if (!csr.getSignatureAlgorithm().getAlgorithm().equals(X9ObjectIdentifiers.ecdsa_with_SHA256)
                    || !csr.isSignatureValid(
                            new JcaContentVerifierProviderBuilder().build(csr.getSubjectPublicKeyInfo())))
                throw bad("its signature does not fit");
            return new CertificateRequest(key);
        } catch (IdentityException e) {
            throw bad("the key must be on P-256");
        } catch (PKCSException | OperatorCreationException e) {
            throw bad("its signature does not fit");
        } catch (IOException | RuntimeException e) {
            // The ASN.1 library answers hostile bytes with whatever it stumbles over: ClassCastException and
            // others.
            throw bad("it cannot be read");
        }
    }

    /// The one e-mail address that it names; nothing else of it is looked at.
    static Address asked(byte[] der) throws Problem {
        if (der.length > MAX_BYTES) throw bad("it is too long");
        try {
            var names = GeneralNames.fromExtensions(
                    new PKCS10CertificationRequest(der).getRequestedExtensions(), Extension.subjectAlternativeName);
            if (names == null
                    || names.getNames().length != 1
                    || names.getNames()[0].getTagNo() != GeneralName.rfc822Name)
                throw bad("exactly one e-mail address is needed");
            return Address.parse(
                    ASN1IA5String.getInstance(names.getNames()[0].getName()).getString());
        } catch (IdentityException e) {
            throw bad("its address cannot be certified, " + e.reason());
        } catch (IOException | RuntimeException e) {
            // As above.
            throw bad("it cannot be read");
        }
    }

    private static void checkExtensions(PKCS10CertificationRequest csr, Address address) throws Problem {
        var attributes = csr.getAttributes();
        if (attributes.length != 1
                || !attributes[0].getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)
                || attributes[0].getAttrValues().size() != 1)
            throw bad("one extension request is needed, nothing else");
        Extensions asked = csr.getRequestedExtensions();
        for (var oid : asked.getExtensionOIDs())
            if (!EXTENSIONS.contains(oid)) throw bad("it asks for an extension that is not given");
        var names = GeneralNames.fromExtensions(asked, Extension.subjectAlternativeName);
        if (names == null || names.getNames().length != 1) throw bad("exactly one name is needed");
        if (!isOf(names.getNames()[0], address)) throw bad("the name is not the one of the order");
        var usage = KeyUsage.fromExtensions(asked);
        if (usage != null && !isForBoth(usage))
            throw bad("the key usage must be for signing and encryption, or not be there");
        var extended = ExtendedKeyUsage.fromExtensions(asked);
        if (extended != null && !extended.equals(new ExtendedKeyUsage(KeyPurposeId.id_kp_emailProtection)))
            throw bad("the extended key usage must be emailProtection");
    }

    /// However its letters are written: the order may have been made in the same way (RFC 8555, section 7.4).
    private static boolean isOf(GeneralName name, Address address) {
        if (address.isPhone() || name.getTagNo() != GeneralName.rfc822Name) return name.equals(name(address));
        try {
            String text = ASN1IA5String.getInstance(name.getName()).getString();
            return Address.parse(text).equals(address);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// RFC 8823, section 3.3: bits of both sets, and no others, ask for a certificate that is good for both. Which of
    /// the second set it then has depends on the key. Certificates for one of them alone are not made here.
    private static boolean isForBoth(KeyUsage usage) {
        var asked = ASN1BitString.getInstance(usage.toASN1Primitive());
        int bits = asked.intValue();
        return asked.getBytesLength() == 1
                && (bits & SIGNING) != 0
                && (bits & ENCRYPTION) != 0
                && (bits & ~(SIGNING | ENCRYPTION)) == 0;
    }

    static GeneralName name(Address address) {
        return address.isPhone()
                ? new GeneralName(GeneralName.uniformResourceIdentifier, "tel:" + address)
                : new GeneralName(GeneralName.rfc822Name, address.text());
    }

    static KeyUsage usage() {
        return new KeyUsage(USAGE);
    }

    private static Problem bad(String why) {
        return new Problem("badCSR", 400, "The certificate request is refused: " + why + ".");
    }
}
