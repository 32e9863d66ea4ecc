package dev.starling.acme;

import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What binds a new ACME account to an account that somebody has elsewhere (RFC 8555, section 7.3.4): a JWS over the
/// new
/// account's key, by a MAC key that whoever runs the CA gave out. HS256 only. Made with [#over]; parsed, and
/// checked with [#isBy] and [#isFor].
///
/// @param kid names the MAC key
/// @param key of the account that is to be bound
public record ExternalBinding(String kid, String url, ECKey key, String signingInput, byte[] mac) {
    private static final Set<String> MEMBERS = Set.of("protected", "payload", "signature");
    private static final int MAX_ID = 100;

    @SuppressWarnings("unchecked")
    public static ExternalBinding parse(Object member) throws Problem {
        if (!(member instanceof Map<?, ?> map) || !map.keySet().equals(MEMBERS))
            throw Problem.malformed("externalAccountBinding is a flattened JWS");
        var json = (Map<String, Object>) map;
        String head = Json.text(json, "protected"), payload = Json.text(json, "payload");
        Map<String, Object> header = Json.object(Json.bytes(head));
        if (!"HS256".equals(header.get("alg")))
            throw new Problem("badSignatureAlgorithm", 400, "Bind external accounts with HS256.");
        // A nonce would be that of another request.
        if (header.containsKey("nonce") || header.containsKey("jwk") || header.containsKey("crit"))
            throw Problem.malformed("externalAccountBinding has alg, kid and url only");
        String kid = Json.text(header, "kid");
        if (kid.length() > MAX_ID) throw Problem.malformed("kid is too long");
        byte[] key = Json.bytes(payload);
        var bound = Jws.key(Map.of("jwk", Json.object(key)), "jwk");
        return new ExternalBinding(
                kid, Json.text(header, "url"), bound, head + "." + payload, Json.bytes(Json.text(json, "signature")));
    }

    /// The member `externalAccountBinding` of a request for a new account.
    ///
    /// @param account its key
    /// @param url of the request
    /// @param kid names the MAC key
    public static Map<String, Object> over(ECKey account, String url, String kid, byte[] macKey) {
        String head = base64url(Json.write(Map.of("alg", "HS256", "kid", kid, "url", url))),
                payload = base64url(account.toPublicJWK().toJSONString());
        byte[] mac = hmac(macKey, head + "." + payload);
        return Map.of(
                "protected",
                head,
                "payload",
                payload,
                "signature",
                Base64URL.encode(mac).toString());
    }

    private static String base64url(String text) {
        return Base64URL.encode(text).toString();
    }

    public boolean isBy(byte[] macKey) {
        return MessageDigest.isEqual(hmac(macKey, signingInput), mac);
    }

    private static byte[] hmac(byte[] macKey, String input) {
        try {
            Mac with = Mac.getInstance("HmacSHA256");
            with.init(new SecretKeySpec(macKey, "HmacSHA256"));
            return with.doFinal(input.getBytes(StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether it is over that key, for a request to that URL.
    public boolean isFor(ECKey account, String requested) {
        return Jws.thumbprint(key).equals(Jws.thumbprint(account)) && url.equals(requested);
    }

    @Override
    public String toString() {
        return "ExternalBinding[" + kid + "]";
    }
}
