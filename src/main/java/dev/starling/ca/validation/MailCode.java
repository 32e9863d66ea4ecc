package dev.starling.ca.validation;

import dev.starling.identity.DeviceId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;

/// The challenge `email-code-00`: a code of 192 bits goes to the mailbox, and comes back as
/// `b64u(SHA-256(part1 || part2 || "." || thumbprint))` inside a request signed by the account. So it is
/// worth nothing to another account, for another order or for another address. It is made like
/// `email-reply-00` (RFC 8823, section 3) but for the way back.
public final class MailCode {
    // 24 bytes, so that clients that join the texts and clients that join the bytes agree.
    private static final int BYTES = 24;

    private MailCode() {}

    /// 32 characters.
    public static String make(SecureRandom random) {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// @param part1 what was mailed
    /// @param part2 the challenge's token
    /// @param thumbprint of the account's key (RFC 7638)
    public static boolean fits(String part1, String part2, String thumbprint, String response) {
        return MessageDigest.isEqual(
                response(part1, part2, thumbprint).getBytes(StandardCharsets.US_ASCII),
                response.getBytes(StandardCharsets.UTF_8));
    }

    /// Whether the code itself is right; blanks around it and within come of copying.
    public static boolean isCode(String part1, String typed) {
        return MessageDigest.isEqual(
                part1.getBytes(StandardCharsets.US_ASCII),
                typed.replaceAll("\\s+", "").getBytes(StandardCharsets.UTF_8));
    }

    /// The one right response: 43 characters.
    public static String response(String part1, String part2, String thumbprint) {
        byte[] proof = (part1 + part2 + "." + thumbprint).getBytes(StandardCharsets.US_ASCII);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(DeviceId.sha256(proof));
    }
}
