package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// RFC 8555, sections 6 and 7.2, against the real front over HTTP: who signs a request, and that it counts once.
class Rfc8555Test extends AcmeTest {
    // Section 7.1.1

    @Test
    void theDirectoryNamesWhatThereIsAndNothingElse() throws Exception {
        var directory = bob.get("GET", "/acme/directory");
        assertEquals(200, directory.status());
        assertEquals("application/json", directory.header("content-type"));
        assertEquals(
                Set.of(
                        "newNonce",
                        "newAccount",
                        "newOrder",
                        "newAuthz",
                        "revokeCert",
                        "keyChange",
                        "renewalInfo",
                        "starlingCertificates",
                        "meta"),
                directory.json().keySet());
        assertEquals(ca.base + "/acme/new-order", directory.text("newOrder"));
    }

    // Section 7.2

    @Test
    void aNonceComesByHeadWith200AndByGetWith204() throws Exception {
        var head = bob.get("HEAD", "/acme/new-nonce");
        var get = bob.get("GET", "/acme/new-nonce");
        assertEquals(200, head.status());
        assertEquals(204, get.status());
        for (var each : List.of(head, get)) {
            assertTrue(each.header("replay-nonce").matches("[A-Za-z0-9_-]{16,}"));
            assertEquals("no-store", each.header("cache-control"));
            assertTrue(each.header("link").contains("<" + ca.base + "/acme/directory>;rel=\"index\""));
        }
        assertNotEquals(head.header("replay-nonce"), get.header("replay-nonce"));
    }

    // Section 6.5

    @Test
    void aNonceCountsOnceAndTheRefusalBringsAFreshOne() throws Exception {
        String url = ca.base + "/acme/new-order";
        var header = bob.header(url);
        assertEquals("malformed", bob.signed(url, header, "{}").problem());
        var again = bob.signed(url, header, "{}");
        refused(400, "badNonce", again);
        header.put("nonce", again.header("replay-nonce"));
        assertEquals("malformed", bob.signed(url, header, "{}").problem());
    }

    @Test
    void aNonceThatIsMissingOrInventedIsABadNonce() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (Object nonce : new Object[] {"", "AAAA", "A".repeat(32)}) {
            var header = bob.header(url);
            header.put("nonce", nonce);
            refused(400, "badNonce", bob.signed(url, header, "{}"));
        }
        var header = bob.header(url);
        header.remove("nonce");
        refused(400, "badNonce", bob.signed(url, header, "{}"));
    }

    // Section 6.5.2
    @Test
    void aNonceThatIsNoneAtAllIsMalformed() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (Object nonce : new Object[] {"not base64!", "AAAA====", "AB", 7, List.of()}) {
            var header = bob.header(url);
            header.put("nonce", nonce);
            refused(400, "malformed", bob.signed(url, header, "{}"));
        }
        var header = bob.header(url);
        header.put("nonce", header.get("nonce") + "==");
        refused(400, "malformed", bob.signed(url, header, "{}"));
    }

    // Section 6.3
    @Test
    void theDirectoryAndNoncesAreReadByPostAsGetToo() throws Exception {
        var directory = bob.post(ca.base + "/acme/directory", "");
        assertEquals(bob.get("GET", "/acme/directory").json(), directory.json());
        var nonce = bob.post(ca.base + "/acme/new-nonce", "");
        assertEquals(204, nonce.status());
        assertTrue(nonce.header("replay-nonce").matches("[A-Za-z0-9_-]{16,}"));
        refused(400, "malformed", bob.post(ca.base + "/acme/directory", "{}"));
        assertEquals("POST", bob.get("GET", "/acme/new-order").header("allow"));
    }

    // RFC 7515, section 7.2.1
    @Test
    void unknownMembersOfARequestAreIgnoredAndASecondHeaderIsNot() throws Exception {
        byte[] right = Jws.sign(bob.key, bob.header(bob.kid), new byte[0]);
        var json = new HashMap<>(Json.object(right));
        json.put("colour", "blue");
        String url = bob.kid;
        assertEquals(
                200,
                bob.send(Json.write(json).getBytes(StandardCharsets.UTF_8), url).status());
        for (String name : List.of("header", "signatures")) {
            var other = new HashMap<>(Json.object(Jws.sign(bob.key, bob.header(bob.kid), new byte[0])));
            other.put(name, Map.of());
            refused(400, "malformed", bob.send(Json.write(other).getBytes(StandardCharsets.UTF_8), url));
        }
    }

    // Sections 6.1 and 11.1: one key, one account
    @Test
    void aKeyThatIsSpelledOtherwiseIsNoKey() throws Exception {
        String url = ca.base + "/acme/new-account";
        var plain = AcmeCaller.newKey();
        var right = plain.toPublicJWK().toJSONObject();
        String x = String.valueOf(right.get("x"));
        for (String other :
                List.of(x + "=", "AA" + x, x.replace('-', '+').replace('_', '/') + "\n", x + "A", " " + x)) {
            var header = bob.header(url);
            header.remove("kid");
            var spelled = new HashMap<>(right);
            spelled.put("x", other);
            header.put("jwk", spelled);
            refused(400, "badPublicKey", bob.send(Jws.sign(plain, header, new byte[] {'{', '}'}), url));
        }
        try (var own = new AcmeCaller(ca.base, plain, "").registered()) {
            assertEquals(200, own.post(own.kid, "").status());
        }
    }

    @Test
    void aForgedRequestDoesNotUseUpTheNonceItNames() throws Exception {
        String url = ca.base + "/acme/new-order";
        var header = bob.header(url);
        refused(
                400,
                "malformed",
                bob.send(Jws.sign(AcmeCaller.newKey(), header, "{}".getBytes(StandardCharsets.US_ASCII)), url));
        assertEquals("malformed", bob.signed(url, header, "{}").problem());
        refused(400, "badNonce", bob.signed(url, header, "{}"));
    }

    // Section 6.4

    @Test
    void theSignedUrlMustBeTheRequestedOneToTheLetter() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (String other : List.of(
                ca.base + "/acme/new-account",
                url + "/",
                url + "?x=1",
                "https" + url.substring(4),
                "",
                "/acme/new-order")) {
            var header = bob.header(url);
            header.put("url", other);
            refused(403, "unauthorized", bob.signed(url, header, "{}"));
        }
        refused(403, "unauthorized", bob.signed(url + "?x=1", bob.header(url), "{}"));
    }

    // Section 6.2

    @Test
    void onlyEs256IsTakenAndTheRefusalNamesIt() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (Object algorithm : new Object[] {"none", "HS256", "RS256", "ES384", "es256", 1, List.of("ES256")}) {
            var header = bob.header(url);
            header.put("alg", algorithm);
            var reply = bob.signed(url, header, "{}");
            refused(400, "badSignatureAlgorithm", reply);
            assertEquals(List.of("ES256"), reply.json().get("algorithms"));
        }
    }

    @Test
    void aNewAccountBringsItsKeyAndEverythingElseItsUrl() throws Exception {
        String account = ca.base + "/acme/new-account", order = ca.base + "/acme/new-order";
        refused(400, "malformed", bob.signed(account, bob.header(account), "{}"));
        var withKey = bob.header(order);
        withKey.put("jwk", bob.key.toPublicJWK().toJSONObject());
        refused(400, "malformed", bob.signed(order, withKey, "{}"));
        withKey.remove("kid");
        refused(400, "malformed", bob.signed(order, withKey, "{}"));
        withKey.remove("jwk");
        refused(400, "malformed", bob.signed(order, withKey, "{}"));
    }

    @Test
    void criticalHeadersAndUnencodedPayloadsAreRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (var extra : Map.of("crit", List.of("b64"), "b64", false).entrySet()) {
            var header = bob.header(url);
            header.put(extra.getKey(), extra.getValue());
            refused(400, "malformed", bob.signed(url, header, "{}"));
        }
    }

    @Test
    void otherSerialisationsOfTheSignatureAreRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        Map<String, Object> jws =
                Json.object(Jws.sign(bob.key, bob.header(url), "{}".getBytes(StandardCharsets.US_ASCII)));
        String compact = jws.get("protected") + "." + jws.get("payload") + "." + jws.get("signature");
        String general = Json.write(Map.of(
                "payload",
                jws.get("payload"),
                "signatures",
                List.of(Map.of("protected", jws.get("protected"), "signature", jws.get("signature")))));
        String unprotected = Json.write(Stream.concat(
                        jws.entrySet().stream(), Map.of("header", (Object) Map.of("a", 1)).entrySet().stream())
                .collect(java.util.stream.Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
        for (String body : List.of(compact, general, unprotected, "", "null", "[]", "{}", "\"x\""))
            refused(400, "malformed", bob.send(body.getBytes(StandardCharsets.UTF_8), url));
    }

    @Test
    void paddingAndForeignCharactersInBase64urlAreRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        for (String member : List.of("protected", "payload", "signature"))
            for (String spoil : List.of("=", "==", "\n", " ", "+", "%")) {
                Map<String, Object> jws =
                        Json.object(Jws.sign(bob.key, bob.header(url), "{}".getBytes(StandardCharsets.US_ASCII)));
                jws.put(member, jws.get(member) + spoil);
                refused(400, "malformed", bob.send(Json.write(jws).getBytes(StandardCharsets.UTF_8), url));
            }
    }

    @Test
    void aMemberThatComesTwiceIsRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        String jws = new String(
                Jws.sign(bob.key, bob.header(url), "{}".getBytes(StandardCharsets.US_ASCII)),
                StandardCharsets.US_ASCII);
        refused(
                400,
                "malformed",
                bob.send(
                        (jws.substring(0, jws.length() - 1) + ",\"payload\":\"\"}").getBytes(StandardCharsets.US_ASCII),
                        url));
    }

    @Test
    void theContentTypeMustBeJoseJson() throws Exception {
        String url = ca.base + "/acme/new-order";
        byte[] body = Jws.sign(bob.key, bob.header(url), "{}".getBytes(StandardCharsets.US_ASCII));
        for (String type : List.of("application/json", "application/jose", "text/plain", "application/jose+json2"))
            refused(415, "malformed", bob.send("POST", url, Map.of("Content-Type", type), body));
        refused(415, "malformed", bob.send("POST", url, Map.of(), body));
        var right = bob.send("POST", url, Map.of("Content-Type", "Application/JOSE+json; charset=utf-8"), body);
        assertEquals("Exactly one identifier is certified at a time.", right.text("detail"));
    }

    @Test
    void aBodyOfMoreThan16KiBIsRefused() throws Exception {
        assertEquals(
                413,
                bob.send(new byte[Jws.MAX_BYTES + 1], ca.base + "/acme/new-order")
                        .status());
    }

    @Test
    void anAccountKeyThatIsNotAPublicP256KeyIsRefused() throws Exception {
        String url = ca.base + "/acme/new-account";
        var fresh = ca.caller();
        Map<String, Object> pub = fresh.key.toPublicJWK().toJSONObject();
        var offCurve = new java.util.HashMap<>(pub);
        offCurve.put("x", pub.get("y"));
        for (Object jwk : new Object[] {
            fresh.key.toJSONObject(),
            offCurve,
            Map.of("kty", "oct", "k", "AAAA"),
            Map.of("kty", "EC", "crv", "P-384", "x", pub.get("x"), "y", pub.get("y")),
            Map.of(),
            "text",
            List.of()
        }) {
            var header = fresh.header(url);
            header.put("jwk", jwk);
            refused(400, "badPublicKey", fresh.signed(url, header, "{}"));
        }
        fresh.close();
    }

    // Section 6.3

    @Test
    void resourcesAreNotReadByGet() throws Exception {
        var order = bob.order(BOB);
        for (String url : List.of(
                order.header("location"),
                order.first("authorizations"),
                order.text("finalize"),
                bob.kid,
                ca.base + "/acme/new-order")) refused(405, "malformed", bob.send("GET", url, Map.of(), new byte[0]));
    }

    @Test
    void everyAnswerBringsANonceAndTheWayToTheDirectory() throws Exception {
        var order = bob.order(BOB);
        for (var each : List.of(order, bob.post(bob.kid, ""), bob.order("nonsense"), bob.get("GET", "/acme/order/x"))) {
            assertFalse(each.header("replay-nonce").isEmpty(), each::toString);
            assertTrue(each.header("link").endsWith("<" + ca.base + "/acme/directory>;rel=\"index\""));
            assertEquals("no-store", each.header("cache-control"));
        }
    }
}
