package dev.starling.phone;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// What is kept in place of a password: H(user ":" realm ":" password) by both algorithms, in lower-case hex (RFC 7616,
/// section 3.4.2). As good as the password for whoever wants to pass for the phone, so it is a secret.
///
/// @param sha256 64 digits
/// @param md5 32 digits, for phones that know nothing better (RFC 8760)
public record Ha1(String sha256, String md5) {
    /// Copied for each hash: to look an algorithm up takes as long as the hash.
    private static final MessageDigest UNUSED_SHA256 = unused("SHA-256"), UNUSED_MD5 = unused("MD5");

    public Ha1 {
        if (sha256.length() != 64 || md5.length() != 32) throw new IllegalArgumentException("no HA1");
    }

    public static Ha1 of(String user, String realm, String password) {
        String secret = user + ":" + realm + ":" + password;
        return new Ha1(Algorithm.SHA_256.hash(secret), Algorithm.MD5.hash(secret));
    }

    private static MessageDigest unused(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    String by(Algorithm algorithm) {
        return switch (algorithm) {
            case SHA_256 -> sha256;
            case MD5 -> md5;
        };
    }

    @Override
    public String toString() {
        return "Ha1[secret]";
    }

    /// Hash algorithms, in the order in which they are offered: the best first (RFC 8760, section 2.3).
    enum Algorithm {
        SHA_256("SHA-256"),
        MD5("MD5");

        final String token;

        Algorithm(String token) {
            this.token = token;
        }

        /// Hex of the hash of UTF-8.
        String hash(String text) {
            try {
                var digest = (MessageDigest) (this == MD5 ? UNUSED_MD5 : UNUSED_SHA256).clone();
                return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
            } catch (CloneNotSupportedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
