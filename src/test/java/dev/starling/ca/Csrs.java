package dev.starling.ca;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// Certificate requests, right ones and wrong ones.
public final class Csrs {
    private record Asked(ASN1ObjectIdentifier oid, ASN1Encodable value) {}

    private String subject = "";
    private String algorithm = "SHA256withECDSA";
    private final List<Asked> extensions = new ArrayList<>();

    public static byte[] of(String address, KeyPair key) throws IOException {
        return new Csrs().name(GeneralName.rfc822Name, address).usual().make(key);
    }

    public static byte[] of(String address) throws IOException {
        return of(address, Keys.generate());
    }

    public Csrs subject(String to) {
        subject = to;
        return this;
    }

    public Csrs algorithm(String to) {
        algorithm = to;
        return this;
    }

    public Csrs name(int tag, String... names) {
        var all = new GeneralName[names.length];
        for (int i = 0; i < names.length; i++) all[i] = new GeneralName(tag, names[i]);
        return extension(Extension.subjectAlternativeName, new GeneralNames(all));
    }

    public Csrs usual() {
        return extension(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement));
    }

    public Csrs extension(ASN1ObjectIdentifier oid, ASN1Encodable value) {
        extensions.add(new Asked(oid, value));
        return this;
    }

    public byte[] make(KeyPair key) throws IOException {
        var generator = new ExtensionsGenerator();
        for (var each : extensions) generator.addExtension(each.oid, true, each.value);
        try {
            var builder = new JcaPKCS10CertificationRequestBuilder(new X500Name(subject), key.getPublic());
            if (!extensions.isEmpty())
                builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, generator.generate());
            return builder.build(new JcaContentSignerBuilder(algorithm).build(key.getPrivate()))
                    .getEncoded();
        } catch (OperatorCreationException e) {
            throw new IOException(e);
        }
    }
}
