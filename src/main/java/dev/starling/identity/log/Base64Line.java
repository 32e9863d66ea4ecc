package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.util.Base64;

/// Base64 with padding (RFC 4648, section 4) in its one form: what Java's decoder takes besides is refused.
final class Base64Line {
    private Base64Line() {}

    static String of(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    static byte[] read(String text) throws IdentityException {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (of(bytes).equals(text)) return bytes;
        } catch (IllegalArgumentException e) {
            throw new IdentityException("malformed", "base64: " + e.getMessage());
        }
        throw new IdentityException("malformed", "not the one form of base64");
    }

    static byte[] hash(String text) throws IdentityException {
        byte[] bytes = read(text);
        if (bytes.length != Merkle.HASH_BYTES) throw new IdentityException("malformed", "not a hash");
        return bytes;
    }
}
