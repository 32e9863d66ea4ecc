import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// People with certificates of one CA, and the records that they publish.
final class People {
    static final String NETWORK = "starling";
    private static final String CA = "CN=bench";
    private static final Duration LIFE = Duration.ofHours(12);

    /// One person with one device.
    record Person(Address address, Keys.Held device, Rendezvous.Master master) {}

    private final KeyPair ca = Keys.generate();
    private final X509Certificate root;

    People() throws Exception {
        root = certificate(CA, ca.getPublic(), "");
    }

    CertificateVerifier verifier() {
        return new CertificateVerifier(TrustAnchors.of(root), false);
    }

    Person person(String address) throws Exception {
        KeyPair key = Keys.generate();
        var device = new Keys.Held(key.getPrivate(), List.of(certificate("", key.getPublic(), address)));
        var parsed = new Address(address);
        return new Person(parsed, device, Rendezvous.Master.of(parsed, NETWORK));
    }

    private X509Certificate certificate(String subject, PublicKey key, String address) throws Exception {
        var builder = new JcaX509v3CertificateBuilder(
                new X500Name(CA),
                BigInteger.valueOf(System.nanoTime()),
                Date.from(Instant.now().minusSeconds(60)),
                Date.from(Instant.now().plus(Duration.ofDays(30))),
                new X500Name(subject),
                key);
        boolean authority = address.isEmpty();
        int usage = authority ? KeyUsage.keyCertSign : KeyUsage.digitalSignature | KeyUsage.keyAgreement;
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
        if (authority) builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
        else {
            var name = new GeneralName(GeneralName.rfc822Name, address);
            builder.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(name));
            var level = new PolicyInformation(new ASN1ObjectIdentifier(CertificateVerifier.POLICY_ARC + ".1"));
            builder.addExtension(Extension.certificatePolicies, false, new CertificatePolicies(level));
        }
        var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(ca.getPrivate());
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    }

    /// What a device has to say, by kind.
    static Map<Kind, CborMap> bodies(Person person) {
        Keys.Held device = person.device();
        var listed = List.of(new DeviceChain.Device(device.id(), device.publicKey().getEncoded(), "bench", 1));
        var pair = new KeyPair(device.publicKey(), device.key());
        long now = Instant.now().getEpochSecond();
        var link = DeviceChain.link(pair, List.of(), listed, now, person.address(), NETWORK);
        var place = new Bodies.PeerPlace(
                "sip:peer.example.net:5061;transport=tls", DeviceId.of(new byte[32]), "https://peer.example.net/");
        var location = new Bodies.Location(List.of(place), device.id().gruu(person.address()), List.of("message"));
        return Map.of(
                Kind.CERT, new CborMap(),
                Kind.DEVICES, new CborMap().with(1, List.of(link)),
                Kind.LOCATION, location.toCbor());
    }

    /// Signed and sealed: what publishing costs before the store is asked.
    static byte[] value(Person person, Rendezvous place, CborMap body) {
        Instant now = Instant.now();
        byte[] record = SignedRecord.sign(
                person.device(),
                NETWORK,
                new SignedRecord.Statement(
                        place.kind(), person.address(), now.toEpochMilli(), now, now.plus(LIFE), Optional.of(body)));
        return Sealed.seal(place, record);
    }
}
