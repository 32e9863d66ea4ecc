package dev.starling.identity.passport;

import dev.starling.identity.DeviceId;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What a token must say about a message: pure functions from the message's parts to claims
/// (docs/protocols/formats.md, section 8).
public final class Claims {
    private static final Pattern FINGERPRINT =
            Pattern.compile("^a=fingerprint:(\\S+)[ \\t]+([0-9A-Fa-f:]+)[ \\t]*\\r?$", Pattern.MULTILINE);

    private Claims() {}

    /// Claims about a SIP request, without `iat` and `jti`.
    ///
    /// @param dest the peer's key-bound URI or the device's GRUU
    /// @param contacts Contact values as sent, unfolded and trimmed; `expires` the Expires value or ""
    /// @param token the contact token, or empty
    public static Map<String, Object> request(
            String method,
            String callId,
            long cseq,
            String orig,
            String dest,
            List<String> contacts,
            String expires,
            byte[] body,
            boolean sdp,
            byte[] token) {
        var claims = new HashMap<String, Object>();
        claims.put("method", method);
        claims.put("callid", callId);
        claims.put("cseq", cseq);
        claims.put("orig", Map.of("uri", orig));
        claims.put("dest", Map.of("uri", List.of(dest)));
        claims.put("dig", digest(contacts, expires, body));
        if (sdp) claims.put("mky", mky(body));
        if (method.equals("MESSAGE")) claims.put("msgi", msgi(body));
        if (token.length > 0) claims.put("tok", Token.b64u(DeviceId.sha256(token)));
        return claims;
    }

    /// Claims about an HTTP request to a peer, without `iat` and `jti`.
    public static Map<String, Object> http(String method, String path, String orig, String dest, byte[] body) {
        var claims = new HashMap<String, Object>();
        claims.put("method", method);
        claims.put("path", path);
        claims.put("orig", Map.of("uri", orig));
        claims.put("dest", Map.of("uri", List.of(dest)));
        claims.put("dig", Token.b64u(DeviceId.sha256(body)));
        return claims;
    }

    /// Adds what makes a token fresh and single.
    public static Map<String, Object> fresh(Map<String, Object> claims, long unixSeconds) {
        var all = new HashMap<>(claims);
        all.put("iat", unixSeconds);
        all.put("jti", Token.randomId());
        return all;
    }

    public static String digest(List<String> contacts, String expires, byte[] body) {
        var bytes = new ByteArrayOutputStream();
        for (String contact : contacts) bytes.writeBytes((contact + "\n").getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(("Expires:" + expires + "\n").getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(body);
        return Token.b64u(DeviceId.sha256(bytes.toByteArray()));
    }

    /// Every fingerprint in the SDP, sorted, once (RFC 8225, section 5.2.2).
    public static List<Map<String, Object>> mky(byte[] sdp) {
        var found = new TreeSet<String>();
        var lines = FINGERPRINT.matcher(new String(sdp, StandardCharsets.ISO_8859_1));
        while (lines.find())
            found.add(lines.group(1).toLowerCase(Locale.ROOT) + " "
                    + lines.group(2).replace(":", "").toUpperCase(Locale.ROOT));
        return found.stream()
                .map(f -> Map.<String, Object>of(
                        "alg", f.substring(0, f.indexOf(' ')), "dig", f.substring(f.indexOf(' ') + 1)))
                .toList();
    }

    /// RFC 9475, section 3.2.
    public static String msgi(byte[] body) {
        return "sha256-" + Base64.getEncoder().encodeToString(DeviceId.sha256(body));
    }

    /// A peer's proof that it knows the operator's join token.
    public static String join(byte[] joinToken, String jti, long iat, String dig) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(joinToken, "HmacSHA256"));
            return Token.b64u(mac.doFinal((jti + "." + iat + "." + dig).getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
