package dev.starling.identity.passport;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A signed statement in JWS compact form (RFC 7515) with its certificate inside: PASSporT (RFC 8225), `rsp`
/// PASSporT, put authorization or presence signature (docs/protocols/formats.md, section 8). Parsed, not yet
/// believed: see [TokenVerifier].
///
/// @param form the `ppt` header, empty when there is none
/// @param chain DER certificates, leaf first
public record Token(
        String compact, String type, String form, List<byte[]> chain, Map<String, Object> claims, byte[] signature) {
    public static final int MAX_LENGTH = 16 * 1024;
    public static final String PASSPORT = "passport";
    public static final String PRESENCE = "starling-presence";
    private static final Base64.Encoder B64U = Base64.getUrlEncoder().withoutPadding();

    /// Signs `claims`; the certificate chain of the key travels in `x5c`.
    ///
    /// Departs from RFC 8225, section 4.1: `x5c` in place of a fetched `x5u`, because a fetch would tell who calls
    /// whom.
    public static String sign(Keys.Held key, String type, String form, Map<String, Object> claims) {
        var header = new HashMap<String, Object>(Map.of("alg", "ES256", "typ", type));
        if (!form.isEmpty()) header.put("ppt", form);
        var x5c = new ArrayList<String>();
        for (byte[] der : key.der()) x5c.add(Base64.getEncoder().encodeToString(der));
        header.put("x5c", x5c);
        String input = b64u(Json.write(header).getBytes(StandardCharsets.US_ASCII)) + "."
                + b64u(Json.write(claims).getBytes(StandardCharsets.US_ASCII));
        return input + "." + b64u(Keys.sign(key.key(), input.getBytes(StandardCharsets.US_ASCII)));
    }

    public static Token parse(String compact) throws IdentityException {
        if (compact.length() > MAX_LENGTH) throw new IdentityException("malformed", "token too long");
        String[] parts = compact.split("\\.", -1);
        if (parts.length != 3) throw new IdentityException("malformed", "not three parts");
        Map<String, Object> header = Json.read(decode(parts[0]));
        Map<String, Object> claims = Json.read(decode(parts[1]));
        if (!"ES256".equals(header.get("alg"))) throw new IdentityException("malformed", "alg");
        int extra = header.containsKey("ppt") ? 1 : 0;
        if (!(header.get("typ") instanceof String type) || header.size() != 3 + extra)
            throw new IdentityException("malformed", "header");
        Object ppt = header.getOrDefault("ppt", "");
        if (!(ppt instanceof String form) || (extra == 1) == form.isEmpty())
            throw new IdentityException("malformed", "header");
        byte[] signature = decode(parts[2]);
        if (signature.length != 64) throw new IdentityException("malformed", "signature");
        return new Token(compact, type, form, chain(header.get("x5c")), Map.copyOf(claims), signature);
    }

    private static List<byte[]> chain(@org.jspecify.annotations.Nullable Object x5c) throws IdentityException {
        if (!(x5c instanceof List<?> list) || list.isEmpty() || list.size() > CertificateVerifier.MAX_CHAIN)
            throw new IdentityException("malformed", "x5c");
        var chain = new ArrayList<byte[]>();
        for (Object each : list) {
            if (!(each instanceof String base64)) throw new IdentityException("malformed", "x5c");
            chain.add(certificate(base64));
        }
        return List.copyOf(chain);
    }

    private static byte[] certificate(String base64) throws IdentityException {
        try {
            byte[] der = Base64.getDecoder().decode(base64);
            if (Base64.getEncoder().encodeToString(der).equals(base64)) return der;
        } catch (IllegalArgumentException e) {
            throw new IdentityException("malformed", "x5c");
        }
        throw new IdentityException("malformed", "x5c in another form");
    }

    byte[] signingInput() {
        return compact.substring(0, compact.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII);
    }

    public Optional<String> text(String claim) {
        return claims.get(claim) instanceof String text ? Optional.of(text) : Optional.empty();
    }

    public Optional<Long> number(String claim) {
        return claims.get(claim) instanceof Number n ? Optional.of(n.longValue()) : Optional.empty();
    }

    /// `orig.uri`.
    public Optional<String> origin() {
        return claims.get("orig") instanceof Map<?, ?> orig && orig.get("uri") instanceof String uri
                ? Optional.of(uri)
                : Optional.empty();
    }

    /// What an answer is bound to: b64u SHA-256 of this token.
    public String hash() {
        return b64u(DeviceId.sha256(compact.getBytes(StandardCharsets.US_ASCII)));
    }

    public static String randomId() {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        return b64u(random);
    }

    private static final SecureRandom RANDOM = new SecureRandom();

    public static String b64u(byte[] bytes) {
        return B64U.encodeToString(bytes);
    }

    static byte[] decode(String text) throws IdentityException {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(text);
            if (b64u(bytes).equals(text)) return bytes;
        } catch (IllegalArgumentException e) {
            throw new IdentityException("malformed", "not base64url");
        }
        throw new IdentityException("malformed", "not base64url without padding");
    }

    @Override
    public String toString() {
        return "Token[" + type + " " + form + " from " + origin().orElse("?") + "]";
    }
}
