package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides whether a chain proves an address (RFC 5280, section 6, the parts that apply):
/// docs/protocols/formats.md, section 3, in its order and with its reasons.
public record CertificateVerifier(TrustAnchors anchors, boolean allowTest, Revocations revocations) {
    public static final int MAX_CHAIN = 5;
    public static final int MAX_CERTIFICATE_BYTES = CertificateFields.MAX_BYTES;
    public static final String POLICY_ARC = "2.25.79549199400722170753484347576486920845.1";
    private static final String EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4", ANY_USAGE = "2.5.29.37.0";
    private static final int RFC822_NAME = 0x81, URI = 0x86;
    private static final int DIGITAL_SIGNATURE = 0x80, KEY_CERT_SIGN = 0x04;

    public CertificateVerifier(TrustAnchors anchors, boolean allowTest) {
        this(anchors, allowTest, Revocations.NONE);
    }

    /// `level` says how the address was proven: code, reply, call, smime, test or other.
    ///
    /// @param anchor SHA-256 of the anchor's certificate, hex
    /// @param issuer SHA-256 of the key of the CA that issued the leaf
    /// @param mustLog the log in which the leaf must be to count for others; the proof travels in CERT
    public record Verified(
            Address address,
            DeviceId device,
            X509Certificate leaf,
            String level,
            Instant notAfter,
            String anchor,
            DeviceId issuer,
            Optional<AnchorLog> mustLog) {}

    /// A CA that was believed; `id` is SHA-256 of its key.
    public record Authority(DeviceId id, java.security.PublicKey key, Instant notAfter) {}

    /// Verifies for the one address that the leaf names.
    public Verified verify(List<byte[]> chain, Instant time) throws IdentityException {
        return verify(chain, Optional.empty(), time, Set.of());
    }

    public Verified verify(List<byte[]> chain, Address address, Instant time) throws IdentityException {
        return verify(chain, Optional.of(address), time, Set.of());
    }

    /// `revoked` holds device ids and serial numbers, both in lower-case hex.
    public Verified verify(List<byte[]> chain, Optional<Address> address, Instant time, Set<String> revoked)
            throws IdentityException {
        List<CertificateFields> parsed = parse(chain);
        CertificateFields leaf = parsed.getFirst();
        checkP256(leaf.spki());
        var anchor = anchors.issuerOf(parsed.getLast()).orElseThrow(() -> new IdentityException("unknown-anchor"));
        for (int i = 0; i + 1 < parsed.size(); i++) checkSigned(parsed.get(i), parsed.get(i + 1));
        for (var certificate : parsed) checkTime(certificate, time);
        checkTime(anchor.fields(), time);
        Proxy.check(parsed);
        boolean proxy = leaf.extensions().proxy().isPresent();
        // A proxy is no part of the path (RFC 3820, section 4): that begins with its owner.
        var path = new ArrayList<>(proxy ? parsed.subList(1, parsed.size()) : parsed);
        path.add(anchor.fields());
        CertificateFields owner = path.getFirst();
        checkAuthorities(path, 1);
        checkUse(leaf);
        checkUse(owner);
        Address named = proxy ? Proxy.address(leaf, owner) : name(leaf);
        if (address.isPresent() && !address.get().equals(named)) throw new IdentityException("wrong-name");
        String level = level(owner, proxy);
        if (level.equals("test") && !allowTest) throw new IdentityException("test-certificate");
        if (!anchor.anchor().mayCertify(named, level, proxy)) throw new IdentityException("constrained-anchor");
        DeviceId device = DeviceId.ofKey(leaf.spki());
        for (var each : proxy ? List.of(leaf, owner) : List.of(leaf))
            if (revoked.contains(DeviceId.ofKey(each.spki()).hex()) || revoked.contains(each.serialHex()))
                throw new IdentityException("revoked");
        checkWithdrawn(path, anchor.anchor());
        return new Verified(
                named,
                device,
                Keys.certificate(leaf.der()),
                level,
                leaf.notAfter(),
                anchor.anchor().sha256(),
                DeviceId.ofKey(path.get(1).spki()),
                anchor.anchor().log().filter(AnchorLog::must));
    }

    private void checkWithdrawn(List<CertificateFields> path, Anchor anchor) throws IdentityException {
        for (int i = 0; i + 1 < path.size(); i++) {
            var crls = i + 2 == path.size() ? anchor.crls() : List.<String>of();
            if (revocations.revoked(path.get(i), new Revocations.Issuer(path.get(i + 1), crls)))
                throw new IdentityException("revoked");
        }
    }

    /// Whether `chain` is that of a CA, its own certificate first, up to an anchor or an anchor itself: for what a CA
    /// says with its own key (REVOKED records). The reasons are those of [#verify].
    public Authority verifyAuthority(List<byte[]> chain, Instant time) throws IdentityException {
        List<CertificateFields> parsed = parse(chain);
        checkP256(parsed.getFirst().spki());
        for (int i = 0; i + 1 < parsed.size(); i++) checkSigned(parsed.get(i), parsed.get(i + 1));
        var itself = anchors.byCertificate(parsed.getLast().der());
        var anchor = itself.or(() -> anchors.issuerOf(parsed.getLast()))
                .orElseThrow(() -> new IdentityException("unknown-anchor"));
        var path = new ArrayList<>(parsed);
        if (itself.isEmpty()) path.add(anchor.fields());
        for (var certificate : path) checkTime(certificate, time);
        Proxy.check(parsed);
        checkAuthorities(path, 0);
        if (!anchor.anchor().purposes().contains("revoke")) throw new IdentityException("constrained-anchor");
        checkWithdrawn(path, anchor.anchor());
        CertificateFields ca = parsed.getFirst();
        return new Authority(DeviceId.ofKey(ca.spki()), Keys.p256(ca.spki()), ca.notAfter());
    }

    /// Whether the name constraints of a CA let it certify `address`.
    public static boolean mayCertify(X509Certificate authority, Address address) throws IdentityException {
        return CertificateFields.parse(Keys.encoded(authority))
                .extensions()
                .constraints()
                .map(constraints -> constraints.mayVouch(address))
                .orElse(true);
    }

    /// Whether the first certificate of `chain` says that it is a CA's; what it says is not believed yet.
    public static boolean claimsAuthority(List<byte[]> chain) {
        try {
            return !chain.isEmpty()
                    && CertificateFields.parse(chain.getFirst())
                            .extensions()
                            .authority()
                            .isPresent();
        } catch (IdentityException e) {
            return false;
        }
    }

    private static List<CertificateFields> parse(List<byte[]> chain) throws IdentityException {
        if (chain.isEmpty()) throw new IdentityException("no-certificate");
        if (chain.size() > MAX_CHAIN) throw new IdentityException("chain-too-long");
        var parsed = new ArrayList<CertificateFields>();
        for (byte[] der : chain) parsed.add(CertificateFields.parse(der));
        for (var certificate : parsed) checkShape(certificate);
        return parsed;
    }

    private static void checkShape(CertificateFields certificate) throws IdentityException {
        if (!CertificateExtensions.KNOWN_CRITICAL.containsAll(
                certificate.extensions().critical())) throw new IdentityException("unknown-critical-extension");
        if (!IssuerKey.supports(certificate.algorithm()) || !IssuerKey.usable(certificate.spki()))
            throw new IdentityException("unsupported-algorithm");
    }

    private static void checkP256(byte[] spki) throws IdentityException {
        var _ = Keys.p256(spki);
    }

    private static void checkSigned(CertificateFields certificate, CertificateFields issuer) throws IdentityException {
        if (!Arrays.equals(certificate.issuer(), issuer.subject()) || !IssuerKey.signed(certificate, issuer.spki()))
            throw new IdentityException("bad-signature");
    }

    private static void checkTime(CertificateFields certificate, Instant time) throws IdentityException {
        if (time.isBefore(certificate.notBefore())) throw new IdentityException("not-yet-valid");
        if (time.isAfter(certificate.notAfter())) throw new IdentityException("expired");
    }

    /// From `first` on every certificate of the path, which ends in the anchor's, is an authority's, and may vouch
    /// for what stands below it.
    private static void checkAuthorities(List<CertificateFields> path, int first) throws IdentityException {
        int below = 0;
        for (var each : path.subList(first, path.size())) {
            var authority = each.extensions().authority().orElseThrow(() -> new IdentityException("not-a-ca"));
            if (authority.below() < below) throw new IdentityException("path-length");
            if (!mayUse(each, KEY_CERT_SIGN)) throw new IdentityException("key-usage", "may not sign certificates");
            // RFC 5280, section 4.2.1.9: what issued itself is not counted.
            if (!each.isSelfIssued()) below++;
        }
        for (var each : path.subList(first, path.size() - 1)) {
            var uses = each.extensions().extendedUsage();
            if (uses.isPresent()
                    && !uses.get().contains(EMAIL_PROTECTION)
                    && !uses.get().contains(ANY_USAGE)) throw new IdentityException("extended-key-usage", "of a CA");
        }
        for (var each : path) if (each.extensions().explicitPolicy()) throw new IdentityException("explicit-policy");
        for (int i = first; i < path.size(); i++) checkNames(path, i);
    }

    /// Whether the authority at `at` may vouch for every name below it.
    private static void checkNames(List<CertificateFields> path, int at) throws IdentityException {
        var constraints = path.get(at).extensions().constraints();
        if (constraints.isEmpty()) return;
        for (int i = 0; i < at; i++)
            if ((i == 0 || !path.get(i).isSelfIssued()) && !constraints.get().mayVouch(path.get(i)))
                throw new IdentityException("name-constraints");
    }

    /// Of a device's certificate, or its owner's.
    private static void checkUse(CertificateFields certificate) throws IdentityException {
        if (!mayUse(certificate, DIGITAL_SIGNATURE)) throw new IdentityException("key-usage", "may not sign");
        var extended = certificate.extensions().extendedUsage();
        if (extended.isPresent() && !extended.get().contains(EMAIL_PROTECTION))
            throw new IdentityException("extended-key-usage");
    }

    private static boolean mayUse(CertificateFields certificate, int bit) {
        return (certificate.extensions().usage().orElse(0xff) & bit) != 0;
    }

    private static Address name(CertificateFields leaf) throws IdentityException {
        var names = leaf.extensions().names().orElse(List.of());
        if (names.isEmpty()) throw new IdentityException("no-name");
        if (names.size() > 1) throw new IdentityException("more-than-one-name");
        var name = names.getFirst();
        String text = CertificateFields.latin1(name.content());
        boolean phone = name.tag() == URI && text.startsWith("tel:");
        if (name.tag() != RFC822_NAME && !phone) throw new IdentityException("no-name");
        // An IA5String is ASCII; a name in other letters has its A-label here.
        if (text.chars().anyMatch(c -> c > 0x7e)) throw new IdentityException("wrong-name", "not ASCII");
        try {
            Address address = Address.parse(phone ? text.substring(4) : text);
            if (address.isPhone() == phone) return address;
        } catch (IdentityException e) {
            throw new IdentityException("wrong-name", e.reason());
        }
        throw new IdentityException("wrong-name", "a name of the other kind");
    }

    private static String level(CertificateFields owner, boolean proxy) {
        List<String> found = owner.extensions().policies();
        if (found.contains(POLICY_ARC + ".9")) return "test";
        if (proxy) return "smime";
        for (var each : List.of("1 code", "2 reply", "3 call"))
            if (found.contains(POLICY_ARC + "." + each.charAt(0))) return each.substring(2);
        return "other";
    }
}
