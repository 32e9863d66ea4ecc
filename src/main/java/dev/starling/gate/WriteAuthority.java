package dev.starling.gate;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.dht.Dht;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/// Decides who may write: a certified device to its own peer, another peer with the operator's join token
/// (docs/protocols/formats.md, section 8).
///
/// @param joinToken empty when no other peer may store here
/// @param networks writes from one network, counted before the signature is verified
/// @param writers writes of one device
/// @param peers writes of one other peer, which speaks for many devices
public record WriteAuthority(
        DeviceId self, TokenVerifier tokens, byte[] joinToken, RateLimit networks, RateLimit writers, RateLimit peers) {
    private static final String SCHEME = "PASSporT ";
    private static final int RETRY_SECONDS = 10;

    /// With the usual quotas: 600 writes a minute for a device, 6000 for a network or another peer.
    public static WriteAuthority usual(DeviceId self, TokenVerifier tokens, byte[] joinToken, Clock clock) {
        return new WriteAuthority(
                self,
                tokens,
                joinToken,
                new RateLimit(6_000, 2_000, clock),
                new RateLimit(600, 200, clock),
                new RateLimit(6_000, 2_000, clock));
    }

    sealed interface Judgement {}

    /// `owner` names whose slots these are: a local device's, or those of another peer, which keeps its users'
    /// values alive by itself.
    ///
    /// @param address for which a local device is certified
    record Allowed(Dht.Owner owner, Optional<Address> address) implements Judgement {
        boolean peer() {
            return !owner.peer().isEmpty();
        }
    }

    /// @param retryAfterSeconds 0 when asking again would not help
    record Refused(int status, String reason, int retryAfterSeconds) implements Judgement {
        Refused(int status, String reason) {
            this(status, reason, 0);
        }
    }

    Judgement judge(Request request) {
        Optional<String> compact = request.header("authorization")
                .filter(h -> h.startsWith(SCHEME))
                .map(h -> h.substring(SCHEME.length()).trim());
        if (compact.isEmpty()) return new Refused(401, "Writing needs a signature (Authorization: PASSporT).");
        // Before anything is computed: verifying costs a millisecond, sending costs nothing.
        if (!networks.allows(request.remote()))
            return new Refused(429, "Too many writes from your network.", RETRY_SECONDS);
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
            case TokenVerifier.Refused refused -> refused(refused);
            case TokenVerifier.Accepted(CertificateVerifier.Verified signer, Token _) ->
                writers.allows(signer.device().hex())
                        ? new Allowed(Dht.Owner.local(tag(signer.device().hex())), Optional.of(signer.address()))
                        : new Refused(429, "This device writes too often.", RETRY_SECONDS);
        };
    }

    private Judgement peer(Token token, Map<String, Object> expected, Request request) {
        if (joinToken.length == 0) return new Refused(403, "This store takes nothing from other servers.");
        var wrong = tokens.verifyPeer(token, expected, joinToken);
        if (wrong.isPresent()) return refused(wrong.get());
        String peer = token.origin().orElseThrow();
        if (!peers.allows(peer)) return new Refused(429, "This server writes too often.", RETRY_SECONDS);
        // What the other peer calls its user is taken for a name among that peer's users, no more.
        String user = member(request.text(), "owner").orElse("");
        byte[] hash = DeviceId.sha256(user.getBytes(StandardCharsets.UTF_8));
        var owner = new Dht.Owner(
                tag(peer.substring("sip:".length())), tag(DeviceId.of(hash).hex()));
        return new Allowed(owner, Optional.empty());
    }

    // Enough of a SHA-256 to be nobody else's.
    private static String tag(String hex) {
        return hex.substring(0, 32);
    }

    private static Refused refused(TokenVerifier.Refused refused) {
        return refused.code() == 403
                ? new Refused(403, "Refused: " + refused.reason() + ".")
                : new Refused(401, "The signature does not count: " + refused.reason() + ".");
    }

    static Optional<String> member(String json, String name) {
        try {
            return Optional.ofNullable(object(json).get(name)).map(String::valueOf);
        } catch (ParseException e) {
            return Optional.empty();
        }
    }

    /// A JSON object. The library gives null for `null`, and other exceptions for some other bytes.
    static Map<String, Object> object(String json) throws ParseException {
        try {
            return Optional.ofNullable(JSONObjectUtils.parse(json))
                    .orElseThrow(() -> new ParseException("not an object", 0));
        } catch (IllegalArgumentException e) {
            throw new ParseException(String.valueOf(e.getMessage()), 0);
        }
    }

    /// The Authorization header with which this peer writes to another peer's store.
    public static String join(
            Keys.Held key, String dest, byte[] joinToken, long now, String method, String path, byte[] body) {
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
