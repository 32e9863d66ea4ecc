package dev.starling.ca.validation;

import dev.starling.identity.Address;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// A sender of its own for the envelope of each mail, so that a report on it names the mail, whatever else it says
/// (variable envelope return path): `local+b-TAG-MAC@domain`. Nobody can make up one for a mail that he did not get.
public final class Verp {
    private static final int MAC_BYTES = 8, MAX_LOCAL = 64;
    private static final Pattern TAG = Pattern.compile("[a-z0-9]{1,26}");

    private final Address self;
    private final SecretKeySpec key;

    /// @param self the address that challenges come from
    public Verp(Address self, byte[] secret) {
        this.self = self;
        this.key = new SecretKeySpec(secret, "HmacSHA256");
    }

    /// @param tag 1 to 26 lower-case letters and digits, because some mail servers change the case
    public String sender(String tag) {
        if (!TAG.matcher(tag).matches()) throw new IllegalArgumentException("not a tag");
        String local = local() + "+b-" + tag + "-" + HexFormat.of().formatHex(mac(tag));
        if (local.length() > MAX_LOCAL) throw new IllegalArgumentException("the address of the CA is too long");
        return local + "@" + self.domain();
    }

    /// The tag, if it is such an address of ours.
    public Optional<String> tag(String recipient) {
        String lower = recipient.toLowerCase(Locale.ROOT), start = local() + "+b-", end = "@" + self.domain();
        if (!lower.startsWith(start) || !lower.endsWith(end) || lower.length() < start.length() + end.length())
            return Optional.empty();
        String middle = lower.substring(start.length(), lower.length() - end.length());
        int dash = middle.indexOf('-');
        String tag = dash < 0 ? "" : middle.substring(0, dash);
        if (!TAG.matcher(tag).matches()) return Optional.empty();
        byte[] expected = HexFormat.of().formatHex(mac(tag)).getBytes(StandardCharsets.US_ASCII);
        byte[] given = middle.substring(dash + 1).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(expected, given) ? Optional.of(tag) : Optional.empty();
    }

    private String local() {
        return self.text().substring(0, self.text().indexOf('@'));
    }

    private byte[] mac(String tag) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Arrays.copyOf(mac.doFinal(tag.getBytes(StandardCharsets.US_ASCII)), MAC_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
