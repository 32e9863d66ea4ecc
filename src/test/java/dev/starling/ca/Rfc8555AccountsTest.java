package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.registration.Orders;
import dev.starling.identity.Keys;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// RFC 8555, section 7.3: accounts, against the real front over HTTP.
class Rfc8555AccountsTest extends AcmeTest {
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

    /// It was there when the request's signature was checked.
    @Test
    void anAccountThatWasForgottenMeanwhileGetsNoOrder() throws Exception {
        var gone = new Orders.Asking("gone", "192.0.2.0/24", "");
        var ordered = assertThrows(Problem.class, () -> ca.orders.create(gone, BOB, Optional.empty()));
        assertEquals("accountDoesNotExist", ordered.type());
        var authorized = assertThrows(Problem.class, () -> ca.orders.authorize(gone, BOB));
        assertEquals("accountDoesNotExist", authorized.type());
        assertEquals(List.of(), ca.letters.all);
        assertEquals(List.of(), ca.orders.of("gone", 0, 9));
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
            // RFC 3986, section 3.1: the scheme in either case.
            var loud = carol.post(carol.kid, "{\"contact\":[\"MAILTO:c@example.net\"]}");
            assertEquals(List.of("MAILTO:c@example.net"), loud.list("contact"));
        }
    }

    // Sections 7.1.1, 7.3 and 7.3.3

    @Test
    void whereThereAreTermsTheyAreNamedAndAgreedTo() throws Exception {
        String terms = "https://ca.example/terms/1";
        try (var careful = TestCa.withTerms(Files.createDirectories(folder.resolve("careful")), terms);
                var carol = careful.caller()) {
            String url = careful.base + "/acme/new-account";
            for (String payload : List.of("{}", "{\"termsOfServiceAgreed\":false}", "{\"termsOfServiceAgreed\":1}")) {
                var silent = carol.post(url, payload);
                refused(403, "userActionRequired", silent);
                assertEquals(terms, silent.text("instance"));
                assertTrue(
                        silent.header("link").contains("<" + terms + ">;rel=\"terms-of-service\""), silent::toString);
            }
            assertEquals(201, carol.post(url, "{\"termsOfServiceAgreed\":true}").status());
            // Who has an account is asked no more.
            assertEquals(200, carol.post(url, "{}").status());
        }
    }

    // Section 7.3.5

    private AcmeCaller.Reply keyChange(ECKey to, Map<String, Object> more) throws Exception {
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
        // So that an issuer elsewhere can follow.
        String id = bob.kid.substring(bob.kid.lastIndexOf('/') + 1);
        assertEquals(
                1, ca.<Integer>stored(session -> session.keyChanges().of(id).size()));
        var again =
                bob.send(Jws.sign(fresh, bob.header(order.header("location")), new byte[0]), order.header("location"));
        assertEquals("ready", again.text("status"));
        String account = ca.base + "/acme/new-account";
        var withOld = bob.header(account);
        withOld.remove("kid");
        withOld.put("jwk", bob.key.toPublicJWK().toJSONObject());
        assertEquals(201, bob.signed(account, withOld, "{}").status(), "the old key is free for another account");
    }

    // Section 11.1
    @Test
    void aKeyThatIsInACertificateIsNoAccounts() throws Exception {
        var pair = Keys.generate();
        var order = proven(BOB);
        assertEquals("valid", bob.finish(order, Csrs.of(BOB, pair)).text("status"));
        var device = new ECKey.Builder(Curve.P_256, (ECPublicKey) pair.getPublic())
                .privateKey(pair.getPrivate())
                .build();
        refused(400, "badPublicKey", keyChange(device, Map.of()));
        try (var other = new AcmeCaller(ca.base, device, "")) {
            refused(400, "badPublicKey", other.post(ca.base + "/acme/new-account", "{}"));
        }
        assertEquals(200, bob.post(bob.kid, "").status());
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
            refused(400, "malformed", keyChange(fresh, Map.of("nonce", "")));
            // Signed by a key that it does not name.
            refused(
                    400,
                    "malformed",
                    keyChange(fresh, Map.of("jwk", other.key.toPublicJWK().toJSONObject())));
            refused(400, "malformed", bob.post(ca.base + "/acme/key-change", "{}"));
        }
        assertEquals(200, bob.post(bob.kid, "").status());
    }

    @Test
    void ofAKeyChangeOnlyWhatWasSignedIsKeptAndALongOneIsRefused() throws Exception {
        String url = ca.base + "/acme/key-change", id = bob.kid.substring(bob.kid.lastIndexOf('/') + 1);
        var fresh = AcmeCaller.newKey();
        byte[] inner = Jws.sign(
                fresh,
                Map.of("alg", "ES256", "jwk", fresh.toPublicJWK().toJSONObject(), "url", url),
                Json.write(Map.of(
                                "account",
                                bob.kid,
                                "oldKey",
                                bob.key.toPublicJWK().toJSONObject()))
                        .getBytes(StandardCharsets.UTF_8));
        for (int more : new int[] {4000, 700}) {
            String outer = new String(Jws.sign(bob.key, bob.header(url), inner), StandardCharsets.US_ASCII);
            String padded = "{\"more\":\"" + "x".repeat(more) + "\"," + outer.substring(1);
            var said = bob.send(padded.getBytes(StandardCharsets.US_ASCII), url);
            if (more == 4000) refused(400, "malformed", said);
            else assertEquals(200, said.status(), said::toString);
        }
        byte[] kept = ca.stored(session -> session.keyChanges().of(id)).getFirst();
        assertEquals(
                java.util.Set.of("protected", "payload", "signature"),
                Json.object(kept).keySet());
        Jws.parse(kept).verify(bob.key);
    }

    @Test
    void aKeyChangeHasNoQuery() throws Exception {
        String url = ca.base + "/acme/key-change?x";
        var fresh = AcmeCaller.newKey();
        byte[] inner = Jws.sign(
                fresh,
                Map.of("alg", "ES256", "jwk", fresh.toPublicJWK().toJSONObject(), "url", url),
                Json.write(Map.of(
                                "account",
                                bob.kid,
                                "oldKey",
                                bob.key.toPublicJWK().toJSONObject()))
                        .getBytes(StandardCharsets.UTF_8));
        refused(400, "malformed", bob.post(url, new String(inner, StandardCharsets.US_ASCII)));
        assertEquals(200, bob.post(bob.kid, "").status());
    }
}
