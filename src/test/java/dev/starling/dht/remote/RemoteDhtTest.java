package dev.starling.dht.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.DhtException;
import dev.starling.dht.StoreContract;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.gate.DhtRoutes;
import dev.starling.gate.StoreServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Another peer's store, over the real routes, server and engine.
class RemoteDhtTest extends StoreContract {
    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private @org.jspecify.annotations.Nullable EmbeddedDht store;
    private @org.jspecify.annotations.Nullable StoreServer server;
    private @org.jspecify.annotations.Nullable RemoteDht dht;

    @BeforeEach
    void open() throws DhtException, IOException {
        // The engine reads the server's clock, which exists only with the server.
        var engine = new Deferred();
        server = new StoreServer(engine, Objects.requireNonNull(folder), StoreServer.JOIN);
        store = new EmbeddedDht(folder.resolve("dht.db"), Bounds.USUAL, server.clock);
        engine.dht = store;
        dht = new RemoteDht(server.base(), server.otherPeer(server.devices.peer(), StoreServer.JOIN));
    }

    @AfterEach
    void close() {
        dht().close();
        server().close();
    }

    @Override
    protected RemoteDht dht() {
        return Objects.requireNonNull(dht);
    }

    private StoreServer server() {
        return Objects.requireNonNull(server);
    }

    @Override
    protected void pass(Duration time) {
        clock().pass(time);
        Objects.requireNonNull(store).sweep();
    }

    private StandingClock clock() {
        return server().clock;
    }

    @Test
    void withoutTheJoinTokenNothingIsStored() {
        byte[] wrong = "a guess".getBytes(StandardCharsets.UTF_8);
        try (var stranger = new RemoteDht(
                server().base(), server().otherPeer(server().devices.peer(), wrong))) {
            var refused = assertThrows(DhtException.class, () -> stranger.put(KEY, value(1, "a", "x"), HOUR));
            assertEquals(502, refused.status());
            assertTrue(String.valueOf(refused.getMessage()).contains("join token"), refused.getMessage());
        }
        assertEquals(0, Objects.requireNonNull(store).size());
        assertEquals(1, server().counted(DhtRoutes.Outcome.REFUSED_FORBIDDEN));
    }

    @Test
    void twoPeersCannotReplaceEachOthersValues() throws DhtException {
        try (var other = new RemoteDht(
                server().base(), server().otherPeer(server().devices.peer(), StoreServer.JOIN))) {
            dht().put(KEY, value(1, "alice", "genuine"), HOUR);
            other.put(KEY, value(1, "alice", "impostor"), HOUR);
        }
        assertEquals(List.of("genuine", "impostor"), all());
    }

    @Test
    void aStoreWithANewKeyIsAskedForItsNameAgain() throws DhtException {
        var peer = server().devices.peer();
        var asked = new int[1];
        var forgetful = new RemoteDht.Authorization() {
            private boolean stale = true;

            @Override
            public String of(String method, String path, byte[] body) throws IOException {
                asked[0]++;
                return stale
                        ? "PASSporT of.another.store"
                        : server().otherPeer(peer, StoreServer.JOIN).of(method, path, body);
            }

            @Override
            public void refused() {
                stale = false;
            }
        };
        try (var remote = new RemoteDht(server().base(), forgetful)) {
            remote.put(KEY, value(1, "a", "x"), HOUR);
        }
        assertEquals(2, asked[0]);
        assertEquals(List.of("x"), all());
    }

    @Test
    void aWatchThatEndsGivesItsStreamBack() throws Exception {
        for (int i = 0; i < 2 * StoreServer.LISTENERS; i++) {
            var told = new Told();
            try (var _ = dht().watch(KEY, told)) {
                assertEquals(List.of(), told.untilComplete());
            }
        }
        dht().close();
        for (int i = 0; i < 200 && server().listeners.taken() > 0; i++) Thread.sleep(50);
        assertEquals(0, server().listeners.taken());
    }

    @Test
    void whenTheStoreIsGoneItSaysSo() {
        server().close();
        assertEquals(502, assertThrows(DhtException.class, this::all).status());
        assertEquals(
                502,
                assertThrows(DhtException.class, () -> dht().put(KEY, value(1, "a", "x"), HOUR))
                        .status());
        assertNotEquals("ok", dht().health());
    }
}
