package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateFields;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Crl;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// docs/protocols/formats.md, section 3, field by field; and what is asked for in vain.
class CertificateProfileTest {
    private static final String BOB = "bob@example.net";
    private static final String ARC = "2.25.79549199400722170753484347576486920845.1";
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(NOW);
    private CaStore store;

    @BeforeEach
    void open() throws IOException {
        store = CaStore.inFile(folder.resolve("ca.db"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private String order(String address) throws IOException {
        return Ready.order(store, address, "email-code-00", clock.instant().getEpochSecond());
    }

    private List<X509Certificate> issue(boolean test, KeyPair key) throws Exception {
        String order = order(BOB);
        Ready.issuer(folder, test, store, clock).issue(order, Csrs.of(BOB, key));
        var chain = new ArrayList<X509Certificate>();
        for (var each : CertificateFactory.getInstance("X.509")
                .generateCertificates(
                        new ByteArrayInputStream(Ready.chain(store, order).getBytes(StandardCharsets.US_ASCII))))
            chain.add((X509Certificate) each);
        return chain;
    }

    @Test
    void everyFieldOfALeafIsAsWrittenDown() throws Exception {
        KeyPair key = Keys.generate();
        var chain = issue(false, key);
        assertEquals(2, chain.size());
        X509Certificate leaf = chain.getFirst(), issuing = chain.getLast();
        assertEquals(3, leaf.getVersion());
        assertEquals(16, leaf.getSerialNumber().toByteArray().length);
        assertEquals(1, leaf.getSerialNumber().signum());
        assertEquals("1.2.840.10045.4.3.2", leaf.getSigAlgOID());
        assertEquals(issuing.getSubjectX500Principal(), leaf.getIssuerX500Principal());
        assertEquals("", leaf.getSubjectX500Principal().getName());
        assertEquals(NOW.minus(Duration.ofMinutes(5)), leaf.getNotBefore().toInstant());
        assertEquals(
                Duration.ofDays(30),
                Duration.between(
                        leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant()));
        assertArrayEquals(key.getPublic().getEncoded(), leaf.getPublicKey().getEncoded());
        assertEquals(-1, leaf.getBasicConstraints());

        assertEquals(Set.of("2.5.29.17", "2.5.29.15"), leaf.getCriticalExtensionOIDs());
        assertEquals(Set.of("2.5.29.37", "2.5.29.35", "2.5.29.14", "2.5.29.32"), leaf.getNonCriticalExtensionOIDs());
        assertEquals(List.of(List.of(1, BOB)), List.copyOf(leaf.getSubjectAlternativeNames()));
        boolean[] usage = leaf.getKeyUsage();
        for (int bit = 0; bit < usage.length; bit++) assertEquals(bit == 0 || bit == 4, usage[bit], "key usage " + bit);
        assertEquals(List.of("1.3.6.1.5.5.7.3.4"), leaf.getExtendedKeyUsage());
        assertEquals(HexFormat.of().formatHex(policies(ARC + ".1")), policiesOf(leaf));
        assertArrayEquals(keyId(issuing, "2.5.29.14", 4), keyId(leaf, "2.5.29.35", 6));
        assertTrue(leaf.getEncoded().length < 600, () -> "long");
    }

    /// RFC 5280, section 4.2.1.13.
    @Test
    void itNamesTheListOfTheKeyThatSignedIt() throws Exception {
        var place = ListPlace.beside("https://ca.example.net");
        String order = order(BOB);
        var issuer = Ready.issuer(folder, place, store, clock);
        issuer.issue(order, Csrs.of(BOB));
        issuer.lists().refresh();
        String pem = Ready.chain(store, order);
        var leaf = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
        assertEquals(
                Set.of("2.5.29.37", "2.5.29.35", "2.5.29.14", "2.5.29.32", "2.5.29.31"),
                leaf.getNonCriticalExtensionOIDs());
        String key = HexFormat.of().formatHex(keyId(leaf, "2.5.29.35", 6));
        String url = "http://ca.example.net/acme/crl/" + key + ".crl";
        assertEquals(
                List.of(url),
                CertificateFields.parse(Keys.encoded(leaf)).extensions().crls());
        var crl = Crl.parse(issuer.lists().newestOf(key).orElseThrow());
        crl.verify(CertificateFields.parse(Keys.encoded(issuing(pem))), url, clock.instant());
        assertTrue(leaf.getEncoded().length < 650, () -> "long");
    }

    private static X509Certificate issuing(String pem) throws Exception {
        String second = pem.substring(pem.indexOf("-----BEGIN", 1));
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(second.getBytes(StandardCharsets.US_ASCII)));
    }

    private static byte[] policies(String oid) throws IOException {
        return new org.bouncycastle.asn1.x509.CertificatePolicies(new org.bouncycastle.asn1.x509.PolicyInformation(
                        new org.bouncycastle.asn1.ASN1ObjectIdentifier(oid)))
                .getEncoded(ASN1Encoding.DER);
    }

    private static String policiesOf(X509Certificate leaf) throws Exception {
        return HexFormat.of()
                .formatHex(new JcaX509CertificateHolder(leaf)
                        .getExtension(Extension.certificatePolicies)
                        .getExtnValue()
                        .getOctets());
    }

    /// The 20 bytes of a key id behind `skip` bytes of DER.
    private static byte[] keyId(X509Certificate certificate, String oid, int skip) {
        byte[] value = java.util.Objects.requireNonNull(certificate.getExtensionValue(oid));
        return java.util.Arrays.copyOfRange(value, skip, skip + 20);
    }

    @Test
    void aTestCaSaysSoInEveryCertificate() throws Exception {
        var leaf = issue(true, Keys.generate()).getFirst();
        assertEquals(HexFormat.of().formatHex(policies(ARC + ".9")), policiesOf(leaf));
    }

    @Test
    void rootAndIssuingCertificateMayDoWhatTheyMustAndNoMore() throws Exception {
        var chain = issue(false, Keys.generate());
        X509Certificate root = Ready.issuer(folder, false, store, clock).root(), issuing = chain.getLast();
        assertEquals("CN=Starling root", root.getSubjectX500Principal().getName());
        assertEquals("CN=Starling e-mail", issuing.getSubjectX500Principal().getName());
        assertEquals(1, root.getBasicConstraints());
        assertEquals(0, issuing.getBasicConstraints());
        for (var each : List.of(root, issuing)) {
            boolean[] usage = each.getKeyUsage();
            for (int bit = 0; bit < usage.length; bit++) assertEquals(bit == 5 || bit == 6, usage[bit], "bit " + bit);
            assertEquals(Set.of("2.5.29.19", "2.5.29.15"), each.getCriticalExtensionOIDs());
            each.verify(root.getPublicKey());
        }
    }

    @Test
    void ourVerifierBelievesIt() throws Exception {
        KeyPair key = Keys.generate();
        var chain = issue(false, key).stream().map(Keys::encoded).toList();
        var anchors = TrustAnchors.of(Ready.issuer(folder, false, store, clock).root());
        var verified = new CertificateVerifier(anchors, false).verify(chain, Address.parse(BOB), NOW);
        assertEquals("code", verified.level());
        assertEquals(DeviceId.ofKey(key.getPublic().getEncoded()), verified.device());
    }

    @Test
    void noTwoSerialNumbersAreAlike() throws Exception {
        var seen = new java.util.HashSet<Object>();
        for (int i = 0; i < 20; i++)
            assertTrue(seen.add(issue(false, Keys.generate()).getFirst().getSerialNumber()));
    }

    @Test
    void whatWillBeSignedIsStoredBeforeItIsSigned() throws Exception {
        var leaf = issue(false, Keys.generate()).getFirst();
        String serial = leaf.getSerialNumber().toString(16);
        var stored = store.in(session -> session.certificates().bySerial(serial).orElseThrow());
        assertArrayEquals(leaf.getTBSCertificate(), stored.toBeSigned());
        // A store that fails means: no signature.
        var issuer = Ready.issuer(folder, false, store, clock);
        String order = order(BOB);
        store.close();
        assertThrows(IOException.class, () -> issuer.issue(order, Csrs.of(BOB)));
        store = CaStore.inFile(folder.resolve("ca.db"));
        assertEquals(1, store.<Integer>in(session -> session.certificates().count()));
    }

    private void refused(byte[] csr, String why) throws IOException {
        String order = order(BOB);
        var problem = assertThrows(
                Problem.class, () -> Ready.issuer(folder, false, store, clock).issue(order, csr), why);
        assertEquals("badCSR", problem.type());
        assertTrue(problem.detail().contains(why), problem::detail);
    }

    private static Csrs csr() {
        return new Csrs().name(GeneralName.rfc822Name, BOB);
    }

    @Test
    void aRequestForOtherOrMoreNamesIsRefused() throws Exception {
        KeyPair key = Keys.generate();
        refused(new Csrs().name(GeneralName.rfc822Name, "carol@example.net").make(key), "not the one of the order");
        refused(new Csrs().name(GeneralName.rfc822Name, "bobb@example.net").make(key), "not the one of the order");
        refused(new Csrs().name(GeneralName.dNSName, BOB).make(key), "not the one of the order");
        refused(
                new Csrs()
                        .name(GeneralName.rfc822Name, BOB, "carol@example.net")
                        .make(key),
                "exactly one name");
        refused(new Csrs().name(GeneralName.rfc822Name, BOB, BOB).make(key), "exactly one name");
        refused(new Csrs().usual().make(key), "exactly one name");
        refused(new Csrs().make(key), "one extension request");
        refused(csr().subject("CN=Bob").make(key), "subject must be empty");
        refused(csr().subject("E=" + BOB).make(key), "subject must be empty");
    }

    /// RFC 8823, section 3.3: bits for signing and bits for encryption, whichever, ask for what is good for both.
    @ParameterizedTest
    @ValueSource(
            ints = {
                KeyUsage.digitalSignature | KeyUsage.keyAgreement,
                KeyUsage.digitalSignature | KeyUsage.keyEncipherment,
                KeyUsage.digitalSignature | KeyUsage.nonRepudiation | KeyUsage.keyEncipherment | KeyUsage.keyAgreement
            })
    void aRequestForSigningAndEncryptionIsTaken(int usage) throws Exception {
        KeyPair key = Keys.generate();
        var request = csr().extension(Extension.keyUsage, new KeyUsage(usage)).make(key);
        assertEquals(
                key.getPublic(),
                CertificateRequest.parse(request, Address.parse(BOB)).key());
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                KeyUsage.digitalSignature | KeyUsage.nonRepudiation,
                KeyUsage.keyAgreement,
                KeyUsage.keyEncipherment,
                KeyUsage.digitalSignature | KeyUsage.keyAgreement | KeyUsage.cRLSign,
                KeyUsage.digitalSignature | KeyUsage.keyAgreement | KeyUsage.encipherOnly,
                KeyUsage.digitalSignature | KeyUsage.keyAgreement | KeyUsage.decipherOnly,
                0
            })
    void aRequestForOneOfThemOrForMoreIsNot(int usage) throws Exception {
        refused(csr().extension(Extension.keyUsage, new KeyUsage(usage)).make(Keys.generate()), "key usage");
    }

    @Test
    void aRequestForRightsThatAreNotGivenIsRefused() throws Exception {
        KeyPair key = Keys.generate();
        refused(
                csr().extension(Extension.basicConstraints, new BasicConstraints(true))
                        .make(key),
                "not given");
        refused(
                csr().extension(Extension.keyUsage, new KeyUsage(KeyUsage.keyCertSign))
                        .make(key),
                "key usage");
        refused(
                csr().extension(Extension.keyUsage, new KeyUsage(KeyUsage.digitalSignature))
                        .make(key),
                "key usage");
        refused(
                csr().extension(Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.anyExtendedKeyUsage))
                        .make(key),
                "extended key usage");
        refused(
                csr().extension(Extension.extendedKeyUsage, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                        .make(key),
                "extended key usage");
        refused(csr().extension(Extension.nameConstraints, new X500Name("")).make(key), "not given");
    }

    @Test
    void aRequestByAnotherKindOfKeyIsRefused() throws Exception {
        var rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(2048);
        refused(csr().algorithm("SHA256withRSA").make(rsa.generateKeyPair()), "P-256");
        var ec = KeyPairGenerator.getInstance("EC");
        ec.initialize(new ECGenParameterSpec("secp384r1"));
        refused(csr().algorithm("SHA256withECDSA").make(ec.generateKeyPair()), "P-256");
        refused(csr().algorithm("SHA1withECDSA").make(Keys.generate()), "signature does not fit");
    }

    @Test
    void aRequestThatItsKeyDidNotSignIsRefused() throws Exception {
        byte[] right = csr().make(Keys.generate());
        byte[] last = right.clone();
        last[last.length - 1] ^= 1;
        refused(last, "signature does not fit");
        var mine = Keys.generate();
        refused(csr().make(new KeyPair(mine.getPublic(), Keys.generate().getPrivate())), "signature does not fit");
    }

    @Test
    void aRequestThatIsNotDerIsRefused() throws Exception {
        byte[] right = csr().make(Keys.generate());
        refused(java.util.Arrays.copyOf(right, right.length + 1), "cannot be read");
        refused(java.util.Arrays.copyOf(right, right.length - 1), "cannot be read");
        refused(new byte[0], "cannot be read");
        refused(new byte[5000], "too long");
        refused(indefinite(right), "not DER");
    }

    /// The same request with an outer SEQUENCE of indefinite length (BER).
    private static byte[] indefinite(byte[] der) {
        int header = (der[1] & 0xff) == 0x81 ? 3 : (der[1] & 0xff) == 0x82 ? 4 : 2;
        byte[] ber = new byte[der.length - header + 4];
        ber[0] = 0x30;
        ber[1] = (byte) 0x80;
        System.arraycopy(der, header, ber, 2, der.length - header);
        return ber;
    }

    @Test
    void noMutationOfARequestIsAnsweredWithAnythingButARefusalOrACertificateForItsKey() throws Exception {
        var issuer = Ready.issuer(folder, false, store, clock);
        byte[] right = csr().usual().make(Keys.generate());
        var random = new java.util.Random(20261124);
        String order = order(BOB);
        for (int i = 0; i < 3000; i++) {
            byte[] csr = right.clone();
            for (int n = 0; n <= random.nextInt(3); n++) csr[random.nextInt(csr.length)] = (byte) random.nextInt();
            try {
                issuer.issue(order, csr);
                order = order(BOB);
                assertArrayEquals(right, csr, "seed 20261124, case " + i);
            } catch (Problem e) {
                assertEquals("badCSR", e.type());
            }
        }
    }
}
