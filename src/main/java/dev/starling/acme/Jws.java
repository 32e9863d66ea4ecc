package dev.starling.acme;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// A request body of RFC 8555, section 6.2: flattened JWS, ES256 only, with `nonce`, `url` and either `jwk` or `kid`.
/// Parsed; the signature is checked with [#verify].
///
/// @param payload decoded bytes; empty for POST-as-GET
public record Jws(
        String signingInput,
        byte[] signature,
        byte[] payload,
        String nonce,
        String url,
        Optional<ECKey> jwk,
        Optional<String> kid) {
    public static final int MAX_BYTES = 16 * 1024;

    public static Jws parse(byte[] body) throws Problem {
        if (body.length > MAX_BYTES) throw Problem.malformed("too long");
        try {
            Map<String, Object> json = JSONObjectUtils.parse(new String(body, StandardCharsets.UTF_8));
            String head = text(json, "protected"), payload = text(json, "payload"), signature = text(json, "signature");
            if (json.size() != 3) throw Problem.malformed("the JWS must be flattened and have a protected header only");
            Map<String, Object> header = JSONObjectUtils.parse(new Base64URL(head).decodeToString());
            if (!"ES256".equals(header.get("alg"))) throw new Problem("badSignatureAlgorithm", 400, "Use ES256.");
            if (header.containsKey("crit") || header.containsKey("b64")) throw Problem.malformed("unsupported header");
            boolean hasKey = header.containsKey("jwk"), hasId = header.containsKey("kid");
            if (hasKey == hasId) throw Problem.malformed("either jwk or kid");
            return new Jws(
                    head + "." + payload,
                    new Base64URL(signature).decode(),
                    new Base64URL(payload).decode(),
                    text(header, "nonce"),
                    text(header, "url"),
                    hasKey ? Optional.of(key(header)) : Optional.empty(),
                    hasId ? Optional.of(text(header, "kid")) : Optional.empty());
        } catch (ParseException | IllegalArgumentException | IllegalStateException e) {
            throw Problem.malformed("not a JWS");
        }
    }

    private static ECKey key(Map<String, Object> header) throws Problem {
        try {
            Map<String, Object> jwk = JSONObjectUtils.getJSONObject(header, "jwk");
            if (jwk != null
                    && JWK.parse(jwk) instanceof ECKey key
                    && Curve.P_256.equals(key.getCurve())
                    && !key.isPrivate()) return key;
        } catch (ParseException | IllegalArgumentException | IllegalStateException e) {
            throw new Problem("badPublicKey", 400, "The account key must be a public P-256 key.");
        }
        throw new Problem("badPublicKey", 400, "The account key must be a public P-256 key.");
    }

    private static String text(Map<String, Object> json, String name) throws Problem {
        if (json.get(name) instanceof String text) return text;
        throw Problem.malformed("no " + name);
    }

    public void verify(ECKey key) throws Problem {
        try {
            var header = new JWSHeader(JWSAlgorithm.ES256);
            boolean genuine = new ECDSAVerifier(key.toECPublicKey())
                    .verify(header, signingInput.getBytes(StandardCharsets.US_ASCII), Base64URL.encode(signature));
            if (!genuine) throw new Problem("malformed", 400, "the signature does not fit");
        } catch (JOSEException e) {
            throw Problem.malformed("the signature does not fit");
        }
    }

    public Map<String, Object> json() throws Problem {
        try {
            return JSONObjectUtils.parse(new String(payload, StandardCharsets.UTF_8));
        } catch (ParseException | IllegalArgumentException e) {
            throw Problem.malformed("the payload is not a JSON object");
        }
    }

    /// Makes a request body. `kid` is the account URL; without it the public key goes along.
    public static byte[] sign(ECKey key, Optional<String> kid, String nonce, String url, String payload) {
        var header = new HashMap<String, Object>(Map.of("alg", "ES256", "nonce", nonce, "url", url));
        if (kid.isPresent()) header.put("kid", kid.get());
        else header.put("jwk", key.toPublicJWK().toJSONObject());
        try {
            String input = Base64URL.encode(JSONObjectUtils.toJSONString(header)) + "." + Base64URL.encode(payload);
            var signature = new ECDSASigner(key)
                    .sign(new JWSHeader(JWSAlgorithm.ES256), input.getBytes(StandardCharsets.US_ASCII));
            int dot = input.indexOf('.');
            return JSONObjectUtils.toJSONString(Map.of(
                            "protected",
                            input.substring(0, dot),
                            "payload",
                            input.substring(dot + 1),
                            "signature",
                            signature.toString()))
                    .getBytes(StandardCharsets.US_ASCII);
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    /// RFC 7638.
    public static String thumbprint(ECKey key) {
        try {
            return key.computeThumbprint().toString();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }
}
