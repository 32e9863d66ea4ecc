package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.remote.RemoteDht;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may write, and why not: docs/protocols/sip.md, section 1, and formats.md, section 8.
class WriteRefusalsTest {
    private static final String KEY = "5a".repeat(20), PATH = "/key/" + KEY;
    private static final String ALICE = "alice@example.net";

    /// A store that can be away.
    private static final class Switched implements Dht {
        private final Dht beneath;
        private volatile boolean away;

        Switched(Dht beneath) {
            this.beneath = beneath;
        }

        private void check() throws DhtException {
            if (away) throw new DhtException(502, "the store is away");
        }

        @Override
        public Caps caps() {
            return beneath.caps();
        }

        @Override
        public void put(String key, Value value, Duration ttl) throws DhtException {
            check();
            beneath.put(key, value, ttl);
        }

        @Override
        public void remove(String key, Owner owner, long id) throws DhtException {
            check();
            beneath.remove(key, owner, id);
        }

        @Override
        public boolean lookup(String key, Limits limits, Predicate<Value> enough) throws DhtException {
            check();
            return beneath.lookup(key, limits, enough);
        }

        @Override
        public Subscription watch(String key, Watcher watcher) throws DhtException {
            check();
            return beneath.watch(key, watcher);
        }

        @Override
        public String health() {
            return beneath.health();
        }

        @Override
        public void close() {
            beneath.close();
        }
    }

    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private @org.jspecify.annotations.Nullable StoreServer server;
    private @org.jspecify.annotations.Nullable Switched store;
    private Keys.Held alice = new Devices(java.time.Instant.EPOCH).peer();

    @BeforeEach
    void open() throws DhtException, IOException {
        open(StoreServer.JOIN);
    }

    private void open(byte[] join) throws DhtException, IOException {
        var clock = new dev.starling.StandingClock();
        store = new Switched(StoreServer.store(Objects.requireNonNull(folder), clock));
        server = new StoreServer(store, folder, join);
        alice = server.devices.of(ALICE);
    }

    @AfterEach
    void close() {
        server().close();
        http.close();
    }

    private StoreServer server() {
        return Objects.requireNonNull(server);
    }

    private String body(String text) {
        return body("1", text, server().now() + 3600);
    }

    private static String body(String id, String text, long until) {
        return "{\"data\":\"" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))
                + "\",\"id\":\"" + id + "\",\"until\":" + until + "}";
    }

    private HttpResponse<String> send(String method, String path, String body, String authorization) throws Exception {
        var request = HttpRequest.newBuilder(server().base().resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!authorization.isEmpty()) request.header("Authorization", authorization);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private Map<String, Object> claims(String body) {
        return server().claims(ALICE, "POST", PATH, body.getBytes(StandardCharsets.UTF_8));
    }

    private HttpResponse<String> post(Keys.Held key, String body) throws Exception {
        return send("POST", PATH, body, StoreServer.signed(key, claims(body)));
    }

    private HttpResponse<String> postChanged(UnaryOperator<Map<String, Object>> change) throws Exception {
        String body = body("x");
        return send("POST", PATH, body, StoreServer.signed(alice, change.apply(claims(body))));
    }

    private HttpResponse<String> postWith(String claim, Object value) throws Exception {
        return postChanged(claims -> {
            claims.put(claim, value);
            return claims;
        });
    }

    private List<String> stored() throws Exception {
        var lines = send("GET", PATH, "", "").body().lines().toList();
        var values = new ArrayList<String>();
        for (String line : lines) {
            String data = line.replaceAll(".*\"data\":\"([^\"]*)\".*", "$1");
            values.add(new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8));
        }
        return values;
    }

    private void refused(int status, String why, HttpResponse<String> answer) throws Exception {
        assertEquals(status, answer.statusCode(), answer.body());
        assertEquals(
                "application/problem+json",
                answer.headers().firstValue("content-type").orElse(""));
        assertTrue(answer.body().contains(why), answer.body());
        assertEquals(
                "*", answer.headers().firstValue("access-control-allow-origin").orElse(""));
        assertTrue(answer.headers().firstValue("date").isPresent());
        assertEquals(List.of(), stored());
    }

    @Test
    void aSignedWriteIsStoredAndSaysUntilWhen() throws Exception {
        var answer = post(alice, body("hello"));
        assertEquals(200, answer.statusCode(), answer.body());
        assertEquals("{\"id\":\"1\",\"until\":" + (server().now() + 3600) + "}", answer.body());
        assertEquals(List.of("hello"), stored());
    }

    @Test
    void anUntilBeyondEightDaysIsCutAndSaid() throws Exception {
        for (long until : new long[] {server().now() + 1_000_000, Long.MAX_VALUE}) {
            var answer = post(alice, body("1", "x", until));
            assertEquals("{\"id\":\"1\",\"until\":" + (server().now() + 8 * 86400) + "}", answer.body());
        }
    }

    @Test
    void anUnsignedWriteIsRefused() throws Exception {
        refused(401, "needs a signature", send("POST", PATH, body("x"), ""));
        refused(401, "needs a signature", send("POST", PATH, body("x"), "Bearer abc"));
        refused(401, "needs a signature", send("POST", PATH, body("x"), "PASSporT"));
    }

    @Test
    void aSignatureThatCannotBeReadIsRefused() throws Exception {
        for (String token : List.of(
                "x", "a.b.c", "..", "e30.e30.AAAA", "bnVsbA.bnVsbA.AAAA", "e30.bnVsbA.AAAA", "[".repeat(12_000)))
            assertEquals(401, send("POST", PATH, body("x"), "PASSporT " + token).statusCode());
        assertEquals(List.of(), stored());
    }

    @Test
    void aChangedSignatureIsRefused() throws Exception {
        String body = body("x");
        String signed = StoreServer.signed(alice, claims(body));
        char last = signed.charAt(signed.length() - 3);
        String forged = signed.substring(0, signed.length() - 3)
                + (last == 'A' ? 'B' : 'A')
                + signed.substring(signed.length() - 2);
        assertEquals(401, send("POST", PATH, body, forged).statusCode());
        assertEquals(List.of(), stored());
    }

    @Test
    void anotherKeyUnderAlicesCertificateIsRefused() throws Exception {
        var mallory = new Keys.Held(Keys.generate().getPrivate(), alice.chain());
        refused(401, "signature", post(mallory, body("x")));
    }

    @Test
    void aCertificateOfAnUnknownAuthorityIsRefused() throws Exception {
        refused(401, "unknown-anchor", post(new Devices(server().clock.instant()).of(ALICE), body("x")));
    }

    @Test
    void aCertificateForAnotherAddressIsRefused() throws Exception {
        refused(401, "orig", post(server().devices.of("mallory@example.net"), body("x")));
    }

    @Test
    void anotherMethodPathOrBodyIsRefused() throws Exception {
        refused(401, "method", postWith("method", "PUT"));
        refused(401, "path", postWith("path", "/key/" + "00".repeat(20)));
        refused(401, "path", postWith("path", PATH + "?"));
        refused(401, "dig", postWith("dig", Keys.Held.class.getName()));
        String signed = StoreServer.signed(alice, claims(body("x")));
        refused(401, "dig", send("POST", PATH, body("y"), signed));
        refused(401, "path", send("POST", PATH + "?a=1", body("x"), signed));
        refused(401, "path", send("POST", "/key/" + "00".repeat(20), body("x"), signed));
    }

    @Test
    void aWriteMeantForAnotherPeerIsRefused() throws Exception {
        String other = server().devices.peer().id().peerUri();
        refused(401, "dest", postWith("dest", Map.of("uri", List.of(other))));
        refused(
                401,
                "dest",
                postWith("dest", Map.of("uri", List.of(server().key.id().peerUri(), other))));
    }

    @Test
    void aClaimThatIsMissingIsRefused() throws Exception {
        for (String claim : List.of("method", "path", "dig", "dest"))
            refused(401, claim + " is not covered", postChanged(claims -> {
                claims.remove(claim);
                return claims;
            }));
        for (String claim : List.of("iat", "jti"))
            assertEquals(
                    403,
                    postChanged(claims -> {
                                claims.remove(claim);
                                return claims;
                            })
                            .statusCode());
        assertEquals(List.of(), stored());
    }

    @Test
    void aStaleOrAReplayedWriteIsRefused() throws Exception {
        server().clock.pass(Duration.ofSeconds(100));
        refused(403, "Stale Date", postWith("iat", server().now() - 61));
        refused(403, "Stale Date", postWith("iat", server().now() + 61));
        String body = body("x");
        String signed = StoreServer.signed(alice, claims(body));
        assertEquals(200, send("POST", PATH, body, signed).statusCode());
        var replayed = send("POST", PATH, body, signed);
        assertEquals(403, replayed.statusCode());
        assertTrue(replayed.body().contains("seen before"), replayed.body());
        server().clock.pass(Duration.ofSeconds(59));
        assertEquals(403, send("POST", PATH, body, signed).statusCode());
    }

    @Test
    void aWriteSignedBeforeTheServerStartedIsRefused() throws Exception {
        refused(403, "older than this server's start", postWith("iat", server().now() - 1));
    }

    @Test
    void aPeerWithoutTheRightJoinTokenIsRefused() throws Exception {
        var peer = server().devices.peer();
        byte[] body = body("x").getBytes(StandardCharsets.UTF_8);
        String guess = server().otherPeer(peer, new byte[] {1, 2, 3}).of("POST", PATH, body);
        refused(403, "join token", send("POST", PATH, body("x"), guess));
        // As a device would sign: without any proof.
        var claims = claims(body("x"));
        claims.put("orig", Map.of("uri", peer.id().peerUri()));
        refused(403, "join token", send("POST", PATH, body("x"), StoreServer.signed(peer, claims)));
        // With another peer's name.
        claims = claims(body("x"));
        claims.put("orig", Map.of("uri", server().devices.peer().id().peerUri()));
        refused(401, "orig", send("POST", PATH, body("x"), StoreServer.signed(peer, claims)));
        // A certified device does not become a peer by saying so.
        claims.put("orig", Map.of("uri", peer.id().peerUri()));
        refused(401, "orig", send("POST", PATH, body("x"), StoreServer.signed(alice, claims)));
    }

    @Test
    void withoutAJoinTokenOfItsOwnTheStoreTakesNothingFromOtherPeers() throws Exception {
        server().close();
        open(new byte[0]);
        byte[] body = body("x").getBytes(StandardCharsets.UTF_8);
        String signed =
                server().otherPeer(server().devices.peer(), new byte[] {1}).of("POST", PATH, body);
        refused(403, "nothing from other servers", send("POST", PATH, body("x"), signed));
    }

    @Test
    void whatIsTooLargeIsRefused() throws Exception {
        refused(413, "at most 32768 bytes", post(alice, body("x".repeat(32 * 1024 + 1))));
        assertEquals(413, post(alice, body("x".repeat(60_000))).statusCode());
        assertEquals(200, post(alice, body("x".repeat(32 * 1024))).statusCode());
    }

    @Test
    void aBodyThatIsNotAsAgreedIsRefused() throws Exception {
        for (String body : List.of(
                "",
                "null",
                "[]",
                "{}",
                "\u0000",
                "{\"data\":\"eA==\",\"until\":9999999999}",
                "{\"id\":\"1\",\"until\":9999999999}",
                "{\"data\":\"eA==\",\"id\":1,\"until\":9999999999}",
                "{\"data\":5,\"id\":\"1\",\"until\":9999999999}",
                "{\"data\":\"***\",\"id\":\"1\",\"until\":9999999999}",
                "{\"data\":\"eA==\",\"id\":\"-1\",\"until\":9999999999}",
                "{\"data\":\"eA==\",\"id\":\"18446744073709551616\",\"until\":9999999999}",
                "{\"data\":\"eA==\",\"id\":\"1\"}",
                "{\"data\":\"eA==\",\"id\":\"1\",\"until\":\"soon\"}",
                "{\"data\":\"eA==\",\"id\":\"1\",\"until\":1}",
                "{\"data\":\"eA==\",\"id\":\"1\",\"until\":-1e300}",
                "{\"a\":".repeat(7_000)))
            assertEquals(400, post(alice, body).statusCode(), body.substring(0, Math.min(80, body.length())));
        assertEquals(List.of(), stored());
    }

    @Test
    void aDeviceThatWritesTooOftenIsToldWhenToComeBack() throws Exception {
        for (int i = 0; i < 20; i++) assertEquals(200, post(alice, body("x")).statusCode());
        var refused = post(alice, body("y"));
        assertEquals(429, refused.statusCode());
        assertEquals("10", refused.headers().firstValue("retry-after").orElse(""));
        assertEquals(200, post(server().devices.of(ALICE), body("other device")).statusCode());
        server().clock.pass(Duration.ofSeconds(10));
        assertEquals(200, post(alice, body("z")).statusCode());
    }

    @Test
    void aDevicePublishesOnlyWithinItsQuota() throws Exception {
        for (int i = 0; i < 8; i++)
            assertEquals(
                    200,
                    post(alice, body(String.valueOf(i), "x", server().now() + 60))
                            .statusCode());
        var refused = post(alice, body("8", "x", server().now() + 60));
        assertEquals(429, refused.statusCode());
        assertTrue(refused.headers().firstValue("retry-after").isPresent());
        assertEquals(
                200, post(alice, body("7", "replaced", server().now() + 60)).statusCode());
        assertEquals(1, server().counted(DhtRoutes.Outcome.REFUSED_QUOTA));
    }

    @Test
    void aDeviceReplacesItsOwnValueAndNobodyElses() throws Exception {
        assertEquals(200, post(alice, body("first")).statusCode());
        assertEquals(200, post(alice, body("second")).statusCode());
        var mallory = server().devices.of(ALICE);
        assertEquals(200, post(mallory, body("impostor")).statusCode());
        assertEquals(List.of("impostor", "second"), stored().stream().sorted().toList());
    }

    @Test
    void aHostileDeviceHidesNobodysValue() throws Exception {
        assertEquals(200, post(alice, body("genuine")).statusCode());
        var mallory = server().devices.of("mallory@example.net");
        for (int i = 0; i < 8; i++) {
            String body = body(String.valueOf(i), "junk".repeat(8000), server().now() + 26 * 3600);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            var claims = server().claims("mallory@example.net", "POST", PATH, bytes);
            assertEquals(
                    200,
                    send("POST", PATH, body, StoreServer.signed(mallory, claims))
                            .statusCode());
        }
        assertEquals("genuine", stored().getFirst());
    }

    @Test
    void whenTheStoreIsAwayTheValueIsKeptAndPutLater() throws Exception {
        Objects.requireNonNull(store).away = true;
        var answer = post(alice, body("patient"));
        assertEquals(502, answer.statusCode());
        assertTrue(answer.body().contains("kept and will be put later"), answer.body());
        assertEquals(502, send("GET", PATH, "", "").statusCode());
        store.away = false;
        assertEquals(List.of(), stored());
        server().clock.pass(Duration.ofSeconds(11));
        for (int i = 0; i < 200 && stored().isEmpty(); i++) Thread.sleep(50);
        assertEquals(List.of("patient"), stored());
        assertEquals(1, server().counted(DhtRoutes.Outcome.PUT_LATER));
    }

    @Test
    void anotherPeersUsersAreKeptApartByWhatItCallsThem() throws Exception {
        try (var remote = new RemoteDht(
                server().base(), server().otherPeer(server().devices.peer(), StoreServer.JOIN))) {
            remote.put(KEY, new Dht.Value(1, Dht.Owner.local("u1"), new byte[] {'a'}), Duration.ofHours(1));
            remote.put(KEY, new Dht.Value(1, Dht.Owner.local("u2"), new byte[] {'b'}), Duration.ofHours(1));
            remote.put(KEY, new Dht.Value(1, Dht.Owner.local("u1"), new byte[] {'c'}), Duration.ofHours(1));
        }
        assertEquals(List.of("b", "c"), stored().stream().sorted().toList());
    }

    private HttpResponse<String> delete(Keys.Held key, String path) throws Exception {
        var claims = server().claims(ALICE, "DELETE", path, new byte[0]);
        return send("DELETE", path, "", StoreServer.signed(key, claims));
    }

    @Test
    void aDeviceTakesItsOwnValueBackForGood() throws Exception {
        assertEquals(200, post(alice, body("first")).statusCode());
        assertEquals(
                200, post(alice, body("2", "second", server().now() + 3600)).statusCode());
        var answer = delete(alice, PATH + "?id=1");
        assertEquals(200, answer.statusCode(), answer.body());
        assertEquals("{\"id\":\"1\"}", answer.body());
        assertEquals(List.of("second"), stored());
        assertEquals(1, server().publications.size());
        server().clock.pass(Duration.ofHours(7));
        assertEquals(200, delete(alice, PATH + "?id=1").statusCode(), "again");
        assertEquals(200, delete(alice, PATH + "?id=2").statusCode());
        assertEquals(List.of(), stored());
        assertEquals(0, server().publications.size());
        assertEquals(3, server().counted(DhtRoutes.Outcome.REMOVED));
    }

    @Test
    void nobodyTakesAnothersValueAway() throws Exception {
        assertEquals(200, post(alice, body("genuine")).statusCode());
        var other = server().devices.of(ALICE);
        assertEquals(200, delete(other, PATH + "?id=1").statusCode(), "as if nothing were there");
        try (var remote = new RemoteDht(
                server().base(), server().otherPeer(server().devices.peer(), StoreServer.JOIN))) {
            remote.remove(KEY, Dht.Owner.local("alice"), 1);
        }
        assertEquals(List.of("genuine"), stored());
        assertEquals(401, send("DELETE", PATH + "?id=1", "", "").statusCode());
        // A signature for one id, method or body is none for another.
        var claims = server().claims(ALICE, "DELETE", PATH + "?id=2", new byte[0]);
        assertEquals(
                401,
                send("DELETE", PATH + "?id=1", "", StoreServer.signed(alice, claims))
                        .statusCode());
        claims = server().claims(ALICE, "POST", PATH + "?id=1", new byte[0]);
        assertEquals(
                401,
                send("DELETE", PATH + "?id=1", "", StoreServer.signed(alice, claims))
                        .statusCode());
        claims = server().claims(ALICE, "DELETE", PATH + "?id=1", new byte[0]);
        assertEquals(
                401,
                send("DELETE", PATH + "?id=1", "{}", StoreServer.signed(alice, claims))
                        .statusCode());
        String signed = StoreServer.signed(alice, claims);
        assertEquals(200, send("DELETE", PATH + "?id=1", "", signed).statusCode());
        assertEquals(403, send("DELETE", PATH + "?id=1", "", signed).statusCode(), "replayed");
        assertEquals(List.of(), stored());
    }

    @Test
    void aRemovalThatNamesNoIdIsRefused() throws Exception {
        for (String query : List.of("", "?id=", "?id=-1", "?id=1&id=2", "?id=18446744073709551616", "?id=1x", "?ID=1"))
            assertEquals(400, delete(alice, PATH + query).statusCode(), query);
        assertEquals(400, delete(alice, PATH + "/listen?id=1").statusCode());
        assertEquals(413, send("DELETE", PATH + "?id=1", "x".repeat(2000), "").statusCode());
    }

    @Test
    void whenTheStoreIsAwayARemovalIsToBeRepeatedAndTheValueIsNotPutAgain() throws Exception {
        assertEquals(200, post(alice, body("x")).statusCode());
        Objects.requireNonNull(store).away = true;
        var answer = delete(alice, PATH + "?id=1");
        assertEquals(502, answer.statusCode());
        assertTrue(answer.body().contains("Try again later"), answer.body());
        assertEquals(0, server().publications.size());
        store.away = false;
        assertEquals(200, delete(alice, PATH + "?id=1").statusCode());
        assertEquals(List.of(), stored());
    }

    @Test
    void aPathThatIsNoKeyIsRefused() throws Exception {
        for (String path : List.of(
                "/key/",
                "/key/abc",
                PATH + "0",
                PATH + "/",
                PATH + "/x",
                "/key/" + "G0".repeat(20),
                "/key/" + "AB".repeat(20),
                "/key/%35a" + "5a".repeat(19))) {
            assertEquals(400, send("GET", path, "", "").statusCode(), path);
            assertEquals(400, send("POST", path, body("x"), "").statusCode(), path);
        }
        assertEquals(400, send("POST", PATH + "/listen", body("x"), "").statusCode());
    }

    @Test
    void otherMethodsAreRefusedAndThoseThatWorkAreNamed() throws Exception {
        for (String method : List.of("PUT", "PATCH", "SUBSCRIBE", "FOO")) {
            var answer = send(method, PATH, "", "");
            assertEquals(405, answer.statusCode(), method);
            var allowed = Arrays.stream(
                            answer.headers().firstValue("allow").orElse("").split(", "))
                    .sorted()
                    .toList();
            assertEquals(List.of("DELETE", "GET", "POST"), allowed);
        }
        assertEquals(404, send("GET", "/keys", "", "").statusCode());
        assertEquals(404, send("OPTIONS", "/keys", "", "").statusCode());
    }

    @Test
    void headAnswersAsGetWithoutTheBody() throws Exception {
        assertEquals(200, post(alice, body("x")).statusCode());
        for (String path : List.of(PATH, PATH + "/listen")) {
            var answer = send("HEAD", path, "", "");
            assertEquals(200, answer.statusCode());
            assertEquals("", answer.body());
        }
    }

    @Test
    void aPageOfAnyOriginMayAskAndSendNoCredentials() throws Exception {
        var preflight = send("OPTIONS", PATH, "", "");
        assertEquals(204, preflight.statusCode());
        var headers = preflight.headers();
        assertEquals("*", headers.firstValue("access-control-allow-origin").orElse(""));
        assertEquals(
                "authorization, content-type",
                headers.firstValue("access-control-allow-headers").orElse(""));
        String methods = headers.firstValue("access-control-allow-methods").orElse("");
        assertTrue(methods.contains("POST") && methods.contains("DELETE"), methods);
        for (var answer :
                List.of(preflight, send("GET", PATH, "", ""), post(alice, body("x")), send("GET", "/", "", ""))) {
            assertEquals(
                    "*",
                    answer.headers().firstValue("access-control-allow-origin").orElse(""));
            assertTrue(answer.headers()
                    .firstValue("access-control-expose-headers")
                    .orElse("")
                    .contains("Date"));
            assertFalse(answer.headers()
                    .firstValue("access-control-allow-credentials")
                    .isPresent());
        }
    }

    @Test
    void theStoreSaysHowItIs() throws Exception {
        assertEquals(
                "{\"engine\":\"starling\",\"health\":\"ok\"}",
                send("GET", "/node/info", "", "").body());
        assertNotEquals("", server().key.id().hex());
    }
}
