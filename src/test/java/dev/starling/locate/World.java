package dev.starling.locate;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.cbor.CborMap;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SequenceMemory;
import dev.starling.record.SignedRecord;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
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
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A store, a clock that stands, and a CA that certifies whomever it is asked to.
public final class World implements AutoCloseable {
    public static final String NETWORK = "starling";
    public static final Address BOB = new Address("bob@example.net");
    private static final Duration LIFE = Duration.ofHours(1), CERTIFICATE = Duration.ofDays(30);

    public final StandingClock clock;
    private static final Bounds BOUNDLESS =
            new Bounds(4096, 64L << 20, 4096, 64L << 20, 100_000, 1L << 30, 1L << 30, 4L << 30);

    public final Dht dht;
    final Keys.Held ca;
    private CertificateVerifier certificates;
    private RecordOpener opener;
    private final Rendezvous.Master master = Rendezvous.Master.of(BOB, NETWORK);
    private int owners, published;

    public World(Path folder) throws DhtException {
        this(folder, new StandingClock());
    }

    private World(Path folder, StandingClock clock) throws DhtException {
        // A store that keeps whatever anybody gives it.
        this(new EmbeddedDht(folder.resolve("dht.db"), BOUNDLESS, clock), clock);
    }

    World(Dht dht, StandingClock clock) {
        this.dht = dht;
        this.clock = clock;
        ca = authority("CN=first");
        certificates = new CertificateVerifier(TrustAnchors.of(ca.chain().getFirst()), true);
        opener = new RecordOpener(NETWORK, certificates, SequenceMemory.inMemory(1000), clock);
    }

    /// Another CA that readers believe, too.
    Keys.Held believe(String name) {
        return believe(name, List.of("*"));
    }

    /// Another CA that is believed about these domains.
    Keys.Held believe(String name, List<String> domains) {
        var second = authority(name);
        var all = Anchor.of(second.chain().getFirst());
        var limited = new Anchor("", all.certificate(), all.purposes(), domains, all.levels(), List.of());
        certificates = new CertificateVerifier(
                TrustAnchors.limited(List.of(Anchor.of(ca.chain().getFirst()), limited)), true);
        opener = new RecordOpener(NETWORK, certificates, SequenceMemory.inMemory(1000), clock);
        return second;
    }

    /// From now on readers demand that the CA's certificates are in this log.
    void mustLog(NoteKey log) {
        var policy = new LogPolicy(log, List.of(), 0);
        var anchor = Anchor.of(ca.chain().getFirst()).with(new AnchorLog(policy, AnchorLog.usualUrl(log), true));
        certificates = new CertificateVerifier(TrustAnchors.limited(List.of(anchor)), true);
        opener = new RecordOpener(NETWORK, certificates, SequenceMemory.inMemory(1000), clock);
    }

    LocationService service(boolean local) {
        return new LocationService(dht, NETWORK, certificates, opener, clock, local);
    }

    /// Judges as somebody does who never looked before.
    RecordOpener unknowing() {
        return new RecordOpener(NETWORK, certificates, SequenceMemory.inMemory(1000), clock);
    }

    /// Somebody who never looked before.
    LocationService stranger(Dht through) {
        return new LocationService(through, NETWORK, certificates, unknowing(), clock, false);
    }

    /// A reader that remembers.
    public LocationService service(Memory memory) {
        return new LocationService(
                dht,
                NETWORK,
                certificates,
                new RecordOpener(NETWORK, certificates, memory, clock),
                clock,
                false,
                Optional.of(memory));
    }

    LocationService.Found found() throws DhtException {
        return (LocationService.Found) service(false).find(BOB);
    }

    List<DeviceId> verified() throws DhtException {
        return found().verified().stream().map(LocationService.Device::id).toList();
    }

    Keys.Held authority(String name) {
        KeyPair key = Keys.generate();
        var certificate = certificate(name, key, name, key.getPublic(), CERTIFICATE, "");
        return new Keys.Held(key.getPrivate(), List.of(certificate));
    }

    /// What a device is believed by.
    public CertificateVerifier.Verified verified(Keys.Held device) {
        try {
            return certificates.verify(device.der(), clock.instant());
        } catch (dev.starling.identity.IdentityException e) {
            throw new IllegalStateException(e);
        }
    }

    public Keys.Held device(String address) {
        return device(address, ca, "CN=first");
    }

    Keys.Held device(String address, Keys.Held by, String issuer) {
        return device(address, by, issuer, CERTIFICATE);
    }

    Keys.Held device(String address, Keys.Held by, String issuer, Duration life) {
        KeyPair key = Keys.generate();
        var issuing = new KeyPair(by.publicKey(), by.key());
        return new Keys.Held(
                key.getPrivate(), List.of(certificate(issuer, issuing, "", key.getPublic(), life, address)));
    }

    // No address: that of a CA.

    private X509Certificate certificate(
            String issuer, KeyPair issuing, String subject, PublicKey key, Duration life, String address) {
        boolean authority = address.isEmpty();
        try {
            var builder = new JcaX509v3CertificateBuilder(
                    new X500Name(issuer),
                    BigInteger.valueOf(System.nanoTime()),
                    Date.from(clock.instant().minusSeconds(60)),
                    Date.from(clock.instant().plus(life)),
                    new X500Name(subject),
                    key);
            if (authority) builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            int usage = authority ? KeyUsage.keyCertSign : KeyUsage.digitalSignature | KeyUsage.keyAgreement;
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
            if (!authority) names(builder, address);
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuing.getPrivate())));
        } catch (CertIOException | OperatorCreationException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void names(JcaX509v3CertificateBuilder builder, String address) throws CertIOException {
        builder.addExtension(
                Extension.subjectAlternativeName,
                true,
                new GeneralNames(new GeneralName(GeneralName.rfc822Name, address)));
        builder.addExtension(
                Extension.certificatePolicies,
                false,
                new CertificatePolicies(
                        new PolicyInformation(new ASN1ObjectIdentifier(CertificateVerifier.POLICY_ARC + ".1"))));
    }

    byte[] record(Keys.Held signer, Kind kind, Address address, long sequence, Optional<CborMap> body) {
        return record(signer, kind, address, sequence, LIFE, body);
    }

    public byte[] record(
            Keys.Held signer, Kind kind, Address address, long sequence, Duration life, Optional<CborMap> body) {
        Instant now = clock.instant();
        return SignedRecord.sign(
                signer, NETWORK, new SignedRecord.Statement(kind, address, sequence, now, now.plus(life), body));
    }

    /// Puts a record of `signer` about bob where readers look, newer than all before.
    void publish(Keys.Held signer, Kind kind, CborMap body) throws DhtException {
        put(kind, record(signer, kind, BOB, clock.millis() + published++, Optional.of(body)));
    }

    /// Seals any bytes for the place of bob's records, as whoever knows his address can.
    void put(Kind kind, byte[] record) throws DhtException {
        raw(kind, Sealed.seal(place(kind), record));
    }

    void raw(Kind kind, byte[] value) throws DhtException {
        dht.put(
                place(kind).hexKey(),
                new Dht.Value(owners, Dht.Owner.local("owner" + owners++), value),
                LIFE.multipliedBy(2));
    }

    /// The store keeps back from now on what lay there: covered by what is no record.
    void clear(Kind kind) throws DhtException {
        var values = new java.util.ArrayList<Dht.Value>();
        dht.lookup(place(kind).hexKey(), Dht.Limits.USUAL, value -> !values.add(value));
        for (var each : values)
            dht.put(place(kind).hexKey(), new Dht.Value(each.id(), each.owner(), new byte[1]), Duration.ofSeconds(1));
    }

    /// The same for another address.
    void putFor(Address address, Kind kind, byte[] record) throws DhtException {
        Rendezvous place = Rendezvous.Master.of(address, NETWORK)
                .around(kind, clock.instant())
                .getFirst();
        dht.put(
                place.hexKey(),
                new Dht.Value(owners, Dht.Owner.local("owner" + owners++), Sealed.seal(place, record)),
                LIFE.multipliedBy(2));
    }

    public Rendezvous place(Kind kind) {
        return master.around(kind, clock.instant()).getFirst();
    }

    /// CERT, and DEVICES with a root that lists `devices`, signed by the first.
    void enrol(Keys.Held... devices) throws DhtException {
        for (var device : devices) publish(device, Kind.CERT, new CborMap());
        publish(devices[0], Kind.DEVICES, list(List.of(root(devices))));
    }

    public static CborMap list(List<?> links) {
        return new CborMap().with(1, links);
    }

    public List<Object> root(Keys.Held... devices) {
        return link(devices[0], List.of(), devices);
    }

    List<Object> link(Keys.Held signer, List<String> parents, Keys.Held... devices) {
        var listed = java.util.Arrays.stream(devices)
                .map(d -> new DeviceChain.Device(d.id(), d.publicKey().getEncoded(), "a device", 1))
                .toList();
        var pair = new KeyPair(signer.publicKey(), signer.key());
        return DeviceChain.link(pair, parents, listed, clock.instant().getEpochSecond(), BOB, NETWORK);
    }

    static String hash(List<Object> link) {
        return DeviceId.of(DeviceId.sha256((byte[]) link.getFirst())).hex();
    }

    CborMap location(Keys.Held device, String uri, String base) {
        var peer = new Bodies.PeerPlace(uri, DeviceId.of(new byte[32]), base);
        return new Bodies.Location(List.of(peer), device.id().gruu(BOB), List.of("message")).toCbor();
    }

    void revoke(Keys.Held signer, Keys.Held... devices) throws DhtException {
        var ids = java.util.Arrays.stream(devices).map(Keys.Held::id).toList();
        publish(
                signer,
                Kind.REVOKED,
                new Bodies.Revoked(ids, "removed", clock.instant().getEpochSecond()).toCbor());
    }

    @Override
    public void close() {
        dht.close();
    }
}
