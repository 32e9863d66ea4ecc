package dev.starling.identity.passport;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Decides whether a token is genuine, fresh, seen for the first time and about this very message; the codes are
/// those of RFC 8224, section 6.2.2.
///
/// `started`: tokens older than this process are refused, because its replay cache cannot know them.
public record TokenVerifier(CertificateVerifier certificates, ReplayCache replays, Clock clock, Instant started) {
    public static final long MAX_SKEW_SECONDS = 60;
    /// So long a signed word of presence counts at most.
    private static final long MAX_PRESENCE_SECONDS = 1200;

    public sealed interface Outcome {}

    /// The token counts: signed by a device certified for `signer.address()`.
    public record Accepted(CertificateVerifier.Verified signer, Token token) implements Outcome {}

    /// `code` is a SIP status: 428, 436, 437, 438 or 403.
    public record Refused(int code, String reason) implements Outcome {}

    /// Verifies a device's PASSporT. Each of `expected` must be claimed with just that value.
    public Outcome verify(Optional<String> compact, Map<String, Object> expected) {
        return verify(compact, expected, "");
    }

    /// `form` is `rsp` for the token of an answer: one is never taken for the other.
    public Outcome verify(Optional<String> compact, Map<String, Object> expected, String form) {
        if (compact.isEmpty()) return new Refused(428, "no Identity header");
        Token token;
        try {
            token = Token.parse(compact.get());
        } catch (IdentityException e) {
            return new Refused(436, e.getMessage() == null ? e.reason() : e.getMessage());
        }
        if (!token.type().equals(Token.PASSPORT) || !token.form().equals(form))
            return new Refused(436, "not a PASSporT");
        CertificateVerifier.Verified signer;
        try {
            signer = certificates.verify(token.chain(), clock.instant());
        } catch (IdentityException e) {
            return new Refused(437, e.reason());
        }
        Optional<Refused> wrong = claims(token, expected);
        if (wrong.isPresent()) return wrong.get();
        if (!Keys.verify(signer.leaf().getPublicKey(), token.signingInput(), token.signature()))
            return new Refused(438, "signature");
        if (!ofAddress(token, signer.address())) return new Refused(438, "orig is not the certificate's name");
        Optional<Refused> stale = fresh(token, signer.device());
        return stale.isPresent() ? stale.get() : new Accepted(signer, token);
    }

    /// Verifies a put authorization signed by another peer's own key: `orig` must be the key-bound URI of the key in
    /// `x5c`, and `join` must prove the join token.
    public Optional<Refused> verifyPeer(Token token, Map<String, Object> expected, byte[] joinToken) {
        Optional<Refused> wrong = claims(token, expected);
        if (wrong.isPresent()) return wrong;
        try {
            var certificate = Keys.certificate(token.chain().getFirst());
            DeviceId peer = DeviceId.ofKey(
                    Keys.p256(certificate.getPublicKey().getEncoded()).getEncoded());
            if (!Keys.verify(certificate.getPublicKey(), token.signingInput(), token.signature()))
                return Optional.of(new Refused(438, "signature"));
            if (!token.origin().equals(Optional.of(peer.peerUri()))) return Optional.of(new Refused(438, "orig"));
            String proof = Claims.join(
                    joinToken,
                    token.text("jti").orElse(""),
                    token.number("iat").orElse(0L),
                    token.text("dig").orElse(""));
            if (!same(proof, token.text("join").orElse(""))) return Optional.of(new Refused(403, "join token"));
            return fresh(token, peer);
        } catch (IdentityException e) {
            return Optional.of(new Refused(436, e.reason()));
        }
    }

    private static Optional<Refused> claims(Token token, Map<String, Object> expected) {
        for (var entry : expected.entrySet()) {
            Object claimed = token.claims().get(entry.getKey());
            if (claimed == null) return Optional.of(new Refused(438, entry.getKey() + " is not covered"));
            if (!agree(claimed, entry.getValue())) return Optional.of(new Refused(438, entry.getKey() + " differs"));
        }
        return Optional.empty();
    }

    // By value, not by text: what a message holds may be nothing that our JSON can write.
    private static boolean agree(@Nullable Object claimed, @Nullable Object expected) {
        if (claimed instanceof Number a && expected instanceof Number b) return a.longValue() == b.longValue();
        if (claimed instanceof List<?> a && expected instanceof List<?> b) {
            boolean all = a.size() == b.size();
            for (int i = 0; all && i < a.size(); i++) all = agree(a.get(i), b.get(i));
            return all;
        }
        if (claimed instanceof Map<?, ?> a && expected instanceof Map<?, ?> b)
            return a.keySet().equals(b.keySet()) && a.keySet().stream().allMatch(key -> agree(a.get(key), b.get(key)));
        return Objects.equals(claimed, expected);
    }

    private static boolean ofAddress(Token token, Address address) {
        try {
            return Address.ofUri(token.origin().orElse("")).equals(address);
        } catch (IdentityException e) {
            return false;
        }
    }

    private Optional<Refused> fresh(Token token, DeviceId signer) {
        long iat = token.number("iat").orElse(0L);
        String jti = token.text("jti").orElse("");
        if (Math.abs(clock.instant().getEpochSecond() - iat) > MAX_SKEW_SECONDS)
            return Optional.of(new Refused(403, "Stale Date"));
        if (iat < started.getEpochSecond()) return Optional.of(new Refused(403, "older than this server's start"));
        if (jti.length() < 16 || jti.length() > 64 || !replays.first(signer, jti))
            return Optional.of(new Refused(403, "seen before"));
        return Optional.empty();
    }

    /// A presence signature over `body` (docs/protocols/formats.md, section 8), believed until the instant returned.
    public Optional<Instant> presence(String compact, byte[] body, Address address, DeviceId device) {
        try {
            Token token = Token.parse(compact);
            var signer = certificates.verify(token.chain(), address, clock.instant());
            long now = clock.instant().getEpochSecond();
            long iat = token.number("iat").orElse(0L), exp = token.number("exp").orElse(0L);
            boolean genuine = token.type().equals(Token.PRESENCE)
                    && signer.device().equals(device)
                    && token.origin().equals(Optional.of(device.gruu(address)))
                    && token.text("dig").equals(Optional.of(Token.b64u(DeviceId.sha256(body))))
                    && exp - iat <= MAX_PRESENCE_SECONDS
                    && iat <= now + MAX_SKEW_SECONDS
                    && exp > now
                    && Keys.verify(signer.leaf().getPublicKey(), token.signingInput(), token.signature());
            return genuine ? Optional.of(Instant.ofEpochSecond(exp)) : Optional.empty();
        } catch (IdentityException e) {
            return Optional.empty();
        }
    }

    private static boolean same(String a, String b) {
        return MessageDigest.isEqual(a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }
}
