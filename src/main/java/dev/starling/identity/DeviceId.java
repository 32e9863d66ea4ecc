package dev.starling.identity;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 of a public key (SubjectPublicKeyInfo, DER): what a device, or a peer, is called. `hex` has 64 lower-case
/// digits.
public record DeviceId(String hex) implements Comparable<DeviceId> {
    public static final int BYTES = 32;

    public DeviceId {
        if (!isHex(hex)) throw new IllegalArgumentException("not a device id");
    }

    public static DeviceId of(byte[] bytes) {
        return new DeviceId(HexFormat.of().formatHex(bytes));
    }

    public static DeviceId ofKey(byte[] subjectPublicKeyInfo) {
        return of(sha256(subjectPublicKeyInfo));
    }

    public static boolean isHex(String text) {
        return text.length() == 64 && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    /// The instance id of RFC 5626, section 4.1: `urn:uuid:` of a version-8 UUID (RFC 9562, section 5.8) over the
    /// first 16 bytes.
    public String instance() {
        byte[] b = bytes();
        b[6] = (byte) ((b[6] & 0x0f) | 0x80);
        b[8] = (byte) ((b[8] & 0x3f) | 0x80);
        String h = HexFormat.of().formatHex(b, 0, 16);
        return "urn:uuid:" + h.substring(0, 8) + "-" + h.substring(8, 12) + "-" + h.substring(12, 16) + "-"
                + h.substring(16, 20) + "-" + h.substring(20);
    }

    /// The GRUU of this device under an address (RFC 5627).
    public String gruu(Address address) {
        return address.uri() + ";gr=" + hex;
    }

    /// The key-bound URI of a peer, whatever its host is today.
    public String peerUri() {
        return "sip:" + hex + "@peer.starling.invalid";
    }

    @Override
    public int compareTo(DeviceId other) {
        return hex.compareTo(other.hex);
    }

    @Override
    public String toString() {
        return hex;
    }

    public static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
