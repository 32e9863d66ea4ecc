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
import java.util.Set;

/// A request body of RFC 8555, section 6.2: flattened JWS, ES256 only, with `nonce`, `url` and either `jwk`
/// or `kid`. Parsed; the signature is checked with [#verify].
///
/// @param signingInput what was signed: protected header and payload as received, with a dot between
/// @param signature r and s, 64 bytes
/// @param payload decoded bytes; empty for POST-as-GET
/// @param nonce "" when there is none
public record Jws(
        String signingInput,
        byte[] signature,
        byte[] payload,
        String nonce,
        String url,
        Optional<ECKey> jwk,
        Optional<String> kid) {
    public static final int MAX_BYTES = 16 * 1024;
    private static final Set<String> MEMBERS = Set.of("protected", "payload", "signature");

    /// One within another, which names the new key of an account (RFC 8555, section 7.3.5): without a nonce.
    public static Jws parseInner(byte[] body) throws Problem {
        return parse(body, true);
    }

    public static Jws parse(byte[] body) throws Problem {
        return parse(body, false);
    }

    private static Jws parse(byte[] body, boolean isInner) throws Problem {
        if (body.length > MAX_BYTES) throw Problem.malformed("too long");
        Map<String, Object> json = Json.object(body);
        // What else is there is ignored: RFC 7515, section 7.2.1.
        if (!json.keySet().containsAll(MEMBERS) || json.containsKey("header") || json.containsKey("signatures"))
            throw Problem.malformed("the JWS must be flattened, with a protected header only");
        String head = Json.text(json, "protected"), payload = Json.text(json, "payload");
        Map<String, Object> header = Json.object(Json.bytes(head));
        if (!"ES256".equals(header.get("alg"))) throw new Problem("badSignatureAlgorithm", 400, "Use ES256.");
        // RFC 7515, section 4.1.11. An unencoded payload (b64) is forbidden by RFC 8555, section 6.2.
        if (header.containsKey("crit") || header.containsKey("b64")) throw Problem.malformed("unsupported header");
        boolean hasKey = header.containsKey("jwk"), hasId = header.containsKey("kid");
        if (hasKey == hasId) throw Problem.malformed("either jwk or kid");
        return new Jws(
                head + "." + payload,
                Json.bytes(Json.text(json, "signature")),
                Json.bytes(payload),
                nonce(header, isInner),
                Json.text(header, "url"),
                hasKey ? Optional.of(key(header, "jwk")) : Optional.empty(),
                hasId ? Optional.of(Json.text(header, "kid")) : Optional.empty());
    }

    // RFC 8555, section 6.5.2: what is no base64url is malformed, other than one that is missing.
    private static String nonce(Map<String, Object> header, boolean isInner) throws Problem {
        if (isInner && header.containsKey("nonce")) throw Problem.malformed("the inner JWS has no nonce");
        if (header.getOrDefault("nonce", "").equals("")) return "";
        String nonce = Json.text(header, "nonce");
        Json.bytes(nonce);
        return nonce;
    }

    /// A public P-256 key, written as RFC 7518, section 6.2, says. Another spelling would be another key to whoever
    /// compares thumbprints.
    public static ECKey key(Map<String, Object> json, String name) throws Problem {
        try {
            Map<String, Object> jwk = JSONObjectUtils.getJSONObject(json, name);
            if (jwk != null
                    && JWK.parse(jwk) instanceof ECKey key
                    && Curve.P_256.equals(key.getCurve())
                    && !key.isPrivate()) return canonical(key);
        } catch (JOSEException | ParseException | IllegalArgumentException | IllegalStateException e) {
            throw badKey();
        }
        throw badKey();
    }

    /// The key alone.
    private static ECKey canonical(ECKey key) throws JOSEException, Problem {
        ECKey plain = new ECKey.Builder(Curve.P_256, key.toECPublicKey()).build();
        if (!plain.getX().toString().equals(key.getX().toString())
                || !plain.getY().toString().equals(key.getY().toString())) throw badKey();
        return plain;
    }

    private static Problem badKey() {
        return new Problem("badPublicKey", 400, "The account key must be a public P-256 key.");
    }

    public void verify(ECKey key) throws Problem {
        try {
            boolean genuine = new ECDSAVerifier(key.toECPublicKey())
                    .verify(
                            new JWSHeader(JWSAlgorithm.ES256),
                            signingInput.getBytes(StandardCharsets.US_ASCII),
                            Base64URL.encode(signature));
            if (!genuine) throw Problem.malformed("the signature does not fit");
        } catch (JOSEException e) {
            throw Problem.malformed("the signature does not fit");
        }
    }

    /// What was signed with its signature, as [#parse] reads it, and nothing else that came with it.
    public byte[] flattened() {
        int dot = signingInput.indexOf('.');
        return Json.write(Map.of(
                        "protected",
                        signingInput.substring(0, dot),
                        "payload",
                        signingInput.substring(dot + 1),
                        "signature",
                        Base64URL.encode(signature).toString()))
                .getBytes(StandardCharsets.US_ASCII);
    }

    /// The payload as a JSON object.
    public Map<String, Object> json() throws Problem {
        return Json.object(payload);
    }

    /// Makes a request body. `kid` is the account URL; without it the public key goes along.
    public static byte[] sign(ECKey key, Optional<String> kid, String nonce, String url, String payload) {
        var header = new HashMap<String, Object>(Map.of("alg", "ES256", "nonce", nonce, "url", url));
        if (kid.isPresent()) header.put("kid", kid.get());
        else header.put("jwk", key.toPublicJWK().toJSONObject());
        return sign(key, header, payload.getBytes(StandardCharsets.UTF_8));
    }

    /// Signs whatever header it is given.
    public static byte[] sign(ECKey key, Map<String, Object> header, byte[] payload) {
        try {
            String head = Base64URL.encode(Json.write(header)).toString();
            String content = Base64URL.encode(payload).toString();
            var signature = new ECDSASigner(key)
                    .sign(
                            new JWSHeader(JWSAlgorithm.ES256),
                            (head + "." + content).getBytes(StandardCharsets.US_ASCII));
            return Json.write(Map.of("protected", head, "payload", content, "signature", signature.toString()))
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
