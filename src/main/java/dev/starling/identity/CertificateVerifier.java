package dev.starling.identity;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Decides whether a chain proves an address (RFC 5280, section 6, the parts that apply): docs/protocols/formats.md,
/// section 3, in its order and with its reasons.
public record CertificateVerifier(TrustAnchors anchors, boolean allowTest) {
    public static final int MAX_CHAIN = 4;
    public static final int MAX_CERTIFICATE_BYTES = 8192;
    public static final String POLICY_ARC = "2.25.79549199400722170753484347576486920845.1";
    private static final Set<String> KNOWN_CRITICAL =
            Set.of("2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.32");
    private static final Set<String> SIGNATURES = Set.of(
            "1.2.840.10045.4.3.2",
            "1.2.840.10045.4.3.3",
            "1.2.840.113549.1.1.11",
            "1.2.840.113549.1.1.12",
            "1.2.840.113549.1.1.13");
    private static final String EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    private static final int RFC822_NAME = 1, URI = 6;

    /// `level` says how the address was proven: code, reply, call, test or other.
    public record Verified(
            Address address, DeviceId device, X509Certificate leaf, String level, Instant notAfter, String anchor) {}

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
        List<X509Certificate> parsed = parse(chain);
        X509Certificate leaf = parsed.getFirst();
        for (var certificate : parsed) checkShape(certificate);
        if (!(leaf.getPublicKey() instanceof ECPublicKey key) || !Keys.isP256(key))
            throw new IdentityException("unsupported-algorithm", "the key is not P-256");
        X509Certificate last = parsed.getLast();
        if (!anchors.hasIssuerName(last)) throw new IdentityException("unknown-anchor");
        X509Certificate anchor =
                anchors.issuerOf(last).orElseThrow(() -> new IdentityException("unknown-anchor", "another key"));
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
        DeviceId device = DeviceId.ofKey(leaf.getPublicKey().getEncoded());
        if (revoked.contains(device.hex())
                || revoked.contains(
                        HexFormat.of().formatHex(leaf.getSerialNumber().toByteArray())))
            throw new IdentityException("revoked");
        return new Verified(
                named, device, leaf, level, leaf.getNotAfter().toInstant(), TrustAnchors.fingerprint(anchor));
    }

    private static List<X509Certificate> parse(List<byte[]> chain) throws IdentityException {
        if (chain.isEmpty()) throw new IdentityException("no-certificate");
        if (chain.size() > MAX_CHAIN) throw new IdentityException("chain-too-long");
        var parsed = new ArrayList<X509Certificate>();
        for (byte[] der : chain) {
            if (der.length > MAX_CERTIFICATE_BYTES) throw new IdentityException("malformed", "too long");
            var certificate = Keys.certificate(der);
            if (!java.util.Arrays.equals(Keys.encoded(certificate), der) || certificate.getVersion() != 3)
                throw new IdentityException("malformed", "not DER of version 3");
            parsed.add(certificate);
        }
        return parsed;
    }

    private static void checkShape(X509Certificate certificate) throws IdentityException {
        Set<String> critical =
                Optional.ofNullable(certificate.getCriticalExtensionOIDs()).orElse(Set.of());
        if (!KNOWN_CRITICAL.containsAll(critical)) throw new IdentityException("unknown-critical-extension");
        if (!SIGNATURES.contains(certificate.getSigAlgOID()))
            throw new IdentityException("unsupported-algorithm", certificate.getSigAlgName());
        if (certificate.getPublicKey() instanceof RSAPublicKey rsa
                && rsa.getModulus().bitLength() < 2048)
            throw new IdentityException("unsupported-algorithm", "RSA key too short");
    }

    private static void checkSigned(X509Certificate certificate, X509Certificate issuer) throws IdentityException {
        if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
                || !signed(certificate, issuer.getPublicKey())) throw new IdentityException("bad-signature");
    }

    static boolean signed(X509Certificate certificate, PublicKey key) {
        try {
            certificate.verify(key);
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static void checkTime(X509Certificate certificate, Instant time) throws IdentityException {
        if (time.isBefore(certificate.getNotBefore().toInstant())) throw new IdentityException("not-yet-valid");
        if (time.isAfter(certificate.getNotAfter().toInstant())) throw new IdentityException("expired");
    }

    private static void checkAuthority(X509Certificate certificate, int below) throws IdentityException {
        if (certificate.getBasicConstraints() < 0) throw new IdentityException("not-a-ca");
        if (certificate.getBasicConstraints() < below) throw new IdentityException("path-length");
        boolean[] usage = certificate.getKeyUsage();
        if (usage != null && !usage[5]) throw new IdentityException("key-usage", "may not sign certificates");
    }

    private static void checkLeafUse(X509Certificate leaf) throws IdentityException {
        boolean[] usage = leaf.getKeyUsage();
        if (usage != null && !usage[0]) throw new IdentityException("key-usage", "may not sign");
        try {
            List<String> extended = leaf.getExtendedKeyUsage();
            if (extended != null && !extended.contains(EMAIL_PROTECTION))
                throw new IdentityException("extended-key-usage");
        } catch (CertificateParsingException e) {
            throw new IdentityException("malformed", String.valueOf(e.getMessage()));
        }
    }

    private static Address name(X509Certificate leaf) throws IdentityException {
        Collection<List<?>> names;
        try {
            names = leaf.getSubjectAlternativeNames();
        } catch (CertificateParsingException e) {
            throw new IdentityException("malformed", String.valueOf(e.getMessage()));
        }
        if (names == null || names.isEmpty()) throw new IdentityException("no-name");
        if (names.size() > 1) throw new IdentityException("more-than-one-name");
        List<?> name = names.iterator().next();
        boolean email = name.get(0).equals(RFC822_NAME);
        if (!email && !(name.get(0).equals(URI) && String.valueOf(name.get(1)).startsWith("tel:")))
            throw new IdentityException("no-name");
        String text = String.valueOf(name.get(1));
        try {
            Address address = Address.parse(email ? text : text.substring(4));
            if (address.isPhone() != !email) throw new IdentityException("wrong-name");
            return address;
        } catch (IdentityException e) {
            throw new IdentityException("wrong-name", e.reason());
        }
    }

    private static String level(X509Certificate leaf) throws IdentityException {
        byte[] policies = leaf.getExtensionValue("2.5.29.32");
        if (policies == null) return "other";
        Set<String> found = Policies.oids(policies);
        for (var each : List.of("9 test", "1 code", "2 reply", "3 call"))
            if (found.contains(POLICY_ARC + "." + each.charAt(0))) return each.substring(2);
        return "other";
    }
}
