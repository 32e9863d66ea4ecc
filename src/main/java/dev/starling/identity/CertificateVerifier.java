package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides whether a chain proves an address (RFC 5280, section 6, the parts that apply):
/// docs/protocols/formats.md, section 3, in its order and with its reasons.
public record CertificateVerifier(TrustAnchors anchors, boolean allowTest) {
    public static final int MAX_CHAIN = 4;
    public static final int MAX_CERTIFICATE_BYTES = CertificateFields.MAX_BYTES;
    public static final String POLICY_ARC = "2.25.79549199400722170753484347576486920845.1";
    private static final Set<String> KNOWN_CRITICAL = Set.of(
            CertificateFields.Extensions.NAMES,
            CertificateFields.Extensions.USAGE,
            CertificateFields.Extensions.EXTENDED,
            CertificateFields.Extensions.BASIC,
            CertificateFields.Extensions.POLICIES);
    private static final String EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    private static final int RFC822_NAME = 0x81, URI = 0x86;
    private static final int DIGITAL_SIGNATURE = 0x80, KEY_CERT_SIGN = 0x04;

    /// `level` says how the address was proven: code, reply, call, test or other.
    ///
    /// @param anchor SHA-256 of the anchor's certificate, hex
    /// @param issuer SHA-256 of the key of the CA that issued the leaf
    public record Verified(
            Address address,
            DeviceId device,
            X509Certificate leaf,
            String level,
            Instant notAfter,
            String anchor,
            DeviceId issuer) {}

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
        for (var certificate : parsed) checkShape(certificate);
        checkP256(leaf.spki());
        CertificateFields anchor =
                anchors.issuerOf(parsed.getLast()).orElseThrow(() -> new IdentityException("unknown-anchor"));
        for (int i = 0; i + 1 < parsed.size(); i++) checkSigned(parsed.get(i), parsed.get(i + 1));
        for (var certificate : parsed) checkTime(certificate, time);
        checkTime(anchor, time);
        for (int i = 1; i < parsed.size(); i++) checkAuthority(parsed.get(i), i - 1);
        checkAuthority(anchor, parsed.size() - 1);
        checkLeafUse(leaf);
        Address named = name(leaf);
        if (address.isPresent() && !address.get().equals(named)) throw new IdentityException("wrong-name");
        String level = level(leaf);
        if (level.equals("test") && !allowTest) throw new IdentityException("test-certificate");
        DeviceId device = DeviceId.ofKey(leaf.spki());
        if (revoked.contains(device.hex()) || revoked.contains(leaf.serialHex()))
            throw new IdentityException("revoked");
        byte[] issuerKey = (parsed.size() > 1 ? parsed.get(1) : anchor).spki();
        return new Verified(
                named,
                device,
                Keys.certificate(leaf.der()),
                level,
                leaf.notAfter(),
                fingerprint(anchor),
                DeviceId.ofKey(issuerKey));
    }

    /// Whether `chain` is that of a CA, its own certificate first, up to an anchor or an anchor itself: for what a CA
    /// says with its own key (REVOKED records). The reasons are those of [#verify].
    public Authority verifyAuthority(List<byte[]> chain, Instant time) throws IdentityException {
        List<CertificateFields> parsed = parse(chain);
        for (var certificate : parsed) checkShape(certificate);
        checkP256(parsed.getFirst().spki());
        for (int i = 0; i + 1 < parsed.size(); i++) checkSigned(parsed.get(i), parsed.get(i + 1));
        if (anchors.byCertificate(parsed.getLast().der()).isEmpty()) {
            CertificateFields anchor =
                    anchors.issuerOf(parsed.getLast()).orElseThrow(() -> new IdentityException("unknown-anchor"));
            checkTime(anchor, time);
            checkAuthority(anchor, parsed.size());
        }
        for (int i = 0; i < parsed.size(); i++) {
            checkTime(parsed.get(i), time);
            checkAuthority(parsed.get(i), i);
        }
        CertificateFields ca = parsed.getFirst();
        return new Authority(DeviceId.ofKey(ca.spki()), Keys.p256(ca.spki()), ca.notAfter());
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
        return parsed;
    }

    private static void checkShape(CertificateFields certificate) throws IdentityException {
        if (!KNOWN_CRITICAL.containsAll(certificate.extensions().critical()))
            throw new IdentityException("unknown-critical-extension");
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

    private static void checkAuthority(CertificateFields certificate, int below) throws IdentityException {
        var authority = certificate.extensions().authority().orElseThrow(() -> new IdentityException("not-a-ca"));
        if (authority.below() < below) throw new IdentityException("path-length");
        if (!mayUse(certificate, KEY_CERT_SIGN)) throw new IdentityException("key-usage", "may not sign certificates");
    }

    private static void checkLeafUse(CertificateFields leaf) throws IdentityException {
        if (!mayUse(leaf, DIGITAL_SIGNATURE)) throw new IdentityException("key-usage", "may not sign");
        var extended = leaf.extensions().extendedUsage();
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

    private static String level(CertificateFields leaf) {
        List<String> found = leaf.extensions().policies();
        for (var each : List.of("9 test", "1 code", "2 reply", "3 call"))
            if (found.contains(POLICY_ARC + "." + each.charAt(0))) return each.substring(2);
        return "other";
    }

    private static String fingerprint(CertificateFields anchor) {
        return HexFormat.of().formatHex(DeviceId.sha256(anchor.der()));
    }
}
