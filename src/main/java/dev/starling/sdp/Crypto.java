package dev.starling.sdp;

import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/// `a=crypto`, the keys of SRTP in the clear of the description: RFC 4568, section 9.1. Of the suites only those of
/// section 6.2 with AES-CM and HMAC-SHA1; of the parameters a lifetime, which is not counted: calls are shorter.
///
/// @param tag what an answer repeats
/// @param tagBytes 10 or 4: how many bytes authenticate an RTP packet
/// @param key 16 bytes
/// @param salt 14 bytes
public record Crypto(int tag, int tagBytes, byte[] key, byte[] salt) {
    private static final String LONG_TAG = "AES_CM_128_HMAC_SHA1_80", SHORT_TAG = "AES_CM_128_HMAC_SHA1_32";
    private static final int KEY_BYTES = 16, SALT_BYTES = 14;

    public Crypto {
        if (key.length != KEY_BYTES || salt.length != SALT_BYTES) throw new IllegalArgumentException("not a key");
        key = key.clone();
        salt = salt.clone();
    }

    /// Empty: a suite or a parameter that we do not have.
    public static Optional<Crypto> parse(String value) throws SdpException {
        String[] parts = value.strip().split(" +");
        if (parts.length < 3) throw new SdpException("crypto has fewer than three parts");
        int tag = Lines.number(parts[0], 999_999_999, "tag of crypto");
        boolean isLong = parts[1].equalsIgnoreCase(LONG_TAG);
        // Session parameters change what is encrypted or how (section 6.3): none is taken. Several keys: likewise.
        if (!isLong && !parts[1].equalsIgnoreCase(SHORT_TAG) || parts.length > 3) return Optional.empty();
        if (!parts[2].startsWith("inline:") || parts[2].indexOf(';') >= 0) return Optional.empty();
        String[] inline = parts[2].substring("inline:".length()).split("\\|", -1);
        for (int i = 1; i < inline.length; i++) if (inline[i].indexOf(':') >= 0) return Optional.empty();
        byte[] both;
        try {
            both = Base64.getDecoder().decode(inline[0]);
        } catch (IllegalArgumentException e) {
            throw new SdpException("crypto with a key that is not base64");
        }
        if (both.length != KEY_BYTES + SALT_BYTES) throw new SdpException("crypto with a key of a wrong length");
        return Optional.of(new Crypto(
                tag,
                isLong ? 10 : 4,
                Arrays.copyOf(both, KEY_BYTES),
                Arrays.copyOfRange(both, KEY_BYTES, KEY_BYTES + SALT_BYTES)));
    }

    public Attribute attribute() {
        byte[] both = Arrays.copyOf(key, KEY_BYTES + SALT_BYTES);
        System.arraycopy(salt, 0, both, KEY_BYTES, SALT_BYTES);
        return new Attribute(
                "crypto",
                tag + " " + (tagBytes == 10 ? LONG_TAG : SHORT_TAG) + " inline:"
                        + Base64.getEncoder().encodeToString(both));
    }

    /// Without the key.
    @Override
    public String toString() {
        return "crypto " + tag;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Crypto c
                && tag == c.tag
                && tagBytes == c.tagBytes
                && Arrays.equals(key, c.key)
                && Arrays.equals(salt, c.salt);
    }

    @Override
    public int hashCode() {
        return tag;
    }
}
