package dev.starling.enrol;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.ExternalBinding;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A key that the operator of a CA gave out, for one new account there (RFC 8555, section 7.3.4).
///
/// @param id names it to the CA
/// @param mac 32 bytes or more (RFC 7518, section 3.2)
public record ExternalKey(String id, byte[] mac) {
    private static final int LEAST_BYTES = 32, MAX_ID = 100;
    private static final String ID = "key id", MAC = "HMAC key";

    public ExternalKey {
        mac = mac.clone();
        if (!id.matches("[!-~]{1," + MAX_ID + "}") || mac.length < LEAST_BYTES)
            throw new IllegalArgumentException("no key for an account");
    }

    @Override
    public byte[] mac() {
        return mac.clone();
    }

    /// Reads what `starling ca eab` prints, or just the two, the id first, as other CAs show them; the key in
    /// base64url.
    ///
    /// @throws IOException it is neither; it never says what it is
    public static ExternalKey parse(String text) throws IOException {
        List<String> lines = text.lines().map(String::strip).toList();
        Optional<String> id = labelled(lines, ID), mac = labelled(lines, MAC);
        List<String> words = Arrays.asList(text.strip().split("\\s+"));
        try {
            if (id.isPresent() && mac.isPresent()) return new ExternalKey(id.get(), bytes(mac.get()));
            if (words.size() == 2) return new ExternalKey(words.getFirst(), bytes(words.getLast()));
        } catch (IllegalArgumentException _) {
            // Its words may hold the key.
        }
        throw new IOException("That is no key for an account: it has a line `" + ID + " …` and a line `" + MAC
                + " …`, as the operator of the CA gave them.");
    }

    private static Optional<String> labelled(List<String> lines, String label) {
        return lines.stream()
                .filter(line -> line.startsWith(label + " "))
                .map(line -> line.substring(label.length()).strip())
                .findFirst();
    }

    private static byte[] bytes(String base64url) {
        return Base64.getUrlDecoder().decode(base64url);
    }

    /// What shows the CA that whoever has the account's key has this one, too.
    ///
    /// @param url of the request
    Map<String, Object> binding(ECKey account, String url) {
        return ExternalBinding.over(account, url, id, mac);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ExternalKey(String otherId, byte[] otherMac)
                && id.equals(otherId)
                && java.security.MessageDigest.isEqual(mac, otherMac);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    /// Without the key.
    @Override
    public String toString() {
        return "ExternalKey[" + id + "]";
    }
}
