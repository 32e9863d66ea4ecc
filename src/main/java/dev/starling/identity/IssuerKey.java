package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The keys and signatures that certificates may have (docs/protocols/formats.md, section 3): ECDSA on P-256 or P-384
/// with SHA-256 or SHA-384, and RSA of 2048 to 8192 bits with PKCS #1 v1.5 and SHA-256, SHA-384 or SHA-512.
final class IssuerKey {
    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] P256 = HEX.parseHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
    private static final byte[] P384 = HEX.parseHex("3076301006072a8648ce3d020106052b8104002203620004");
    private static final String RSA = "300d06092a864886f70d0101010500";
    private static final int MIN_RSA_BITS = 2048, MAX_RSA_BITS = 8192, MAX_EXPONENT_BITS = 32;
    private static final KnownSignatures KNOWN = new KnownSignatures(4096);

    // AlgorithmIdentifiers as they must be written: ECDSA without parameters, RSA with NULL.
    private static final Map<String, String> ECDSA = Map.of(
            "300a06082a8648ce3d040302", "SHA256withECDSAinP1363Format",
            "300a06082a8648ce3d040303", "SHA384withECDSAinP1363Format");
    private static final Map<String, String> PKCS1 = Map.of(
            "300d06092a864886f70d01010b0500", "SHA256withRSA",
            "300d06092a864886f70d01010c0500", "SHA384withRSA",
            "300d06092a864886f70d01010d0500", "SHA512withRSA");

    private IssuerKey() {}

    static boolean supports(byte[] algorithm) {
        String hex = HEX.formatHex(algorithm);
        return ECDSA.containsKey(hex) || PKCS1.containsKey(hex);
    }

    static boolean isP256(byte[] spki) {
        return spki.length == 91 && startsWith(spki, P256);
    }

    private static boolean isP384(byte[] spki) {
        return spki.length == 120 && startsWith(spki, P384);
    }

    static boolean usable(byte[] spki) {
        return isP256(spki) || isP384(spki) || isRsa(spki);
    }

    private static boolean isRsa(byte[] spki) {
        try {
            List<Der> parts = Der.parse(spki, CertificateFields.MAX_BYTES).sequence(2, 2);
            if (!HEX.formatHex(parts.getFirst().bytes()).equals(RSA)) return false;
            List<Der> numbers = Der.parse(parts.get(1).wholeBits(), CertificateFields.MAX_BYTES)
                    .sequence(2, 2);
            BigInteger modulus = numbers.get(0).integer(),
                    exponent = numbers.get(1).integer();
            return modulus.signum() > 0
                    && modulus.bitLength() >= MIN_RSA_BITS
                    && modulus.bitLength() <= MAX_RSA_BITS
                    && exponent.bitLength() <= MAX_EXPONENT_BITS
                    && exponent.compareTo(BigInteger.TWO) > 0
                    && exponent.testBit(0);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// Whether the key in `spki` signed the certificate. Says no to keys and signatures of other kinds. What was true
    /// once stays true: who writes often shows the same certificates each time.
    static boolean signed(CertificateFields certificate, byte[] spki) {
        if (KNOWN.contains(certificate, spki)) return true;
        boolean signed = signed(certificate.tbs(), certificate.algorithm(), certificate.signature(), spki);
        if (signed) KNOWN.add(certificate, spki);
        return signed;
    }

    static boolean signed(byte[] tbs, byte[] identifier, byte[] made, byte[] spki) {
        String algorithm = HEX.formatHex(identifier);
        Optional<String> name = Optional.ofNullable(isRsa(spki) ? PKCS1.get(algorithm) : ECDSA.get(algorithm));
        if (name.isEmpty() || !usable(spki)) return false;
        try {
            byte[] signature = isRsa(spki) ? made : plain(made, isP256(spki) ? 32 : 48);
            var verifier = Signature.getInstance(name.get());
            verifier.initVerify(publicKey(spki));
            verifier.update(tbs);
            return verifier.verify(signature);
        } catch (GeneralSecurityException | IdentityException e) {
            return false;
        }
    }

    private static PublicKey publicKey(byte[] spki) throws GeneralSecurityException {
        return KeyFactory.getInstance(isRsa(spki) ? "RSA" : "EC").generatePublic(new X509EncodedKeySpec(spki));
    }

    /// An ECDSA signature in DER as r and s of `size` bytes each; both positive and no longer.
    static byte[] plain(byte[] der, int size) throws IdentityException {
        byte[] all = new byte[size * 2];
        List<Der> halves = Der.parse(der, 200).sequence(2, 2);
        for (int i = 0; i < 2; i++) {
            byte[] half = halves.get(i).expect(Der.INTEGER).content();
            int zero = half[0] == 0 ? 1 : 0;
            if (half[0] < 0 || half.length - zero > size) throw new IdentityException("malformed", "signature");
            System.arraycopy(half, zero, all, size * (i + 1) - (half.length - zero), half.length - zero);
        }
        return all;
    }

    private static boolean startsWith(byte[] bytes, byte[] head) {
        return Arrays.equals(bytes, 0, head.length, head, 0, head.length);
    }
}
