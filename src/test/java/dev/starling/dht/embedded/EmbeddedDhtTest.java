package dev.starling.dht.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht;
import dev.starling.dht.Dht.Owner;
import dev.starling.dht.DhtException;
import dev.starling.dht.StoreContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDhtTest extends StoreContract {
    private static final Bounds SMALL = new Bounds(600, 4 << 20, 256, 1 << 20, 400, 2 << 20, 3 << 20, 8 << 20);

    private final StandingClock clock = new StandingClock();

    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private @org.jspecify.annotations.Nullable EmbeddedDht dht;

    private Path file() {
        return Objects.requireNonNull(folder).resolve("dht.db");
    }

    @BeforeEach
    void open() throws DhtException {
        dht = new EmbeddedDht(file(), SMALL, clock);
    }

    @AfterEach
    void close() {
        dht().close();
    }

    @Override
    protected EmbeddedDht dht() {
        return Objects.requireNonNull(dht);
    }

    @Override
    protected void pass(Duration time) {
        clock.pass(time);
        dht().sweep();
    }

    private static String key(int i) {
        return String.format("%040x", i);
    }

    private void put(Owner owner, int key, int id, int size) throws DhtException {
        dht().put(key(key), new Dht.Value(id, owner, new byte[size]), HOUR);
    }

    private static int refused(org.junit.jupiter.api.function.Executable put) {
        return assertThrows(DhtException.class, put).status();
    }

    @Test
    void aRestartKeepsEveryValueAndEveryQuota() throws DhtException {
        for (int i = 0; i < 400; i++) put(Owner.local("a"), i % 4, i, 100);
        dht().close();
        open();
        assertEquals(400, dht().size());
        assertEquals(429, refused(() -> put(Owner.local("a"), 9, 1, 100)));
        put(Owner.local("a"), 0, 0, 200);
    }

    @Test
    void oneUserStoresOnlySoManyAndOnlySoMuch() throws DhtException {
        for (int i = 0; i < 64; i++) put(Owner.local("greedy"), i, 1, 32 * 1024);
        assertEquals(429, refused(() -> put(Owner.local("greedy"), 99, 1, 32 * 1024)));
        put(Owner.local("modest"), 99, 1, 10);
        for (int i = 0; i < 256; i++) put(Owner.local("many"), 7, i, 10);
        assertEquals(429, refused(() -> put(Owner.local("many"), 7, 256, 10)));
        put(Owner.local("many"), 7, 255, 20);
        put(Owner.local("many"), 8, 256, 10);
    }

    @Test
    void whatIsRemovedMakesRoomInEveryQuota() throws DhtException {
        for (int i = 0; i < 64; i++) put(Owner.local("greedy"), i, 1, 32 * 1024);
        assertEquals(429, refused(() -> put(Owner.local("greedy"), 99, 1, 32 * 1024)));
        dht().remove(key(7), Owner.local("greedy"), 1);
        put(Owner.local("greedy"), 99, 1, 32 * 1024);
        dht().close();
        open();
        assertEquals(64, dht().size());
        assertEquals(429, refused(() -> put(Owner.local("greedy"), 7, 1, 32 * 1024)));
    }

    @Test
    void anotherPeersUsersTogetherHaveABound() throws DhtException {
        for (int i = 0; i < 96; i++) put(new Owner("other", "user" + i), i, 1, 32 * 1024);
        assertEquals(429, refused(() -> put(new Owner("other", "one more"), 0, 1, 32 * 1024)));
        put(Owner.local("ours"), 0, 1, 32 * 1024);
    }

    @Test
    void aPeerThatInventsUsersFillsAKeyAndStillMakesRoomForOthers() throws DhtException {
        for (int i = 0; i < 600; i++) put(new Owner("hostile", "invented" + i), 0, i, 10);
        put(Owner.local("alice"), 0, 1, 1024);
        put(new Owner("honest", "bob"), 0, 1, 1024);
        assertEquals(429, refused(() -> put(new Owner("hostile", "again"), 0, 1, 10)));
        var first = new java.util.ArrayList<Owner>();
        dht().lookup(key(0), new Dht.Limits(Duration.ofSeconds(5), 3, 1 << 20), v -> !first.add(v.owner()));
        assertTrue(first.contains(Owner.local("alice")), first.toString());
        assertTrue(first.contains(new Owner("honest", "bob")), first.toString());
    }

    @Test
    void whenTheStoreIsFullWhoStoresMostMakesRoomForWhoStoresLittle() throws DhtException {
        for (int user = 0; user < 4; user++)
            for (int i = 0; i < 64; i++) put(Owner.local("greedy" + user), 100 * user + i, 1, 32 * 1024);
        assertEquals(256, dht().size());
        put(Owner.local("alice"), 5000, 1, 32 * 1024);
        assertEquals(256, dht().size());
        assertEquals(503, refused(() -> {
            for (int i = 0; i < 64; i++) put(Owner.local("fifth"), 6000 + i, 1, 32 * 1024);
        }));
        assertEquals(1, dht().size() - countOf("greedy") - countOf("fifth"));
    }

    private long countOf(String prefix) throws DhtException {
        long n = 0;
        for (int i = 0; i < 6100; i++) {
            var here = new java.util.ArrayList<Owner>();
            dht().lookup(key(i), Dht.Limits.USUAL, v -> !here.add(v.owner()));
            n += here.stream().filter(o -> o.user().startsWith(prefix)).count();
        }
        return n;
    }

    @Test
    void whatMadeRoomIsToldToItsWatchers() throws Exception {
        for (int i = 0; i < 600; i++) dht().put(KEY, value(i, "hostile" + i % 3, "junk"), HOUR);
        var told = new Told();
        try (var _ = dht().watch(KEY, told)) {
            assertEquals(600, told.untilComplete().size());
            dht().put(KEY, value(1, "alice", "genuine"), HOUR);
            assertEquals("gone junk", told.next());
            assertEquals("genuine", told.next());
        }
    }

    @Test
    void aDamagedFileIsReportedWithWhatToDo() throws IOException {
        dht().close();
        Files.write(file(), new byte[8192]);
        Files.writeString(file(), "this is no database");
        var refused = assertThrows(DhtException.class, this::open);
        assertEquals(503, refused.status());
        assertTrue(String.valueOf(refused.getMessage()).contains("move it away"), refused.getMessage());
    }

    @Test
    void theFirstVersionsValuesAreTakenOver() throws SQLException, DhtException {
        dht().close();
        Path old = Objects.requireNonNull(folder).resolve("old.db");
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + old);
                var s = db.createStatement()) {
            s.execute("create table value (key text, owner text, id integer, data blob, expires integer,"
                    + " primary key (key, owner, id)) without rowid");
            long expires = clock.instant().getEpochSecond() + 100;
            s.execute("insert into value values ('" + KEY + "', 'a', 1, x'6f6c64', " + expires + ")");
        }
        dht = new EmbeddedDht(old, SMALL, clock);
        assertEquals(List.of("old"), all());
        assertEquals(1, dht().size());
    }
}
