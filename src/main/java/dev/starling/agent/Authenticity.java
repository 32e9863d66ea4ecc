package dev.starling.agent;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Clock;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Who wrote a request, who answered one, and our own words, signed (RFC 8224, RFC 8225; docs/protocols/formats.md,
/// section 8).
record Authenticity(Profile us, TokenVerifier tokens, Clock clock) {
    /// A request that was believed: by whose certificate, and the token that an answer is bound to.
    record Believed(CertificateVerifier.Verified signer, Token token) {}

    /// Adds Identity to a request; gives the token, to which its answers are bound.
    ///
    /// @param dest a device's GRUU, or the key-bound URI of a peer
    Token sign(Edit request, String dest) throws SipException {
        SipMessage plain = request.build();
        var claims = claims(plain, plain, plain.from().uri(), dest);
        String compact = Token.sign(us.device(), Token.PASSPORT, "", fresh(claims));
        request.add("Identity", compact + ";info=<cid:x5c>;alg=ES256");
        return parsed(compact);
    }

    /// Believes a request to this device, or refuses it with the status that is the answer.
    Believed check(SipMessage request) throws SipException {
        var expected = claims(request, request, request.from().uri(), us.gruu());
        return switch (tokens.verify(compact(request), expected)) {
            case TokenVerifier.Accepted(CertificateVerifier.Verified signer, Token token) ->
                new Believed(signer, token);
            case TokenVerifier.Refused(int code, String reason) ->
                throw new SipException(code, "Refused (" + reason + ")");
        };
    }

    /// Who answered, when the answer carries a genuine `rsp` PASSporT bound to our request, of just the device that we
    /// asked.
    Optional<CertificateVerifier.Verified> answered(SipMessage sent, SipMessage answer, Token token)
            throws SipException {
        if (answer.status() <= 100 || answer.status() >= 300) return Optional.empty();
        var expected = new HashMap<>(claims(sent, answer, "", us.gruu()));
        expected.remove("orig");
        expected.remove("msgi");
        expected.put("rsp", response(answer.status(), token));
        return tokens.verify(compact(answer), expected, "rsp")
                                instanceof TokenVerifier.Accepted(CertificateVerifier.Verified signer, Token _)
                        && signer.device().gruu(signer.address()).equals(sent.uri())
                ? Optional.of(signer)
                : Optional.empty();
    }

    /// Answers of 101 to 299 to what was signed are signed too, bound to the request.
    void signAnswer(Believed to, SipMessage request, Edit answer) throws SipException {
        SipMessage plain = answer.build();
        if (plain.status() <= 100 || plain.status() >= 300) return;
        var signer = to.signer();
        var claims = new HashMap<>(
                claims(request, plain, us.address().uri(), signer.device().gruu(signer.address())));
        claims.put("rsp", response(plain.status(), to.token()));
        String compact = Token.sign(us.device(), Token.PASSPORT, "rsp", fresh(claims));
        answer.add("Identity", compact + ";info=<cid:x5c>;alg=ES256;ppt=\"rsp\"");
    }

    // `said` is the request itself, or the answer to it.
    private static Map<String, Object> claims(SipMessage request, SipMessage said, String orig, String dest) {
        return Claims.request(
                request.method(),
                request.callId(),
                request.cseq(),
                orig,
                dest,
                said.all("contact"),
                said.first("expires").orElse(""),
                said.body(),
                said.hasSdp(),
                said.isRequest() ? contactToken(said) : new byte[0]);
    }

    private static Map<String, Object> response(int status, Token token) {
        return Map.of("code", status, "tok", token.hash());
    }

    private Map<String, Object> fresh(Map<String, Object> claims) {
        return Claims.fresh(claims, clock.instant().getEpochSecond());
    }

    private static Token parsed(String compact) {
        try {
            return Token.parse(compact);
        } catch (IdentityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Optional<String> compact(SipMessage message) {
        return message.first("identity").map(value -> value.split(";", 2)[0].trim());
    }

    private static byte[] contactToken(SipMessage request) {
        try {
            return Base64.getUrlDecoder().decode(request.first("starling-token").orElse(""));
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }
}
