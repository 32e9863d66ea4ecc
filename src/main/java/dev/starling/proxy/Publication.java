package dev.starling.proxy;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// PUBLISH (RFC 3903; docs/protocols/sip.md, sections 4 and 5): consent, which is kept, and presence, which lasts as
/// long as its signature and its flow.
///
/// A publication is replaced whole, under the device's own signature, so an entity tag is not needed for it; a
/// condition that is set all the same is judged.
record Publication(
        Self self,
        TokenVerifier tokens,
        Registrar registrar,
        ConsentStore consent,
        PresenceAgent presence,
        Refusals refusals,
        Clock clock) {
    private static final int MAX_PRESENCE = 4096;
    private static final long MIN_EXPIRES = 60, MAX_EXPIRES = 1200;

    private record Done(String tag, long expires) {}

    void take(Flow flow, SipMessage request, RequestReceived server) throws SipException, IOException {
        if (flow.peer().isPresent()) throw new SipException(403, "Not over a connection of servers");
        var signer = Authenticity.check(tokens, request, self.id().peerUri()).signer();
        Done done = switch (Tokens.head(request.required("event"), ';')) {
            case "starling-consent" -> consent(request, signer);
            case "presence" -> presence(flow, request, signer);
            default ->
                throw new SipException(
                        489, "Bad Event", new SipException.Header("Allow-Events", "presence, starling-consent"));
        };
        server.respond(refusals.dated(Edit.response(request, 200, "OK", TransactionLayer.tag()))
                .add("SIP-ETag", done.tag)
                .add("Expires", String.valueOf(done.expires))
                .build());
    }

    private Done consent(SipMessage request, CertificateVerifier.Verified signer) throws SipException, IOException {
        condition(request, consent.tag(signer.device()));
        try {
            consent.replace(signer.address(), signer.device(), request.body());
        } catch (IdentityException e) {
            throw new SipException(400, "Bad consent (" + e.reason() + ")");
        }
        return new Done(tag(request.body()), request.number("expires", MAX_EXPIRES));
    }

    private Done presence(Flow flow, SipMessage request, CertificateVerifier.Verified signer) throws SipException {
        DeviceId device = signer.device();
        if (registrar.at(flow).filter(b -> b.device().equals(device)).isEmpty())
            throw new SipException(403, "Register first");
        condition(request, presence.tag(device));
        long expires = request.number("expires", MAX_EXPIRES);
        if (expires == 0) {
            presence.gone(device);
            return new Done(TransactionLayer.tag(), 0);
        }
        if (expires < MIN_EXPIRES)
            throw new SipException(
                    423, "Interval Too Brief", new SipException.Header("Min-Expires", String.valueOf(MIN_EXPIRES)));
        String signature =
                request.first("starling-signature").orElseThrow(() -> new SipException(428, "Presence must be signed"));
        if (request.bodyLength() > MAX_PRESENCE) throw new SipException(413, "Presence document too long");
        Instant until = tokens.presence(signature, request.body(), signer.address(), device)
                .orElseThrow(() -> new SipException(438, "Presence signature does not fit"));
        String tag = tag(signature.getBytes(StandardCharsets.ISO_8859_1));
        presence.publish(device, request.body(), signature, tag, until);
        long left = Duration.between(clock.instant(), until).toSeconds();
        return new Done(tag, Math.min(expires, left));
    }

    // RFC 3903, section 6, item 3.
    private static void condition(SipMessage request, Optional<String> tag) throws SipException {
        Optional<String> wanted = request.first("sip-if-match");
        if (wanted.isPresent() && !wanted.equals(tag)) throw new SipException(412, "Conditional Request Failed");
    }

    /// What names one state of a publication.
    static String tag(byte[] state) {
        return DeviceId.of(DeviceId.sha256(state)).hex().substring(0, 20);
    }
}
