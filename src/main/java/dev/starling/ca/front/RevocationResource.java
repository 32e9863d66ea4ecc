package dev.starling.ca.front;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.registration.RenewalId;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.identity.DeviceId;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Map;

/// The end of certificates: withdrawn (RFC 8555, section 7.6), and when to renew them (RFC 9773).
final class RevocationResource {
    private static final String RENEWAL = "/acme/renewal-info/";
    /// When to ask again (RFC 9773, section 4.3).
    private static final Duration AGAIN = Duration.ofHours(6);

    private final AcmeFront front;
    private final Revocations revocations;
    private final CaStore store;

    RevocationResource(AcmeFront front, Revocations revocations, CaStore store) {
        this.front = front;
        this.revocations = revocations;
        this.store = store;
    }

    void mount(Routes routes) {
        front.post(routes, "/acme/revoke-cert", this::revoke);
        front.signed(routes, "/acme/certificates", this::issued);
        front.open(routes, RENEWAL, this::renewal);
    }

    private Response revoke(Request request) throws Problem, IOException {
        Jws jws = front.parsed(request);
        if (jws.jwk().isPresent()) {
            ECKey key = jws.jwk().get();
            front.verify(jws, key);
            Map<String, Object> json = jws.json();
            revocations.byKey(Json.bytes(Json.text(json, "certificate")), reason(json), device(key));
        } else {
            var signed = front.byAccount(jws, request);
            Map<String, Object> json = jws.json();
            revocations.byAccount(
                    Json.bytes(Json.text(json, "certificate")),
                    reason(json),
                    signed.account().id());
        }
        return Response.empty(200);
    }

    // Of ours: who has proven a mailbox may see what is certified for it, and so withdraw what nobody shows.
    private Response issued(AcmeFront.Signed signed) throws Problem, IOException {
        if (!(signed.jws().json().get("identifier") instanceof Map<?, ?> asked)
                || !(asked.get("type") instanceof String type)
                || !(asked.get("value") instanceof String value)) throw Problem.malformed("an identifier is needed");
        var certificates = new ArrayList<Map<String, Object>>();
        for (byte[] each : revocations.open(signed.account().id(), type, value))
            certificates.add(Map.of(
                    "certificate", Base64.getUrlEncoder().withoutPadding().encodeToString(each)));
        return Response.json(200, Json.write(Map.of("certificates", certificates)));
    }

    private static int reason(Map<String, Object> json) {
        if (!json.containsKey("reason")) return 0;
        return json.get("reason") instanceof Long number && number >= 0 && number <= 100 ? number.intValue() : -1;
    }

    private static String device(ECKey key) throws Problem {
        try {
            return DeviceId.ofKey(key.toECPublicKey().getEncoded()).hex();
        } catch (JOSEException e) {
            throw new Problem("badPublicKey", 400, "The key cannot be read.");
        }
    }

    // RFC 9773, section 4.2: at two thirds of its life, or at once when it is withdrawn.
    private Response renewal(Request request) throws Problem, IOException {
        RenewalId id = RenewalId.parse(request.path().substring(RENEWAL.length()));
        Certificate certificate = store.whole(session -> session.certificates()
                .bySerial(id.serial())
                .filter(each -> each.isSigned() && id.names(each))
                .orElseThrow(() -> new Problem("malformed", 404, "No such certificate.")));
        long life = certificate.notAfter() - certificate.notBefore();
        long start = certificate.isRevoked() ? certificate.revoked() : certificate.notBefore() + life * 2 / 3;
        long end = certificate.isRevoked() ? start + 1 : start + life / 10;
        String json = Json.write(Map.of(
                "suggestedWindow",
                Resources.ordered(
                        "start",
                        Instant.ofEpochSecond(start).toString(),
                        "end",
                        Instant.ofEpochSecond(end).toString())));
        return Response.json(200, json).with("retry-after", String.valueOf(AGAIN.toSeconds()));
    }
}
