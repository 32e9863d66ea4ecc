package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.registration.ExternalAccounts.Given;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.ExternalTable.External;
import dev.starling.ca.store.PostgreSql;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.exception.AcmeServerException;

/// RFC 8555, section 7.3.4: accounts only for those who got a key from the operator.
class Rfc8555BindingTest {
    @TempDir
    Path folder;

    private TestCa ca;
    private ExternalAccounts externals;
    private String url = "";

    @BeforeEach
    void start() throws Exception {
        ca = TestCa.binding(store(folder), folder, true, Limits.LOCAL);
        externals = ExternalAccounts.open(folder, ca.store, Clock.systemUTC());
        url = ca.base + "/acme/new-account";
    }

    CaStore store(Path where) throws IOException {
        return CaStore.inFile(where.resolve("ca.db"));
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    private static String b64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String b64(String text) {
        return b64(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, Object> binding(Given given, Map<String, ?> header, ECKey key) throws Exception {
        String head = b64(Json.write(header)), payload = b64(key.toPublicJWK().toJSONString());
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getUrlDecoder().decode(given.mac()), "HmacSHA256"));
        byte[] signature = mac.doFinal((head + "." + payload).getBytes(StandardCharsets.US_ASCII));
        return Map.of("protected", head, "payload", payload, "signature", b64(signature));
    }

    private Map<String, Object> header(Given given) {
        return Map.of("alg", "HS256", "kid", given.id(), "url", url);
    }

    private AcmeCaller.Reply ask(AcmeCaller caller, Object member) throws Exception {
        return caller.post(url, Json.write(Map.of("externalAccountBinding", member)));
    }

    private void refused(int status, String problem, AcmeCaller.Reply reply) throws Exception {
        assertEquals(status + " " + problem, reply.status() + " " + reply.problem(), reply::toString);
    }

    @Test
    void aStockClientMakesItsAccountByTheKeyAndFindsItAgainWithout() throws Exception {
        Given given = externals.give("Bob in sales");
        var keys = Keys.generate();
        var session = new Session(ca.directory());
        assertTrue(session.getMetadata().isExternalAccountRequired());
        var e = assertThrows(
                AcmeServerException.class,
                () -> new AccountBuilder()
                        .agreeToTermsOfService()
                        .useKeyPair(keys)
                        .create(session));
        assertTrue(e.getType().toString().endsWith(":externalAccountRequired"), e::toString);
        var account = new AccountBuilder()
                .agreeToTermsOfService()
                .useKeyPair(keys)
                .withKeyIdentifier(given.id(), given.mac())
                .create(session);
        assertEquals(Status.VALID, account.getStatus());
        assertTrue(account.hasExternalAccountBinding());
        assertEquals(given.id(), account.getKeyIdentifier().orElseThrow());
        assertEquals(
                account.getLocation(),
                new AccountBuilder()
                        .useKeyPair(keys)
                        .onlyExisting()
                        .create(session)
                        .getLocation());
        String id = account.getLocation().getPath().replaceFirst(".*/", "");
        assertEquals(id, externals.all().getFirst().account());
        // Taken back, and so is the account.
        assertTrue(externals.end(given.id()));
        assertThrows(
                AcmeServerException.class,
                () -> new AccountBuilder().useKeyPair(keys).onlyExisting().create(session));
        assertFalse(externals.end("nobody"));
    }

    @Test
    void whoHasNoKeyHasNoAccountAndNoOtherWay() throws Exception {
        try (var eve = ca.caller()) {
            refused(403, "externalAccountRequired", eve.post(url, "{}"));
            var plain = eve.send(
                    "POST", ca.base + "/acme/plain", Map.of("Content-Type", "application/pkcs10"), Csrs.of("a@b.test"));
            assertEquals(404, plain.status());
        }
    }

    @Test
    void aBindingThatIsNotRight() throws Exception {
        Given given = externals.give("Bob");
        try (var bob = ca.caller()) {
            refused(400, "malformed", ask(bob, "text"));
            refused(400, "malformed", ask(bob, Map.of("protected", "e30")));
            var wrongKey = new Given(given.id(), b64(new byte[32]));
            refused(403, "unauthorized", ask(bob, binding(wrongKey, header(given), bob.key)));
            var nobody = new Given("ffffffffffffffffffffffff", given.mac());
            refused(403, "unauthorized", ask(bob, binding(nobody, header(nobody), bob.key)));
            refused(400, "malformed", ask(bob, binding(given, header(given), AcmeCaller.newKey())));
            for (var each : List.of(
                    Map.of("url", ca.base + "/acme/new-order"),
                    Map.of("nonce", bob.nonce()),
                    Map.of("kid", "x".repeat(200)),
                    Map.of("crit", List.of("b64"), "b64", false))) {
                var changed = new HashMap<String, Object>(header(given));
                changed.putAll(each);
                refused(400, "malformed", ask(bob, binding(given, changed, bob.key)));
            }
            for (String alg : List.of("none", "ES256", "HS512")) {
                var changed = new HashMap<String, Object>(header(given));
                changed.put("alg", alg);
                refused(400, "badSignatureAlgorithm", ask(bob, binding(given, changed, bob.key)));
            }
            // A binding seen elsewhere is over another account's key.
            var bobs = binding(given, header(given), bob.key);
            try (var eve = ca.caller()) {
                refused(400, "malformed", ask(eve, bobs));
            }
            assertEquals(201, ask(bob, bobs).status());
        }
    }

    @Test
    void aKeyMakesOneAccountAlsoOfManyWhoAskAtOnce() throws Exception {
        Given given = externals.give("Bob");
        Callable<Integer> asking = () -> {
            try (var each = ca.caller()) {
                return ask(each, binding(given, header(given), each.key)).status();
            }
        };
        int made = 0;
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : all.invokeAll(Collections.nCopies(8, asking))) {
                if (each.get() == 201) made++;
                else assertEquals(403, each.get());
            }
        }
        assertEquals(1, made);
        Given ended = externals.give("Carol");
        externals.end(ended.id());
        try (var carol = ca.caller()) {
            refused(403, "unauthorized", ask(carol, binding(ended, header(ended), carol.key)));
        }
    }

    /// As a client does that hears nothing: by whichever key for accounts, it is one account, and to end that key ends
    /// it.
    @Test
    void requestsOfOneClientThatComeAtOnceMakeOneBoundAccount() throws Exception {
        for (int again = 0; again < 5; again++) {
            List<Given> givens = List.of(externals.give("Bob"), externals.give("Bob, too"));
            ECKey key = AcmeCaller.newKey();
            var asking = new ArrayList<Callable<AcmeCaller.Reply>>();
            for (int i = 0; i < 6; i++) {
                Given given = givens.get(i % 2);
                asking.add(() -> {
                    try (var each = new AcmeCaller(ca.base, key, "")) {
                        return ask(each, binding(given, header(given), key));
                    }
                });
            }
            String account = "";
            try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
                for (var each : all.invokeAll(asking)) {
                    var reply = each.get();
                    // Once its key is used another request with it is refused, as ever, unless it is the account's own.
                    if (reply.status() == 403) continue;
                    assertTrue(reply.status() == 200 || reply.status() == 201, reply::toString);
                    account = reply.header("location").replaceFirst(".*/", "");
                }
            }
            String made = account;
            var bound = externals.all().stream()
                    .filter(each -> each.account().equals(made))
                    .toList();
            assertEquals(1, bound.size());
            assertTrue(externals.end(bound.getFirst().id()));
            assertFalse(ca.stored(s -> s.accounts().byId(made)).orElseThrow().isActive());
            // The other one is still there for somebody else.
            assertEquals(
                    1,
                    externals.all().stream()
                            .filter(each -> List.of(
                                            givens.get(0).id(), givens.get(1).id())
                                    .contains(each.id()))
                            .filter(External::isFree)
                            .count());
        }
    }

    @Test
    void anAccountThatWasForgottenCanBeMadeAgain() throws Exception {
        Given given = externals.give("Bob");
        try (var bob = ca.caller()) {
            assertEquals(201, ask(bob, binding(given, header(given), bob.key)).status());
            ca.clock.pass(Duration.ofDays(31));
            ca.store.sweep(ca.clock.instant().getEpochSecond());
            assertEquals(201, ask(bob, binding(given, header(given), bob.key)).status());
        }
    }

    @Test
    void ofProcessesThatShareTheDatabaseNoneMakesKeysOfASecretOfItsOwn() throws Exception {
        Path here = Files.createDirectory(folder.resolve("here")),
                there = Files.createDirectory(folder.resolve("there"));
        try (var store = CaStore.postgresql(PostgreSql.database())) {
            Given given = ExternalAccounts.open(here, store, ca.clock).give("Bob");
            var e = assertThrows(IOException.class, () -> ExternalAccounts.open(there, store, ca.clock));
            assertTrue(String.valueOf(e.getMessage()).contains("Copy its eab.key to " + there), e::toString);
            // Nor does it leave one behind, which would be taken for the right one.
            assertFalse(Files.exists(there.resolve("eab.key")));
            Files.copy(folder.resolve("eab.key"), there.resolve("eab.key"));
            assertThrows(IOException.class, () -> ExternalAccounts.open(there, store, ca.clock));
            Files.delete(there.resolve("eab.key"));
            Files.copy(here.resolve("eab.key"), there.resolve("eab.key"));
            var other = ExternalAccounts.open(there, store, ca.clock);
            assertEquals(given.id(), other.all().getFirst().id());
            ExternalAccounts.open(here, store, ca.clock);
        }
    }

    @Test
    void aSecretThatIsLostIsMadeAnewWhereThereIsOneProcess() throws Exception {
        try (var store = CaStore.inFile(folder.resolve("own.db"))) {
            ExternalAccounts.open(folder, store, ca.clock);
            Path empty = Files.createDirectory(folder.resolve("empty"));
            ExternalAccounts.open(empty, store, ca.clock);
            assertTrue(Files.exists(empty.resolve("eab.key")));
        }
    }

    @Test
    void theDatabaseHasNoneOfTheKeysAndAnotherSecretMakesOthers() throws Exception {
        Given given = externals.give("Bob");
        assertFalse(given.toString().contains(given.mac()));
        ca.store.change(_ -> {});
        try (var files = Files.list(folder)) {
            for (Path each : files.filter(p -> String.valueOf(p.getFileName()).startsWith("ca.db"))
                    .toList()) {
                String bytes = Files.readString(each, StandardCharsets.ISO_8859_1);
                assertFalse(bytes.contains(given.mac()), each::toString);
                assertFalse(
                        bytes.contains(
                                new String(Base64.getUrlDecoder().decode(given.mac()), StandardCharsets.ISO_8859_1)),
                        each::toString);
            }
        }
        Path file = folder.resolve("eab.key");
        assertEquals(
                "rw-------",
                java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        Files.writeString(file, "rubbish");
        assertThrows(IOException.class, () -> ExternalAccounts.open(folder, ca.store, Clock.systemUTC()));
        for (String bad : List.of("", "x".repeat(201), "a\nb"))
            assertThrows(IOException.class, () -> externals.give(bad));
    }
}
