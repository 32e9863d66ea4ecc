package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.ca.registration.Revocations;
import dev.starling.identity.Keys;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.List;
import org.junit.jupiter.api.Test;

/// RFC 8555, section 7.6: withdrawing certificates, against the real front over HTTP.
class Rfc8555RevocationTest extends AcmeTest {
    // Section 7.6

    private String issued(AcmeCaller caller, KeyPair key) throws Exception {
        var order = caller.order(BOB);
        if (order.text("status").equals("pending"))
            caller.answer(caller.challenge(order), ca.letters.last().code());
        String pem = caller.post(caller.finish(order, Csrs.of(BOB, key)).text("certificate"), "")
                .http()
                .body();
        String leaf = pem.substring(0, pem.indexOf("-----END")).replace("-----BEGIN CERTIFICATE-----", "");
        byte[] der = java.util.Base64.getMimeDecoder().decode(leaf);
        return java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(der);
    }

    private AcmeCaller.Reply revoke(AcmeCaller caller, String certificate, String more) throws Exception {
        return caller.post(ca.base + "/acme/revoke-cert", "{\"certificate\":\"" + certificate + "\"" + more + "}");
    }

    private AcmeCaller.Reply revokeByKey(KeyPair key, String certificate) throws Exception {
        String url = ca.base + "/acme/revoke-cert";
        var jwk = new com.nimbusds.jose.jwk.ECKey.Builder(
                        com.nimbusds.jose.jwk.Curve.P_256, (java.security.interfaces.ECPublicKey) key.getPublic())
                .privateKey(key.getPrivate())
                .build();
        var header = bob.header(url);
        header.remove("kid");
        header.put("jwk", jwk.toPublicJWK().toJSONObject());
        byte[] payload = ("{\"certificate\":\"" + certificate + "\"}").getBytes(StandardCharsets.US_ASCII);
        return bob.send(Jws.sign(jwk, header, payload), url);
    }

    @Test
    void aCertificateIsWithdrawnByItsAccountOnce() throws Exception {
        String certificate = issued(bob, Keys.generate());
        var done = revoke(bob, certificate, ",\"reason\":4");
        assertEquals(200, done.status(), done::toString);
        assertEquals(1, ca.revoked.get());
        refused(400, "alreadyRevoked", revoke(bob, certificate, ""));
        assertEquals(1, ca.revoked.get());
    }

    @Test
    void aCertificateIsWithdrawnByItsOwnKey() throws Exception {
        KeyPair key = Keys.generate();
        String certificate = issued(bob, key);
        refused(403, "unauthorized", revokeByKey(Keys.generate(), certificate));
        assertEquals(200, revokeByKey(key, certificate).status());
        refused(400, "alreadyRevoked", revokeByKey(key, certificate));
    }

    @Test
    void aKeyIsKnownToBeStolenAlsoWhenItsCertificateWasWithdrawnBefore() throws Exception {
        for (boolean byOperator : new boolean[] {false, true}) {
            KeyPair stolen = Keys.generate();
            String certificate = issued(bob, stolen);
            // The thief's way to keep the proof.
            assertEquals(200, revoke(bob, certificate, ",\"reason\":4").status());
            assertEquals("ready", bob.order(BOB).text("status"));
            String serial =
                    Keys.certificate(Json.bytes(certificate)).getSerialNumber().toString(16);
            long when = ca.stored(s -> s.certificates().bySerial(serial))
                    .orElseThrow()
                    .revoked();
            ca.clock.pass(java.time.Duration.ofMinutes(1));
            int lists = ca.revoked.get();
            if (byOperator) new Revocations(ca.store, ca.revoked::incrementAndGet, ca.clock).byOperator(serial, 1);
            else assertEquals(200, revoke(bob, certificate, ",\"reason\":1").status());
            assertEquals(lists + 1, ca.revoked.get());
            var now = ca.stored(s -> s.certificates().bySerial(serial)).orElseThrow();
            assertEquals("1 " + when, now.reason() + " " + now.revoked());
            var again = bob.order(BOB);
            assertEquals("pending", again.text("status"));
            bob.answer(bob.challenge(again), ca.letters.last().code());
            refused(400, "badCSR", bob.finish(again, Csrs.of(BOB, stolen)));
            // Once: else whoever has the key could end each proof that comes.
            refused(400, "alreadyRevoked", revoke(bob, certificate, ",\"reason\":1"));
            refused(400, "alreadyRevoked", revoke(bob, certificate, ",\"reason\":4"));
            assertEquals("ready", bob.order(BOB).text("status"));
        }
    }

    @Test
    void whoeverHasProvenTheMailboxSinceMayWithdrawIt() throws Exception {
        String certificate = issued(bob, Keys.generate());
        try (var again = ca.caller().registered()) {
            refused(403, "unauthorized", revoke(again, certificate, ""));
            var order = again.order(BOB);
            refused(403, "unauthorized", revoke(again, certificate, ""));
            again.answer(again.challenge(order), ca.letters.last().code());
            assertEquals("ready", bob.order(BOB).text("status"));
            assertEquals(200, revoke(again, certificate, "").status());
            // Whose certificate it was proves the mailbox anew.
            assertEquals("pending", bob.order(BOB).text("status"));
        }
    }

    @Test
    void whoWithdrewHisOwnCertificateFirstKeepsNoProof() throws Exception {
        var bobs = bob.order(BOB);
        bob.answer(bob.challenge(bobs), ca.letters.last().code());
        try (var thief = ca.caller().registered();
                var third = ca.caller().registered()) {
            KeyPair stolen = Keys.generate();
            String certificate = issued(thief, stolen);
            issued(third, Keys.generate());
            assertEquals(200, revokeByKey(stolen, certificate).status());
            assertEquals("ready", thief.order(BOB).text("status"));
            refused(400, "alreadyRevoked", revoke(bob, certificate, ""));
            assertEquals("pending", thief.order(BOB).text("status"));
            // Whoever else proved the mailbox may be the same.
            assertEquals("pending", third.order(BOB).text("status"));
            assertEquals("ready", bob.order(BOB).text("status"));
        }
    }

    /// A resource of ours, `starlingCertificates`.
    @Test
    void whoHasProvenAMailboxSeesWhatIsCertifiedForItAndNobodyElse() throws Exception {
        String url = ca.base + "/acme/certificates";
        String identifier = "{\"identifier\":{\"type\":\"email\",\"value\":\"" + BOB + "\"}}";
        refused(403, "unauthorized", bob.post(url, identifier));
        String first = issued(bob, Keys.generate()), second = issued(bob, Keys.generate());
        try (var eve = ca.caller().registered()) {
            var order = eve.order("eve@example.net");
            eve.answer(eve.challenge(order), ca.letters.last().code());
            refused(403, "unauthorized", eve.post(url, identifier));
            refused(400, "malformed", eve.post(url, "{}"));
            order = eve.order(BOB);
            refused(403, "unauthorized", eve.post(url, identifier));
            eve.answer(eve.challenge(order), ca.letters.last().code());
            String seen = eve.post(url, identifier).http().body();
            assertTrue(seen.contains(first) && seen.contains(second), seen);
        }
        assertEquals(200, revoke(bob, first, "").status());
        String left = bob.post(url, identifier).http().body();
        assertTrue(!left.contains(first) && left.contains(second), left);
        ca.clock.pass(java.time.Duration.ofDays(31));
        assertEquals("{\"certificates\":[]}", bob.post(url, identifier).http().body());
    }

    @Test
    void aReasonThatCannotBeNamedIsRefused() throws Exception {
        String certificate = issued(bob, Keys.generate());
        for (String reason : List.of("2", "6", "7", "8", "9", "10", "11", "-1", "99999999999", "\"1\"", "null", "1.5"))
            refused(400, "badRevocationReason", revoke(bob, certificate, ",\"reason\":" + reason));
        assertEquals(0, ca.revoked.get());
    }

    @Test
    void whatIsNoCertificateOfThisCaIsNotWithdrawn() throws Exception {
        String certificate = issued(bob, Keys.generate());
        byte[] der = Json.bytes(certificate);
        // The same serial and names, another key within: made by somebody else.
        byte[] forged = der.clone();
        forged[forged.length - 1] ^= 1;
        refused(400, "malformed", revoke(bob, "AAAA", ""));
        refused(400, "malformed", revoke(bob, "not base64=", ""));
        refused(400, "malformed", bob.post(ca.base + "/acme/revoke-cert", "{}"));
        String root = java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(Keys.encoded(ca.issuer.root()));
        refused(404, "malformed", revoke(bob, root, ""));
        assertEquals(0, ca.revoked.get());
    }

    @Test
    void aStolenKeyIsNeverCertifiedAgainNorIsOneOfAnotherAddress() throws Exception {
        KeyPair key = Keys.generate();
        String certificate = issued(bob, key);
        assertEquals("ready", bob.order(BOB).text("status"));
        assertEquals("valid", bob.finish(bob.order(BOB), Csrs.of(BOB, key)).text("status"), "renewed");
        var other = bob.order("carol@example.net");
        bob.answer(bob.challenge(other), ca.letters.last().code());
        refused(400, "badCSR", bob.finish(other, Csrs.of("carol@example.net", key)));
        assertEquals(200, revoke(bob, certificate, ",\"reason\":1").status());
        var again = bob.order(BOB);
        assertEquals("pending", again.text("status"), "its account's proof went with it");
        bob.answer(bob.challenge(again), ca.letters.last().code());
        refused(400, "badCSR", bob.finish(again, Csrs.of(BOB, key)));
        assertEquals("valid", bob.finish(again, Csrs.of(BOB)).text("status"));
    }
}
