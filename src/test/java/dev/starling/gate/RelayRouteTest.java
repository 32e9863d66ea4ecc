package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.StandingClock;
import dev.starling.identity.Keys;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who is told of the relays of a peer: docs/protocols/sip.md, section 1.
class RelayRouteTest {
    private static final String ALICE = "alice@example.net";
    private static final List<String> URIS = List.of("turn:192.0.2.1:3478?transport=udp");

    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private @org.jspecify.annotations.Nullable StoreServer opened;

    @BeforeEach
    void open() throws Exception {
        Path place = Objects.requireNonNull(folder);
        opened = new StoreServer(StoreServer.store(place, new StandingClock()), place, StoreServer.JOIN);
        new RelayRoute(
                        server().authority,
                        (device, domain) -> new RelayRoute.Grant(URIS, device + " of " + domain, "word", 60))
                .mount(server().routes);
    }

    @AfterEach
    void close() {
        server().close();
        http.close();
    }

    private StoreServer server() {
        return Objects.requireNonNull(opened);
    }

    private HttpResponse<String> ask(Optional<String> authorization) throws Exception {
        var request =
                HttpRequest.newBuilder(server().base().resolve("/relay")).POST(HttpRequest.BodyPublishers.noBody());
        authorization.ifPresent(value -> request.header("Authorization", value));
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> ask(Keys.Held device, String address) throws Exception {
        return ask(Optional.of(StoreServer.signed(device, claims(address, "/relay"))));
    }

    private Map<String, Object> claims(String address, String path) {
        return server().claims(address, "POST", path, new byte[0]);
    }

    private static String name(HttpResponse<String> answer) throws Exception {
        assertEquals(200, answer.statusCode(), answer.body());
        return JSONObjectUtils.getString(JSONObjectUtils.parse(answer.body()), "username");
    }

    @Test
    void aDeviceIsToldWhereAndHowLong() throws Exception {
        var answer = ask(server().devices.of(ALICE), ALICE);
        var json = JSONObjectUtils.parse(answer.body());
        assertEquals(URIS, JSONObjectUtils.getStringList(json, "uris"));
        assertEquals("word", JSONObjectUtils.getString(json, "password"));
        assertEquals(60, JSONObjectUtils.getInt(json, "ttl"));
        assertTrue(name(answer).endsWith(" of example.net"), name(answer));
        assertFalse(answer.body().contains("alice"));
    }

    @Test
    void eachDeviceHasItsShare() throws Exception {
        var one = server().devices.of(ALICE);
        assertEquals(name(ask(one, ALICE)), name(ask(one, ALICE)));
        assertNotEquals(name(ask(one, ALICE)), name(ask(server().devices.of(ALICE), ALICE)));
    }

    @Test
    void nobodyElseIs() throws Exception {
        assertEquals(401, ask(Optional.empty()).statusCode());
        assertEquals(401, ask(Optional.of("PASSporT nonsense")).statusCode());
        var eve = server().devices.of("eve@example.net");
        assertNotEquals(200, ask(eve, ALICE).statusCode(), "with another name than that of the certificate");
        var alice = server().devices.of(ALICE);
        var elsewhere = StoreServer.signed(alice, claims(ALICE, "/key/" + "5a".repeat(20)));
        assertNotEquals(200, ask(Optional.of(elsewhere)).statusCode(), "signed for another path");
        var once = StoreServer.signed(alice, claims(ALICE, "/relay"));
        assertEquals(200, ask(Optional.of(once)).statusCode());
        assertNotEquals(200, ask(Optional.of(once)).statusCode(), "replayed");
        var peer = WriteAuthority.join(
                server().devices.peer(),
                server().key.id().peerUri(),
                StoreServer.JOIN,
                server().now(),
                "POST",
                "/relay",
                new byte[0]);
        assertEquals(403, ask(Optional.of(peer)).statusCode(), "another peer has its own");
    }

    @Test
    void whoAsksAllTheTimeMustWait() throws Exception {
        var alice = server().devices.of(ALICE);
        HttpResponse<String> last = ask(alice, ALICE);
        for (int i = 0; i < 100 && last.statusCode() == 200; i++) last = ask(alice, ALICE);
        assertEquals(429, last.statusCode());
        assertTrue(last.headers().firstValue("Retry-After").isPresent());
    }
}
