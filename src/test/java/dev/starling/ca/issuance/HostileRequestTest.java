package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.CertificationRequestInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.junit.jupiter.api.Test;

/// Requests made to trip the parsers, each refused with a reason and never by a crash.
class HostileRequestTest {
    private static final String BOB = "bob@example.net";
    private static final BigInteger N =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);
    private final CertificationRequest right;

    HostileRequestTest() throws IOException {
        right = CertificationRequest.getInstance(Csrs.of(BOB, Keys.generate()));
    }

    private static void refused(String why, byte[] der) throws Exception {
        var address = Address.parse(BOB);
        var e = assertThrows(Problem.class, () -> CertificateRequest.parse(der, address));
        assertEquals("badCSR", e.type());
        assertTrue(e.detail().contains(why), e::detail);
    }

    private SubjectPublicKeyInfo key() {
        return right.getCertificationRequestInfo().getSubjectPublicKeyInfo();
    }

    private byte[] point() {
        return key().getPublicKeyData().getBytes();
    }

    private byte[] with(SubjectPublicKeyInfo key, ASN1Encodable extensions) throws IOException {
        var attribute = new Attribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, new DERSet(extensions));
        var info = new CertificationRequestInfo(new X500Name(new RDN[0]), key, new DERSet(attribute));
        return new CertificationRequest(info, right.getSignatureAlgorithm(), right.getSignature()).getEncoded("DER");
    }

    private static Extension named(GeneralName name) throws IOException {
        return new Extension(Extension.subjectAlternativeName, true, new GeneralNames(name).getEncoded("DER"));
    }

    private byte[] with(byte[] point) throws IOException {
        return with(
                new SubjectPublicKeyInfo(key().getAlgorithm(), point),
                new DERSequence(named(new GeneralName(GeneralName.rfc822Name, BOB))));
    }

    @Test
    void aPointThatIsNotOnTheCurveOrNotWrittenAsUsualIsRefused() throws Exception {
        refused("signature does not fit", with(point()));
        byte[] off = point();
        off[off.length - 1] ^= 1;
        refused("P-256", with(off));
        refused("P-256", with(new byte[] {0}));
        byte[] compressed = Arrays.copyOf(point(), 33);
        compressed[0] = (byte) (2 + (point()[64] & 1));
        refused("P-256", with(compressed));
        byte[] hybrid = point();
        hybrid[0] = (byte) (6 + (point()[64] & 1));
        refused("P-256", with(hybrid));
    }

    @Test
    void aCurveThatIsSpelledOutIsRefused() throws Exception {
        var curve = org.bouncycastle.asn1.nist.NISTNamedCurves.getByName("P-256");
        var spelled =
                new SubjectPublicKeyInfo(new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, curve), point());
        refused("P-256", with(spelled, new DERSequence(named(new GeneralName(GeneralName.rfc822Name, BOB)))));
    }

    @Test
    void anExtensionThatComesTwiceIsRefused() throws Exception {
        var both = new ASN1EncodableVector();
        both.add(named(new GeneralName(GeneralName.rfc822Name, BOB)));
        both.add(named(new GeneralName(GeneralName.rfc822Name, "eve@example.net")));
        refused("exactly one name", with(key(), new DERSequence(both)));
    }

    @Test
    void namesWithForeignBytesAreRefused() throws Exception {
        for (String name :
                new String[] {"bob\0@example.net", "bob@example.net\0", "b\u00f6b@example.net", "bob@example.net\n"})
            refused(
                    "not the one of the order",
                    with(
                            key(),
                            new DERSequence(named(new GeneralName(GeneralName.rfc822Name, new DERIA5String(name))))));
    }

    @Test
    void signaturesOutOfRangeAreRefused() throws Exception {
        BigInteger zero = BigInteger.ZERO, one = BigInteger.ONE;
        for (BigInteger[] pair : new BigInteger[][] {
            {zero, zero},
            {zero, one},
            {one, zero},
            {N, N},
            {N, one},
            {one, N},
            {one.negate(), one},
            {N.shiftLeft(256), one}
        }) {
            var numbers = new ASN1EncodableVector();
            for (var each : pair) numbers.add(new ASN1Integer(each));
            var signature = new DERBitString(new DERSequence(numbers).getEncoded("DER"));
            refused(
                    "signature does not fit",
                    new CertificationRequest(
                                    right.getCertificationRequestInfo(), right.getSignatureAlgorithm(), signature)
                            .getEncoded("DER"));
        }
    }

    /// As deep as a request may be long: of indefinite length, and of definite.
    @Test
    void deepNestingIsRefused() throws Exception {
        byte[] indefinite = new byte[4_096];
        for (int i = 0; i < indefinite.length; i += 2) {
            indefinite[i] = 0x30;
            indefinite[i + 1] = (byte) 0x80;
        }
        refused("cannot be read", indefinite);
        byte[] nested = new byte[0];
        while (nested.length < 4_000) {
            int length = nested.length;
            var next = ByteBuffer.allocate(length + 4).put((byte) 0x30);
            if (length < 128) next.put((byte) length);
            else if (length < 256) next.put((byte) 0x81).put((byte) length);
            else next.put((byte) 0x82).putShort((short) length);
            nested = Arrays.copyOf(next.put(nested).array(), next.position());
        }
        refused("cannot be read", nested);
        byte[] deep = nested;
        assertThrows(Problem.class, () -> CertificateRequest.asked(deep));
        assertThrows(Problem.class, () -> CertificateRequest.asked(indefinite));
    }
}
