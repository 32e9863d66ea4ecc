package dev.starling.proxy;

import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/// What a request's Identity header must claim, and the verdict (docs/protocols/formats.md, section 8; RFC 8224,
/// section 6.2).
final class Authenticity {
    private Authenticity() {}

    /// @param dest the peer's key-bound URI for REGISTER and PUBLISH, else the Request-URI
    static TokenVerifier.Accepted check(TokenVerifier tokens, SipMessage request, String dest) throws SipException {
        Map<String, Object> expected = Claims.request(
                request.method(),
                request.callId(),
                request.cseq(),
                request.from().uri(),
                dest,
                request.all("contact"),
                request.first("expires").orElse(""),
                request.body(),
                request.hasSdp(),
                token(request));
        Optional<String> identity = request.first("identity").map(v -> v.split(";", 2)[0].trim());
        return switch (tokens.verify(identity, expected)) {
            case TokenVerifier.Accepted accepted -> accepted;
            case TokenVerifier.Refused(int code, String reason) ->
                throw new SipException(code, phrase(code) + " (" + reason + ")");
        };
    }

    /// The contact token in the request; empty when there is none or it is unreadable.
    static byte[] token(SipMessage request) {
        try {
            byte[] token = Base64.getUrlDecoder()
                    .decode(request.first("starling-token").orElse(""));
            return token.length == 32 ? token : new byte[0];
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    private static String phrase(int code) {
        return switch (code) {
            case 428 -> "Use Identity Header";
            case 436 -> "Bad Identity Info";
            case 437 -> "Unsupported Credential";
            case 438 -> "Invalid Identity Header";
            default -> "Stale Date";
        };
    }
}
