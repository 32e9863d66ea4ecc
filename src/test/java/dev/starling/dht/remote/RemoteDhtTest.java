package dev.starling.dht.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.StoreContract;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.gate.DhtRoutes;
import dev.starling.gate.StoreServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

    private static String key(int number) {
        return String.format(Locale.ROOT, "%040x", number);
    }

    /// What sixty clients watch, one after the other and all at once, through the streams that one network may have.
    @Test
    void manyKeysShareFewStreamsAndEachIsToldOfItsOwn() throws Exception {
        var folder = Files.createDirectory(Objects.requireNonNull(this.folder).resolve("many"));
        var engine = new EmbeddedDht(folder.resolve("dht.db"), Bounds.USUAL, new StandingClock());
        try (var server = new StoreServer(engine, folder, StoreServer.JOIN, 256);
                var remote = new RemoteDht(server.base(), server.otherPeer(server.devices.peer(), StoreServer.JOIN))) {
            var told = new ArrayList<Told>();
            var watches = new ArrayList<Dht.Subscription>();
            for (int i = 0; i < 700; i++) engine.put(key(i), value(1, "a", "there " + i), HOUR);
            for (int i = 0; i < 700; i++) {
                told.add(new Told());
                watches.add(remote.watch(key(i), told.get(i)));
                // Now and then one alone, and 660 at once.
                if (i < 40) assertEquals(List.of("there " + i), told.get(i).untilComplete());
            }
            for (int i = 40; i < 700; i++)
                assertEquals(List.of("there " + i), told.get(i).untilComplete());
            // How many depends on how many came at once: at most the halves of 512.
            assertTrue(remote.streams() <= 10, remote.streams() + " streams");
            for (int i = 0; i < 700; i++) engine.put(key(i), value(2, "a", "new " + i), HOUR);
            for (int i = 0; i < 700; i++) assertEquals("new " + i, told.get(i).after("there " + i));
            // Those who stay are told of what goes, when the others have left.
            for (int i = 1; i < 700; i++) watches.get(i).close();
            assertTrue(remote.streams() <= 1, remote.streams() + " streams");
            engine.remove(key(0), Dht.Owner.local("a"), 2);
            String next = told.getFirst().after("there 0");
            while (next.equals("new 0")) next = told.getFirst().after("there 0");
            assertEquals("gone new 0", next);
            assertEquals(0, server.counted(DhtRoutes.Outcome.REFUSED_LISTENERS));
        }
    }

    @Test
    void aMessageForSomebodyAwayIsKeptForAWeekThoughTheOtherPeerIsGone() throws DhtException {
        dht().put(KEY, value(1, "a", "letter"), Duration.ofDays(8));
        pass(Duration.ofDays(8).minusSeconds(60));
        assertEquals(List.of("letter"), all());
        assertEquals(0, server().publications.size());
        pass(Duration.ofMinutes(2));
        assertEquals(List.of(), all());
    }
}
