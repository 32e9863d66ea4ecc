package dev.starling.sdp;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;

/// `a=fingerprint`, the hash of the certificate that DTLS must show: RFC 8122, section 5. Only SHA-256 and longer;
/// names
/// are compared without case, as several phones shout them.
public record Fingerprint(String hash, String hex) {
    private static final Map<String, Integer> BYTES = Map.of("sha-256", 32, "sha-384", 48, "sha-512", 64);
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":").withUpperCase();

    public static Fingerprint parse(String value) throws SdpException {
        String[] parts = value.strip().split(" +");
        if (parts.length != 2) throw new SdpException("a fingerprint has two parts");
        String hash = parts[0].toLowerCase(Locale.ROOT);
        Integer bytes = BYTES.get(hash);
        if (bytes == null) throw new SdpException("a fingerprint by a weak or unknown hash");
        try {
            byte[] digest = COLONS.parseHex(parts[1]);
            if (digest.length != bytes) throw new SdpException("a fingerprint of a wrong length");
            return new Fingerprint(hash, COLONS.formatHex(digest));
        } catch (IllegalArgumentException e) {
            throw new SdpException("a fingerprint that is not hexadecimal");
        }
    }

    /// By SHA-256. certificate: DER
    public static Fingerprint of(byte[] certificate) {
        return new Fingerprint("sha-256", COLONS.formatHex(digest("sha-256", certificate)));
    }

    /// Whether this certificate has it; compared in constant time.
    public boolean matches(byte[] certificate) {
        return MessageDigest.isEqual(COLONS.parseHex(hex), digest(hash, certificate));
    }

    private static byte[] digest(String hash, byte[] bytes) {
        try {
            return MessageDigest.getInstance(hash.toUpperCase(Locale.ROOT)).digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public Attribute attribute() {
        return new Attribute("fingerprint", hash + " " + hex);
    }
}
