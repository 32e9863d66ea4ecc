package dev.starling.gate;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Map;
import java.util.Optional;

/// Decides who may write: a certified device to its own peer, another peer with the operator's join token
/// (docs/protocols/formats.md, section 8).
///
/// @param joinToken empty when no other peer may store here
public record WriteAuthority(DeviceId self, TokenVerifier tokens, byte[] joinToken, RateLimit limit) {
    private static final String SCHEME = "PASSporT ";

    sealed interface Judgement {}

    /// `owner` names whose slots these are; `peer` says that the value is already kept alive by another peer.
    record Allowed(String owner, boolean peer) implements Judgement {}

    record Refused(int status, String reason) implements Judgement {}

    Judgement judge(Request request) {
        Optional<String> compact = request.header("authorization")
                .filter(h -> h.startsWith(SCHEME))
                .map(h -> h.substring(SCHEME.length()).trim());
        if (compact.isEmpty()) return new Refused(401, "Writing needs a signature (Authorization: PASSporT).");
        Token token;
        try {
            token = Token.parse(compact.get());
        } catch (IdentityException e) {
            return new Refused(401, "The signature cannot be read: " + e.getMessage());
        }
        String orig = token.origin().orElse("");
        Map<String, Object> expected =
                Claims.http(request.method(), request.target(), orig, self.peerUri(), request.body());
        return orig.endsWith("@peer.starling.invalid") ? peer(token, expected, request) : device(token, expected);
    }

    private Judgement device(Token token, Map<String, Object> expected) {
        return switch (tokens.verify(Optional.of(token.compact()), expected)) {
            case TokenVerifier.Refused(int code, String reason) -> new Refused(code == 403 ? 403 : 401, reason);
            case TokenVerifier.Accepted(CertificateVerifier.Verified signer, Token _) ->
                limit.allows(signer.device().hex())
                        ? new Allowed(signer.device().hex().substring(0, 32), false)
                        : new Refused(429, "This device writes too often.");
        };
    }

    private Judgement peer(Token token, Map<String, Object> expected, Request request) {
        if (joinToken.length == 0) return new Refused(403, "This store takes nothing from other peers.");
        var wrong = tokens.verifyPeer(token, expected, joinToken);
        if (wrong.isPresent())
            return new Refused(
                    wrong.get().code() == 403 ? 403 : 401, wrong.get().reason());
        // The other peer's users stay apart: the owner is that peer together with what it calls its user.
        String owner = token.origin().orElse("") + " "
                + member(request.text(), "owner").orElse("");
        byte[] tag = DeviceId.sha256(owner.getBytes(StandardCharsets.UTF_8));
        return new Allowed(DeviceId.of(tag).hex().substring(0, 32), true);
    }

    static Optional<String> member(String json, String name) {
        try {
            return Optional.ofNullable(JSONObjectUtils.parse(json).get(name)).map(String::valueOf);
        } catch (ParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// The Authorization header with which this peer writes to another peer's store.
    public static String join(
            dev.starling.identity.Keys.Held key,
            String dest,
            byte[] joinToken,
            long now,
            String method,
            String path,
            byte[] body) {
        var claims = Claims.fresh(Claims.http(method, path, key.id().peerUri(), dest, body), now);
        String jti = String.valueOf(claims.get("jti")), dig = String.valueOf(claims.get("dig"));
        claims.put("join", Claims.join(joinToken, jti, now, dig));
        return SCHEME + Token.sign(key, Token.PASSPORT, "", claims);
    }

    @Override
    public String toString() {
        return "WriteAuthority[" + self + "]";
    }
}
