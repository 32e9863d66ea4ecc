package dev.starling.cms;

import dev.starling.identity.CertificateFields;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.der.Der;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.Time;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAttributeTableGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/// The inner layer: SignedData (RFC 5652) with one signer, ECDSA on P-256 with SHA-256, and just the attributes content
/// type, message digest and signing time.
final class Signed {
    static final String DATA = "1.2.840.113549.1.7.1";
    private static final String SIGNED = "1.2.840.113549.1.7.2", SHA256 = "2.16.840.1.101.3.4.2.1";
    private static final String ECDSA_SHA256 = "1.2.840.10045.4.3.2";
    private static final String CONTENT_TYPE = "1.2.840.113549.1.9.3", DIGEST = "1.2.840.113549.1.9.4";
    private static final String TIME = "1.2.840.113549.1.9.5";

    private Signed() {}

    static byte[] sign(Keys.Held signer, byte[] content, Instant now) {
        try {
            var info = new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
                    .setSignedAttributeGenerator(attributes(now))
                    .build(
                            new JcaContentSignerBuilder("SHA256withECDSA").build(signer.key()),
                            signer.chain().getFirst());
            var generator = new CMSSignedDataGenerator();
            generator.addSignerInfoGenerator(info);
            generator.addCertificates(new JcaCertStore(signer.chain()));
            return generator
                    .generate(new CMSProcessableByteArray(content), true)
                    .toASN1Structure()
                    .getEncoded("DER");
        } catch (GeneralSecurityException | OperatorCreationException | CMSException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static CMSAttributeTableGenerator attributes(Instant now) {
        return parameters -> {
            byte[] digest = (byte[]) parameters.get(CMSAttributeTableGenerator.DIGEST);
            var all = new ASN1EncodableVector();
            all.add(new Attribute(CMSAttributes.contentType, new DERSet(CMSObjectIdentifiers.data)));
            all.add(new Attribute(CMSAttributes.messageDigest, new DERSet(new DEROctetString(digest))));
            all.add(new Attribute(CMSAttributes.signingTime, new DERSet(new Time(Date.from(now)))));
            return new AttributeTable(all);
        };
    }

    /// The parts that count; `attributes` under their implicit tag.
    private record Parts(
            byte[] content,
            List<byte[]> certificates,
            byte[] sid,
            byte[] attributes,
            byte[] digest,
            byte[] signature) {}

    static Envelope.Opened open(byte[] der, CertificateVerifier certificates, Instant now) throws IdentityException {
        Parts said = read(der);
        var signer = certificates.verify(chain(said.certificates, said.sid), now);
        byte[] signed = said.attributes.clone();
        // RFC 5652, section 5.4: signed as the SET OF that it is, not under its implicit tag.
        signed[0] = (byte) Der.SET;
        byte[] signature =
                Keys.plainSignature(said.signature).orElseThrow(() -> new IdentityException("bad-signature"));
        if (!Keys.verify(signer.leaf().getPublicKey(), signed, signature)) throw new IdentityException("bad-signature");
        if (!MessageDigest.isEqual(said.digest, DeviceId.sha256(said.content)))
            throw new IdentityException("bad-signature", "digest");
        return new Envelope.Opened(said.content, signer);
    }

    private static Parts read(byte[] der) throws IdentityException {
        List<Der> info = Der.parse(der, Envelope.MAX_BYTES).sequence(2, 2);
        if (!info.getFirst().oid().equals(SIGNED)) throw malformed("not SignedData");
        List<Der> fields = Shape.only(info.get(1).expect(0xa0)).sequence(5, 5);
        List<Der> inner = fields.get(2).sequence(2, 2);
        if (fields.getFirst().smallInteger() != 1
                || !Shape.algorithm(Shape.only(fields.get(1).expect(Der.SET))).equals(SHA256)
                || !inner.getFirst().oid().equals(DATA)) throw malformed("version, digest or content type");
        List<Der> signer = Shape.only(fields.get(4).expect(Der.SET)).sequence(6, 6);
        if (signer.getFirst().smallInteger() != 1
                || !Shape.algorithm(signer.get(2)).equals(SHA256)
                || !Shape.algorithm(signer.get(4)).equals(ECDSA_SHA256)) throw malformed("algorithms");
        var certificates = new ArrayList<byte[]>();
        byte[] content =
                Shape.only(inner.get(1).expect(0xa0)).expect(Der.OCTETS).content();
        for (Der each : Shape.sorted(fields.get(3).expect(0xa0))) certificates.add(each.bytes());
        Der attributes = signer.get(3).expect(0xa0);
        return new Parts(
                content,
                certificates,
                signer.get(1).bytes(),
                attributes.bytes(),
                digest(attributes),
                signer.get(5).expect(Der.OCTETS).content());
    }

    private static byte[] digest(Der attributes) throws IdentityException {
        Map<String, Der> found = new HashMap<>();
        for (Der attribute : Shape.sorted(attributes)) {
            List<Der> pair = attribute.sequence(2, 2);
            found.put(pair.getFirst().oid(), Shape.only(pair.get(1).expect(Der.SET)));
        }
        Der type = found.get(CONTENT_TYPE), time = found.get(TIME), digest = found.get(DIGEST);
        if (attributes.items().size() != 3 || type == null || time == null || digest == null)
            throw malformed("attributes");
        if (!type.oid().equals(DATA) || !time.is(Der.UTC_TIME) && !time.is(Der.TIME)) throw malformed("attributes");
        return digest.expect(Der.OCTETS).content();
    }

    /// The signer's certificate first, then each one's issuer; none may be left over.
    private static List<byte[]> chain(List<byte[]> set, byte[] sid) throws IdentityException {
        if (set.isEmpty()) throw new IdentityException("no-certificate");
        if (set.size() > CertificateVerifier.MAX_CHAIN) throw new IdentityException("chain-too-long");
        var rest = new ArrayList<CertificateFields>();
        for (byte[] der : set) rest.add(CertificateFields.parse(der));
        var chain = new ArrayList<CertificateFields>();
        for (int at = indexOfSigner(rest, sid); at >= 0; at = indexOfIssuer(rest, chain.getLast()))
            chain.add(rest.remove(at));
        if (chain.isEmpty() || !rest.isEmpty()) throw malformed("certificates that are not the signer's chain");
        return chain.stream().map(CertificateFields::der).toList();
    }

    private static int indexOfSigner(List<CertificateFields> certificates, byte[] sid) {
        for (int i = 0; i < certificates.size(); i++)
            if (Arrays.equals(sid, certificates.get(i).issuerAndSerial())) return i;
        return -1;
    }

    private static int indexOfIssuer(List<CertificateFields> certificates, CertificateFields of) {
        for (int i = 0; i < certificates.size(); i++)
            if (Arrays.equals(certificates.get(i).subject(), of.issuer())) return i;
        return -1;
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
