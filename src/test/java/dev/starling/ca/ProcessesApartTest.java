package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.StockClientTest.EmailCode;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.FakeDns;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;

/// Front, validation and issuer as real processes on a real PostgreSQL: what a client sees of it, and what becomes of
/// an order when one of them is not there, or dies (`kill -9`) between two steps.
class ProcessesApartTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// Between which steps the issuer dies: before the one that is named nothing of it is stored.
    private record Step(String table, String when, String condition) {}

    private static final List<Step> STEPS = List.of(
            new Step("certificate", "insert", "true"),
            new Step("log_leaf", "insert", "true"),
            new Step("log_head", "update of checkpoint", "new.released > old.released"),
            new Step("certificate", "update of chain", "new.chain <> ''"),
            new Step("cert_order", "update of status", "new.status = 'valid'"));

    @TempDir
    Path folder;

    private final List<AcmeCaller> callers = new CopyOnWriteArrayList<>();
    private Apart ca;
    private Apart.Running validation;
    private String proofKey;

    @BeforeEach
    void start() throws Exception {
        ca = new Apart(folder);
        validation = ca.validation();
        proofKey = validation.find("for the issuer: --proof-key ");
    }

    @AfterEach
    void stop() throws Exception {
        callers.forEach(AcmeCaller::close);
        ca.close();
    }

    private List<String> files(String name) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve(name))) {
            return all.map(each -> String.valueOf(each.getFileName())).sorted().toList();
        }
    }

    @Test
    void aStockClientGetsACertificateOfAFrontWithoutKeys() throws Exception {
        ca.issuer("issuer", proofKey);
        ca.front(false);
        var login = new AccountBuilder()
                .agreeToTermsOfService()
                .useKeyPair(Keys.generate())
                .createLogin(new Session(URI.create(ca.base + "/acme/directory")));
        var order = login.newOrder()
                .identifier(new Identifier("email", "bob@example.net"))
                .create();
        var challenge = new EmailCode(
                login,
                order.getAuthorizations().getFirst().getChallenges().getFirst().getJSON());
        challenge.code = ca.code("bob@example.net");
        challenge.trigger();
        assertEquals(Status.READY, order.waitUntilReady(PATIENCE));
        KeyPair device = Keys.generate();
        order.execute(Csrs.of("bob@example.net", device));
        assertEquals(Status.VALID, order.waitForCompletion(PATIENCE));
        var chain = order.getCertificate().getCertificateChain().stream()
                .map(Keys::encoded)
                .toList();
        try (var caller = new AcmeCaller(ca.base)) {
            String root = caller.get("GET", "/acme/root.pem").http().body();
            byte[] der = java.util.Base64.getMimeDecoder().decode(root.replaceAll("-----[A-Z ]+-----", ""));
            var verified = new CertificateVerifier(TrustAnchors.of(Keys.certificate(der)), false)
                    .verify(chain, Address.parse("bob@example.net"), Instant.now());
            assertEquals(DeviceId.ofKey(device.getPublic().getEncoded()), verified.device());
            assertEquals(200, caller.get("GET", "/health").status());
            assertTrue(caller.get("GET", "/acme/anchor.pem").http().body().contains("/acme/log"));
        }
        // Who takes the front's folder has nothing.
        assertEquals(List.of(), files("front"));
        assertEquals(List.of("proof.key"), files("validation"));
        assertEquals(
                List.of(
                        "issuing.p12",
                        "issuing.p12.password",
                        "log.head",
                        "log.head.lock",
                        "log.key",
                        "root.p12",
                        "root.p12.password",
                        "signed",
                        "signed.lock"),
                files("issuer"));
        assertEquals(List.of(), files("issuer/signed"));
    }

    @Test
    @Tag("long")
    void aWrongCodeCostsATryAndAnAnswerWaitsForWhoeverJudges() throws Exception {
        ca.issuer("issuer", proofKey);
        ca.front(false);
        try (var bob = new AcmeCaller(ca.base).registered()) {
            var order = bob.order("bob@example.net");
            var challenge = bob.challenge(order);
            String code = ca.code("bob@example.net");
            var wrong = bob.answer(challenge, "A".repeat(32));
            assertEquals("incorrectResponse", wrong.problem(), wrong::toString);
            validation.kill();
            var waits = bob.answer(challenge, code);
            assertEquals("processing", waits.text("status"), waits::toString);
            ca.validation();
            for (int i = 0;
                    i < 300
                            && !bob.post(order.header("location"), "")
                                    .text("status")
                                    .equals("ready");
                    i++) Thread.sleep(100);
            assertEquals("valid", bob.finish(order, Csrs.of("bob@example.net")).text("status"));
            // Nobody may show a code to this front: it could keep it.
            var plain = bob.send(
                    "POST",
                    ca.base + "/acme/plain",
                    Map.of("Content-Type", "application/pkcs10"),
                    Csrs.of("carol@example.net"));
            assertEquals(404, plain.status(), plain::toString);
            assertFalse(ca.hasMail("carol@example.net"));
        }
    }

    @Test
    @Tag("long")
    void anOrderWaitsForAnIssuerThatIsNotThere() throws Exception {
        // The front can only start after one has shown its certificates.
        ca.issuer("issuer", proofKey).kill();
        ca.front(false);
        try (var bob = new AcmeCaller(ca.base).registered()) {
            var order = ca.proven(bob, "bob@example.net");
            long before = System.nanoTime();
            var finished = bob.finish(order, Csrs.of("bob@example.net"));
            assertTrue(Duration.ofNanos(System.nanoTime() - before).toSeconds() < 10);
            assertEquals("processing", finished.text("status"), finished::toString);
            assertEquals("3", finished.header("retry-after"));
            ca.issuer("issuer", proofKey);
            assertEquals("valid", ca.settled(bob, order).text("status"));
        }
    }

    /// On a connection of its own: one that nothing passed for a while may be closed by the front at this moment.
    private AcmeCaller again(AcmeCaller owner) {
        var fresh = new AcmeCaller(ca.base, owner.key, owner.kid);
        callers.add(fresh);
        return fresh;
    }

    @Test
    void anIssuerThatDiesBetweenTwoStepsLosesNoCertificateAndMakesNoneTwice() throws Exception {
        Apart.Running issuer = ca.issuer("issuer", proofKey);
        ca.front(false);
        try (var owner = new AcmeCaller(ca.base).registered();
                var store = CaStore.postgresql(ca.database);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            long entries = 0;
            for (Step step : STEPS) {
                String address = "user" + entries + "@example.net";
                var bob = again(owner);
                var order = ca.proven(bob, address);
                try (var held = new Held(ca.database, step.table(), step.when(), step.condition())) {
                    var finishing = all.submit(() -> again(owner).finish(order, Csrs.of(address)));
                    held.awaitSomebody();
                    issuer.kill();
                    assertEquals("processing", finishing.get().text("status"), step::toString);
                }
                // Nobody has a signature whose entry is not under a signed head.
                for (var each : store.in(session -> session.certificates().of(address, 9)))
                    assertEquals("", each.chain(), step::toString);
                var between = bob.post(order.header("location"), "");
                assertEquals("processing", between.text("status"), step::toString);
                String id = order.header("location").replaceFirst(".*/", "");
                assertEquals(
                        404, bob.post(ca.base + "/acme/certificate/" + id, "").status(), step::toString);
                issuer = ca.issuer("issuer", proofKey);
                bob = again(owner);
                var settled = ca.settled(bob, order);
                assertEquals("valid", settled.text("status"), () -> step + " " + settled);
                entries++;
                var certificates = store.in(session -> session.certificates().of(address, 9));
                assertEquals(1, certificates.size(), step::toString);
                assertTrue(certificates.getFirst().logIndex() >= 0, step::toString);
                assertEquals(
                        entries,
                        store.<Long>in(
                                session -> session.log().head().orElseThrow().size()),
                        step::toString);
                String served = bob.post(settled.text("certificate"), "").http().body();
                assertEquals(certificates.getFirst().chain(), served, step::toString);
                var proof =
                        bob.get("GET", "/acme/proof/" + certificates.getFirst().serial());
                assertEquals(200, proof.status(), step::toString);
                assertEquals(List.of(), files("issuer/signed"), step::toString);
            }
        }
    }

    @Test
    void aFrontThatDiesLosesNothingThatWasAnswered() throws Exception {
        ca.issuer("issuer", proofKey);
        Apart.Running front = ca.front(false);
        try (var bob = new AcmeCaller(ca.base).registered();
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            // Before the request is stored: the client asks once more.
            var order = ca.proven(bob, "bob@example.net");
            try (var held = new Held(ca.database, "finalization", "insert", "true")) {
                var finishing = all.submit(() -> bob.finish(order, Csrs.of("bob@example.net")));
                held.awaitSomebody();
                front.kill();
                org.junit.jupiter.api.Assertions.assertThrows(Exception.class, finishing::get);
            }
            front = ca.front(false);
            assertEquals("ready", bob.post(order.header("location"), "").text("status"));
            assertEquals("valid", bob.finish(order, Csrs.of("bob@example.net")).text("status"));
            // Afterwards: nobody is there to tell the client, and the certificate is made.
            var next = ca.proven(bob, "carol@example.net");
            try (var held = new Held(ca.database, "certificate", "insert", "true")) {
                var finishing = all.submit(() -> bob.finish(next, Csrs.of("carol@example.net")));
                held.awaitSomebody();
                front.kill();
                org.junit.jupiter.api.Assertions.assertThrows(Exception.class, finishing::get);
            }
            ca.front(false);
            assertEquals("valid", ca.settled(bob, next).text("status"));
        }
    }

    @Test
    void twoIssuersWithTheSameKeysMakeOneCertificateForEachOrder() throws Exception {
        ca.issuer("issuer", proofKey);
        Path other = Files.createDirectory(folder.resolve("other"));
        for (String each : files("issuer")) Files.copy(folder.resolve("issuer").resolve(each), other.resolve(each));
        ca.issuer("other", proofKey);
        ca.front(false);
        try (var bob = new AcmeCaller(ca.base).registered();
                var store = CaStore.postgresql(ca.database)) {
            for (int i = 0; i < 8; i++) {
                String address = "user" + i + "@example.net";
                var order = ca.proven(bob, address);
                bob.finish(order, Csrs.of(address));
                assertEquals("valid", ca.settled(bob, order).text("status"));
                assertEquals(
                        1,
                        store.in(session -> session.certificates().of(address, 9))
                                .size());
            }
            assertEquals(
                    8L,
                    store.<Long>in(session -> session.log().head().orElseThrow().size()));
        }
    }

    @Test
    void anIssuerAsksByItselfWhetherTheDomainAllowsItIfItKnowsItsName() throws Exception {
        String[] asking = {"--caa", "ca.example", "--dns", ca.dns.place()};
        Apart.Running issuer = ca.issuer("issuer", proofKey, asking);
        ca.front(false);
        try (var bob = new AcmeCaller(ca.base).registered()) {
            var order = ca.proven(bob, "bob@example.net");
            assertEquals(List.of(), ca.dns.asked, "a front that sends no mails asks nobody");
            ca.dns.say(FakeDns.mail("other.example"));
            bob.finish(order, Csrs.of("bob@example.net"));
            var refused = ca.settled(bob, order);
            assertEquals("invalid", refused.text("status"), refused::toString);
            assertTrue(String.valueOf(refused.json().get("error")).contains("error:caa"), refused::toString);
            assertTrue(ca.dns.asked.contains("example.net CAA"), ca.dns.asked::toString);
            ca.dns.say(FakeDns.mail("ca.example"));
            assertEquals("valid", certified(bob).text("status"));
            issuer.kill();
            ca.issuer("issuer", proofKey);
            ca.dns.asked.clear();
            ca.dns.say(FakeDns.mail("other.example"));
            assertEquals("valid", certified(bob).text("status"));
            assertEquals(List.of(), ca.dns.asked, "without --caa nobody is asked");
        }
    }

    /// By the proof that is still good.
    private AcmeCaller.Reply certified(AcmeCaller bob) throws Exception {
        var order = bob.order("bob@example.net");
        assertEquals("ready", order.text("status"), order::toString);
        bob.finish(order, Csrs.of("bob@example.net"));
        return ca.settled(bob, order);
    }

    /// Front and validation in one process, which takes requests without an account, too; the key is elsewhere.
    @Test
    @Tag("long")
    void whoHasNoAccountGetsACertificateAndOneMailOfItThoughTheIssuerDies() throws Exception {
        String said = ca.frontBeforeItsIssuer();
        var key = Pattern.compile("starling ca issuer --proof-key ([^ `]+)").matcher(said);
        assertTrue(key.find(), said);
        validation.kill();
        try (var db = DriverManager.getConnection(ca.database);
                var statement = db.createStatement()) {
            // It was that of the process that was killed.
            statement.execute("delete from shown where name = 'PROOF_KEY'");
        }
        Apart.Running issuer = ca.issuer("issuer", key.group(1));
        assertEquals(key.group(1), ca.front(true).find("for the issuer: --proof-key "));
        try (var curl = new AcmeCaller(ca.base)) {
            String first = asked(curl, "bob@example.net");
            assertEquals(200, answered(curl, first, ca.code("bob@example.net")));
            String second = asked(curl, "carol@example.net");
            String code = ca.code("carol@example.net");
            try (var held = new Held(ca.database, "certificate", "update of chain", "new.chain <> ''");
                    var all = Executors.newVirtualThreadPerTaskExecutor()) {
                var finishing = all.submit(() -> answered(curl, second, code));
                held.awaitSomebody();
                issuer.kill();
                assertEquals(202, finishing.get());
            }
            ca.issuer("issuer", key.group(1));
            for (String each : List.of("bob@example.net", "carol@example.net")) {
                for (int i = 0; i < 600 && ca.certificates(each) == 0; i++) Thread.sleep(100);
                assertEquals(1, ca.certificates(each), each);
            }
            assertEquals(200, answered(curl, second, code));
            // Once nothing waits to be sent no other one will come.
            try (var store = CaStore.postgresql(ca.database)) {
                for (int i = 0; i < 600 && waiting(store) > 0; i++) Thread.sleep(100);
                assertEquals(0, waiting(store));
            }
            assertEquals(1, ca.certificates("bob@example.net"));
            assertEquals(1, ca.certificates("carol@example.net"));
        }
    }

    private static int waiting(CaStore store) throws IOException {
        return store.in(session -> session.mails().waiting());
    }

    private String asked(AcmeCaller curl, String address) throws Exception {
        var type = Map.of("Content-Type", "application/pkcs10");
        var open = curl.send("POST", ca.base + "/acme/plain", type, Csrs.of(address));
        assertEquals(202, open.status(), open::toString);
        return open.header("location");
    }

    private static int answered(AcmeCaller curl, String url, String code) throws Exception {
        return curl.send("POST", url, Map.of(), code.getBytes(StandardCharsets.US_ASCII))
                .status();
    }
}
