package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// RFC 8555, section by section, against the real front over HTTP.
class Rfc8555Test {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller bob;

    @BeforeEach
    void start() throws IOException {
        ca = new TestCa(store(folder), folder, Limits.LOCAL, 1_000_000, new Origin(false));
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws IOException {
        bob.close();
        ca.close();
    }

    CaStore store(Path where) throws IOException {
        return CaStore.inFile(where.resolve("ca.db"));
    }

    private static void refused(int status, String type, AcmeCaller.Reply reply) throws Problem {
        assertEquals(status + " " + type, reply.status() + " " + reply.problem(), reply::toString);
        assertEquals(String.valueOf(status), String.valueOf(reply.json().get("status")));
        assertFalse(reply.text("detail").isBlank());
    }

    private AcmeCaller.Reply proven(String address) throws Exception {
        var order = bob.order(address);
        assertEquals(
                200, bob.answer(bob.challenge(order), ca.letters.last().code()).status());
        return order;
    }

    // Section 7.1.1

    @Test
    void theDirectoryNamesWhatThereIsAndNothingElse() throws Exception {
        var directory = bob.get("GET", "/acme/directory");
        assertEquals(200, directory.status());
        assertEquals("application/json", directory.header("content-type"));
        assertEquals(
                Set.of("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo", "meta"),
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
        for (Object nonce : new Object[] {"", "AAAA", "not base64!", "A".repeat(32), 7, List.of()}) {
            var header = bob.header(url);
            header.put("nonce", nonce);
            refused(400, "badNonce", bob.signed(url, header, "{}"));
        }
        var header = bob.header(url);
        header.remove("nonce");
        refused(400, "badNonce", bob.signed(url, header, "{}"));
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

    // Section 7.3

    @Test
    void aKeyHasOneAccountForEver() throws Exception {
        var carol = ca.caller();
        String url = ca.base + "/acme/new-account";
        var missing = carol.post(url, "{\"onlyReturnExisting\":true}");
        refused(400, "accountDoesNotExist", missing);
        var made = carol.post(url, "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:carol@example.net\"]}");
        assertEquals(201, made.status());
        assertEquals("valid", made.text("status"));
        assertTrue(made.text("orders").startsWith(ca.base + "/acme/orders/"));
        for (String payload : List.of("{}", "{\"onlyReturnExisting\":true}")) {
            var again = carol.post(url, payload);
            assertEquals(200, again.status());
            assertEquals(made.header("location"), again.header("location"));
        }
        carol.close();
    }

    @Test
    void ofManyRequestsForOneKeyAtOnceAllGetTheSameAccount() throws Exception {
        var carol = ca.caller();
        String url = ca.base + "/acme/new-account";
        var found = new HashSet<String>();
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<String> asking = () -> carol.post(url, "{}").header("location");
            for (var each : all.invokeAll(Collections.nCopies(16, asking))) found.add(each.get());
        }
        assertEquals(1, found.size(), found::toString);
        carol.close();
    }

    @Test
    void anAccountIsReadAndItsUnknownMembersAreIgnored() throws Exception {
        for (String payload : List.of("", "{}", "{\"status\":\"revoked\",\"orders\":\"x\",\"color\":1}")) {
            var account = bob.post(bob.kid, payload);
            assertEquals(200, account.status());
            assertEquals("valid", account.text("status"));
        }
    }

    @Test
    void aDeactivatedAccountIsOverAndSoAreItsOrders() throws Exception {
        var order = bob.order(BOB);
        var gone = bob.post(bob.kid, "{\"status\":\"deactivated\"}");
        assertEquals("deactivated", gone.text("status"));
        refused(401, "unauthorized", bob.post(order.header("location"), ""));
        refused(401, "unauthorized", bob.order(BOB));
        bob.kid = "";
        refused(401, "unauthorized", bob.post(ca.base + "/acme/new-account", "{}"));
        assertEquals(
                dev.starling.ca.store.Order.Status.INVALID,
                ca.order(order.header("location")).status());
    }

    @Test
    void theListOfOrdersHasTheLivingOnes() throws Exception {
        String url = bob.post(bob.kid, "").text("orders");
        var first = bob.order(BOB);
        var second = bob.order("carol@example.net");
        var list = (List<?>) bob.post(url, "").json().get("orders");
        assertEquals(Set.of(first.header("location"), second.header("location")), Set.copyOf(list));
        ca.clock.pass(Duration.ofDays(2));
        assertEquals(List.of(), bob.post(url, "").json().get("orders"));
    }

    @Test
    void anotherAccountSeesNothing() throws Exception {
        var mallory = ca.caller().registered();
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        for (String url : List.of(
                order.header("location"),
                order.first("authorizations"),
                order.text("finalize"),
                String.valueOf(challenge.get("url")),
                ca.base + "/acme/certificate/" + order.header("location").replaceFirst(".*/", ""),
                bob.kid,
                bob.post(bob.kid, "").text("orders")))
            refused(403, "unauthorized", mallory.post(url, "{\"csr\":\"AA\"}"));
        mallory.close();
    }

    @Test
    void theUrlOfAnotherAccountDoesNotHelpWithoutItsKey() throws Exception {
        var mallory = ca.caller().registered();
        String order = bob.order(BOB).header("location");
        mallory.kid = bob.kid;
        refused(400, "malformed", mallory.post(order, ""));
        for (String kid : List.of(bob.kid + "x", ca.base + "/acme/account/", "", "nonsense", bob.kid + "/")) {
            var header = bob.header(order);
            header.put("kid", kid);
            refused(400, "accountDoesNotExist", bob.signed(order, header, ""));
        }
        mallory.close();
    }

    // Section 7.4

    @Test
    void anOrderLeadsFromPendingToItsCertificate() throws Exception {
        var order = bob.order("Bob@Example.NET");
        assertEquals(201, order.status());
        String url = order.header("location");
        assertEquals("pending", order.text("status"));
        assertEquals(
                List.of(Map.of("type", "email", "value", BOB)), order.json().get("identifiers"));
        assertTrue(Instant.parse(order.text("expires")).isAfter(ca.clock.instant()));
        refused(404, "malformed", bob.post(url.replace("/order/", "/certificate/"), ""));

        var authorization = bob.post(order.first("authorizations"), "");
        assertEquals("pending", authorization.text("status"));
        assertEquals(Map.of("type", "email", "value", BOB), authorization.json().get("identifier"));
        var challenge = bob.challenge(order);
        assertEquals("email-code-00", challenge.get("type"));
        assertEquals("pending", challenge.get("status"));
        assertFalse(challenge.containsKey("validated"));

        var proven = bob.answer(challenge, ca.letters.last().code());
        assertEquals("valid", proven.text("status"));
        assertEquals(ca.clock.instant(), Instant.parse(proven.text("validated")));
        assertTrue(proven.header("link").contains("<" + order.first("authorizations") + ">;rel=\"up\""));
        assertEquals("ready", bob.post(url, "").text("status"));
        assertEquals("valid", bob.post(order.first("authorizations"), "").text("status"));

        var done = bob.finish(order, Csrs.of(BOB));
        assertEquals("valid", done.text("status"));
        assertEquals(url, done.header("location"));
        var certificate = bob.post(done.text("certificate"), "");
        assertEquals("application/pem-certificate-chain", certificate.header("content-type"));
        assertEquals(2, certificate.http().body().split("-----BEGIN CERTIFICATE-----", -1).length - 1);
        assertEquals(done.text("certificate"), bob.post(url, "").text("certificate"));
    }

    @Test
    void identifiersOfOtherKindsAreRefused() throws Exception {
        String url = ca.base + "/acme/new-order";
        refused(
                400,
                "unsupportedIdentifier",
                bob.post(url, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"example.net\"}]}"));
        refused(400, "unsupportedIdentifier", bob.post(url, "{\"identifiers\":[{\"type\":\"email\",\"value\":7}]}"));
        refused(400, "unsupportedIdentifier", bob.order("+4930123456"));
        for (String wrong : List.of("", "bob", "bob@", "bob@localhost", "b\r\nBcc: x@example.net", "bob@[127.0.0.1]"))
            refused(400, "rejectedIdentifier", bob.order(wrong));
        refused(400, "rejectedIdentifier", bob.order("postmaster@example.net"));
        assertEquals(0, ca.letters.all.size());
    }

    @Test
    void whatCannotBeFulfilledAsAskedIsRefused() throws Exception {
        String url = ca.base + "/acme/new-order", one = "{\"type\":\"email\",\"value\":\"bob@example.net\"}";
        refused(400, "malformed", bob.post(url, "{\"identifiers\":[" + one + "," + one + "]}"));
        refused(400, "malformed", bob.post(url, "{\"identifiers\":[]}"));
        refused(400, "malformed", bob.post(url, "{\"identifiers\":" + one + "}"));
        refused(400, "malformed", bob.post(url, "{}"));
        refused(400, "malformed", bob.post(url, ""));
        for (String time : List.of("notBefore", "notAfter"))
            refused(
                    400,
                    "malformed",
                    bob.post(url, "{\"identifiers\":[" + one + "],\"" + time + "\":\"2027-01-01T00:00:00Z\"}"));
        assertEquals(0, ca.letters.all.size());
    }

    @Test
    void onlyAnOrderThatIsReadyIsFinalized() throws Exception {
        var pending = bob.order(BOB);
        refused(403, "orderNotReady", bob.finish(pending, Csrs.of(BOB)));
        var order = proven(BOB);
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        refused(403, "orderNotReady", bob.finish(pending, Csrs.of(BOB)));
        assertEquals(1, ca.<Integer>stored(session -> session.certificates().count()));
    }

    @Test
    void ofTwoFinalizationsAtOnceOneIssues() throws Exception {
        var order = proven(BOB);
        var statuses = new ArrayList<Integer>();
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Integer> finishing = () -> bob.finish(order, Csrs.of(BOB)).status();
            for (var each : all.invokeAll(Collections.nCopies(8, finishing))) statuses.add(each.get());
        }
        assertEquals(1, statuses.stream().filter(s -> s == 200).count(), statuses::toString);
        assertEquals(7, statuses.stream().filter(s -> s == 403).count(), statuses::toString);
        assertEquals(1, ca.<Integer>stored(session -> session.certificates().count()));
    }

    @Test
    void theAccountKeyIsNeverCertified() throws Exception {
        var order = proven(BOB);
        KeyPair own = bob.key.toKeyPair();
        refused(400, "badCSR", bob.finish(order, Csrs.of(BOB, own)));
        var other = ca.caller().registered();
        refused(400, "badCSR", bob.finish(order, Csrs.of(BOB, other.key.toKeyPair())));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB, Keys.generate())).text("status"));
        other.close();
    }

    @Test
    void aBadRequestLeavesTheOrderReady() throws Exception {
        var order = proven(BOB);
        refused(400, "badCSR", bob.finish(order, Csrs.of("mallory@example.net")));
        refused(400, "badCSR", bob.finish(order, new byte[] {1, 2, 3}));
        refused(400, "malformed", bob.post(order.text("finalize"), "{}"));
        refused(400, "malformed", bob.post(order.text("finalize"), "{\"csr\":\"not base64url=\"}"));
        assertEquals("ready", bob.post(order.header("location"), "").text("status"));
        assertEquals(0, ca.<Integer>stored(session -> session.certificates().count()));
    }

    // Section 7.1.6

    @Test
    void aPendingOrderExpiresAndWithItItsAuthorization() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        ca.clock.pass(Duration.ofHours(24).plusSeconds(1));
        assertEquals("invalid", bob.post(order.header("location"), "").text("status"));
        assertEquals("invalid", bob.post(order.first("authorizations"), "").text("status"));
        assertEquals("invalid", bob.answer(challenge, ca.letters.last().code()).text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
    }

    @Test
    void anOrderThatIsNotFinalizedInTimeIsOverAndItsProofGoodForThreeMonths() throws Exception {
        var order = proven(BOB);
        ca.clock.pass(Duration.ofHours(24).plusSeconds(1));
        assertEquals("invalid", bob.post(order.header("location"), "").text("status"));
        assertEquals("valid", bob.post(order.first("authorizations"), "").text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        ca.clock.pass(Duration.ofDays(88));
        var again = bob.order(BOB);
        assertEquals("ready", again.text("status"), "without another mail");
        assertEquals(order.first("authorizations"), again.first("authorizations"));
        assertEquals(1, ca.letters.all.size());
        ca.clock.pass(Duration.ofDays(2));
        assertEquals("expired", bob.post(order.first("authorizations"), "").text("status"));
        refused(403, "orderNotReady", bob.finish(again, Csrs.of(BOB)));
        assertEquals("pending", bob.order(BOB).text("status"));
        assertEquals(2, ca.letters.all.size());
    }

    @Test
    void theProofOfOneAccountIsNoneOfAnother() throws Exception {
        proven(BOB);
        try (var mallory = ca.caller().registered()) {
            assertEquals("pending", mallory.order(BOB).text("status"));
        }
    }

    // Section 7.5.2

    @Test
    void anAuthorizationIsGivenUpForGood() throws Exception {
        var order = proven(BOB);
        String authorization = order.first("authorizations");
        assertEquals(
                "valid", bob.post(authorization, "{\"status\":\"nonsense\"}").text("status"));
        assertEquals(
                "deactivated",
                bob.post(authorization, "{\"status\":\"deactivated\"}").text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        assertEquals("pending", bob.order(BOB).text("status"), "another proof is needed");
        var pending = bob.order("carol@example.net");
        var challenge = bob.challenge(pending);
        String code = ca.letters.last().code();
        bob.post(pending.first("authorizations"), "{\"status\":\"deactivated\"}");
        assertEquals("invalid", bob.answer(challenge, code).text("status"));
        assertEquals("invalid", bob.post(pending.header("location"), "").text("status"));
    }

    // Section 7.1.2.1

    @Test
    void aLongListOfOrdersComesInPages() throws Exception {
        String list = bob.post(bob.kid, "").text("orders");
        var made = new HashSet<String>();
        for (int i = 0; i < 51; i++)
            made.add(bob.order("user" + i + "@example.net").header("location"));
        var first = bob.post(list, "");
        assertEquals(50, first.list("orders").size());
        var next = java.util.regex.Pattern.compile("<([^>]+)>;rel=\"next\"").matcher(first.header("link"));
        assertTrue(next.find(), first.header("link"));
        var second = bob.post(next.group(1), "");
        assertEquals(1, second.list("orders").size());
        assertFalse(second.header("link").contains("next"));
        var listed = new HashSet<Object>(first.list("orders"));
        listed.addAll(second.list("orders"));
        assertEquals(made, listed);
        refused(400, "malformed", bob.post(list + "?cursor=-1", ""));
    }

    // Section 7.3

    @Test
    void contactsAreKeptAndCheckedAndChanged() throws Exception {
        try (var carol = ca.caller()) {
            String url = ca.base + "/acme/new-account";
            refused(400, "unsupportedContact", carol.post(url, "{\"contact\":[\"tel:+4930123456\"]}"));
            for (String wrong : List.of("mailto:", "mailto:a@b,c@d", "mailto:a@b?cc=c@d", "mailto:a", "mailto:a b@c"))
                refused(400, "invalidContact", carol.post(url, "{\"contact\":[\"" + wrong + "\"]}"));
            refused(400, "malformed", carol.post(url, "{\"contact\":\"mailto:a@b\"}"));
            refused(
                    400,
                    "invalidContact",
                    carol.post(url, "{\"contact\":[" + "\"mailto:a@b\",".repeat(5) + "\"mailto:a@b\"]}"));
            var made = carol.post(url, "{\"contact\":[\"mailto:carol@example.net\"]}");
            assertEquals(List.of("mailto:carol@example.net"), made.list("contact"));
            carol.kid = made.header("location");
            assertEquals(
                    List.of("mailto:carol@example.net"),
                    carol.post(carol.kid, "{}").list("contact"));
            var changed = carol.post(carol.kid, "{\"contact\":[\"mailto:c@example.net\"]}");
            assertEquals(List.of("mailto:c@example.net"), changed.list("contact"));
            assertEquals(List.of(), carol.post(carol.kid, "{\"contact\":[]}").list("contact"));
        }
    }

    // Section 7.3.5

    private AcmeCaller.Reply keyChange(com.nimbusds.jose.jwk.ECKey to, Map<String, Object> more) throws Exception {
        String url = ca.base + "/acme/key-change";
        var header = new java.util.HashMap<String, Object>(
                Map.of("alg", "ES256", "jwk", to.toPublicJWK().toJSONObject(), "url", url));
        var payload = new java.util.HashMap<String, Object>(
                Map.of("account", bob.kid, "oldKey", bob.key.toPublicJWK().toJSONObject()));
        more.forEach((name, value) ->
                (header.containsKey(name) || name.equals("nonce") ? header : payload).put(name, value));
        byte[] inner = Jws.sign(to, header, Json.write(payload).getBytes(StandardCharsets.UTF_8));
        return bob.post(url, new String(inner, StandardCharsets.US_ASCII));
    }

    @Test
    void anAccountTakesANewKeyAndTheOldOneIsNothingAnyMore() throws Exception {
        var order = proven(BOB);
        var fresh = AcmeCaller.newKey();
        var changed = keyChange(fresh, Map.of());
        assertEquals(200, changed.status(), changed::toString);
        assertEquals(bob.kid, changed.header("location"));
        refused(400, "malformed", bob.post(bob.kid, ""));
        var again =
                bob.send(Jws.sign(fresh, bob.header(order.header("location")), new byte[0]), order.header("location"));
        assertEquals("ready", again.text("status"));
        String account = ca.base + "/acme/new-account";
        var withOld = bob.header(account);
        withOld.remove("kid");
        withOld.put("jwk", bob.key.toPublicJWK().toJSONObject());
        assertEquals(201, bob.signed(account, withOld, "{}").status(), "the old key is free for another account");
    }

    @Test
    void aKeyChangeThatIsNotInOrderChangesNothing() throws Exception {
        var fresh = AcmeCaller.newKey();
        try (var other = ca.caller().registered()) {
            var taken = keyChange(other.key, Map.of());
            refused(409, "malformed", taken);
            assertEquals(other.kid, taken.header("location"));
            refused(400, "malformed", keyChange(fresh, Map.of("account", other.kid)));
            refused(
                    400,
                    "malformed",
                    keyChange(fresh, Map.of("oldKey", other.key.toPublicJWK().toJSONObject())));
            refused(400, "malformed", keyChange(fresh, Map.of("oldKey", "text")));
            refused(400, "malformed", keyChange(fresh, Map.of("url", ca.base + "/acme/new-order")));
            refused(400, "malformed", keyChange(fresh, Map.of("nonce", bob.nonce())));
            // Signed by a key that it does not name.
            refused(
                    400,
                    "malformed",
                    keyChange(fresh, Map.of("jwk", other.key.toPublicJWK().toJSONObject())));
            refused(400, "malformed", bob.post(ca.base + "/acme/key-change", "{}"));
        }
        assertEquals(200, bob.post(bob.kid, "").status());
    }

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
    void whoeverHasProvenTheMailboxSinceMayWithdrawIt() throws Exception {
        String certificate = issued(bob, Keys.generate());
        try (var again = ca.caller().registered()) {
            refused(403, "unauthorized", revoke(again, certificate, ""));
            var order = again.order(BOB);
            refused(403, "unauthorized", revoke(again, certificate, ""));
            again.answer(again.challenge(order), ca.letters.last().code());
            assertEquals(200, revoke(again, certificate, "").status());
        }
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
        refused(400, "badCSR", bob.finish(bob.order(BOB), Csrs.of(BOB, key)));
    }

    @Test
    void anIssuedOrderKeepsItsCertificate() throws Exception {
        var order = proven(BOB);
        String certificate = bob.finish(order, Csrs.of(BOB)).text("certificate");
        ca.clock.pass(Duration.ofDays(3));
        ca.store.sweep(ca.clock.instant().getEpochSecond());
        assertEquals(200, bob.post(certificate, "").status());
    }

    @Test
    void thingsThatDoNotExistAreNotFound() throws Exception {
        for (String kind : List.of("order", "authz", "challenge", "finalize", "certificate"))
            for (String id : List.of("", "x", "x/y", "%2e%2e"))
                refused(404, "malformed", bob.post(ca.base + "/acme/" + kind + "/" + id, "{\"csr\":\"AA\"}"));
    }

    @Test
    void anOrderIsFoundUnderItsOwnUrlOnly() throws Exception {
        String url = bob.order(BOB).header("location");
        refused(404, "malformed", bob.post(url.replace("/order/", "/order/x/"), ""));
        refused(404, "malformed", bob.post(url + "/", ""));
    }
}
