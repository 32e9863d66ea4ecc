package dev.starling.ca.issuance;

import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// What an issuing CA asks its root for (PKCS#10, RFC 2986): a name and a P-256 key. What it may do the root says,
/// whatever the request says.
record IssuingRequest(X500Name name, ECPublicKey key) {
    private static final int MAX_CHARS = 8192;
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} .,'()-]{0,63}"),
            PEM =
                    Pattern.compile(
                            "\\s*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE REQUEST-----\\s*");

    /// A common name and nothing else.
    static X500Name named(String text) throws IOException {
        if (!NAME.matcher(text).matches()) throw new IOException("A CA's name has letters and digits, 64 at most.");
        return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, text).build();
    }

    static String make(X500Name name, PublicKey key, PrivateKey own) throws IOException {
        try {
            byte[] der = new JcaPKCS10CertificationRequestBuilder(name, key)
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(own))
                    .getEncoded();
            return "-----BEGIN CERTIFICATE REQUEST-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                    + "\n-----END CERTIFICATE REQUEST-----\n";
        } catch (OperatorCreationException e) {
            throw new IOException("The request could not be signed.", e);
        }
    }

    /// @param text PEM
    static IssuingRequest parse(byte[] text) throws IOException {
        if (text.length > MAX_CHARS) throw new IOException("This is too long for a request.");
        var pem = PEM.matcher(new String(text, StandardCharsets.ISO_8859_1));
        if (!pem.matches()) throw new IOException("This is not one request in PEM.");
        try {
            byte[] der = Base64.getMimeDecoder().decode(pem.group(1));
            var csr = new PKCS10CertificationRequest(der);
            if (!Arrays.equals(csr.toASN1Structure().getEncoded(ASN1Encoding.DER), der))
                throw new IOException("The request is not DER.");
            ECPublicKey key = Keys.p256(csr.getSubjectPublicKeyInfo().getEncoded());
            if (!csr.isSignatureValid(new JcaContentVerifierProviderBuilder().build(csr.getSubjectPublicKeyInfo())))
                throw new IOException("The request was not signed by its own key.");
            // Written anew: of the request's own bytes none gets into a certificate.
            return new IssuingRequest(named(commonName(csr.getSubject())), key);
        } catch (IdentityException e) {
            throw new IOException("The key of an issuing CA must be on P-256.", e);
        } catch (PKCSException | OperatorCreationException | RuntimeException e) {
            // The ASN.1 library answers hostile bytes with whatever it stumbles over.
            throw new IOException("The request cannot be read.", e);
        }
    }

    private static String commonName(X500Name name) throws IOException {
        var all = name.getRDNs();
        if (all.length != 1
                || all[0].isMultiValued()
                || !all[0].getFirst().getType().equals(BCStyle.CN))
            throw new IOException("The name in the request must be a common name and nothing else.");
        return all[0].getFirst().getValue().toString();
    }
}
