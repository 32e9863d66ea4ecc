package dev.starling.ca.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the CA remembers, over versions, restarts and time.
class CaStoreTest {
    private static final long NOW = 1_790_000_000, DAY = 86_400;

    @TempDir
    Path folder;

    private CaStore open() throws IOException {
        return new CaStore(folder.resolve("ca.db"));
    }

    private static Order order(String id, String account, long created) {
        return new Order(
                id, account, "bob@example.net", Order.Status.PENDING, "p1", "p2", 0, created, created + DAY, 0, "", "");
    }

    private void sql(String... statements) throws Exception {
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var s = db.createStatement()) {
            for (String each : statements) s.execute(each);
        }
    }

    @Test
    void aDatabaseOfTheFirstVersionIsReadAndShutToOthers() throws Exception {
        sql(
                "create table account (id text primary key, thumbprint text unique, jwk text) without rowid",
                "create table acme_order (id text primary key, account text, address text, status text, part1 text,"
                        + " part2 text, tries integer, expires integer, chain text) without rowid",
                "create table mail (address text, domain text, network text, sent integer)",
                "create table certificate (serial text primary key, order_id text, address text, to_be_signed blob,"
                        + " der blob, not_after integer) without rowid",
                "insert into account values ('a', 't', '{}')",
                "insert into acme_order values ('o', 'a', 'bob@example.net', 'valid', 'x', 'y', 1, 5, 'PEM')");
        try (var store = open()) {
            assertTrue(store.accountByThumbprint("t").orElseThrow().active());
            var kept = store.order("o").orElseThrow();
            assertEquals(Order.Status.VALID, kept.status());
            assertEquals("PEM", kept.chain());
            assertEquals(0, kept.created());
            store.open(order("n", "a", NOW), "net", "");
        }
        try (var again = open()) {
            assertEquals(2, again.orders("a", NOW, 9).size());
        }
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("ca.db"))));
    }

    @Test
    void aDatabaseOfANewerVersionIsLeftAlone() throws Exception {
        open().close();
        sql("pragma user_version = 99");
        var e = assertThrows(IOException.class, this::open);
        assertTrue(String.valueOf(e.getMessage()).contains("newer version"));
    }

    @Test
    void aFileThatIsNoDatabaseIsRefusedInPlainWords() throws Exception {
        Files.writeString(folder.resolve("ca.db"), "not a database, but long enough to be looked at as one".repeat(50));
        var e = assertThrows(IOException.class, this::open);
        assertTrue(String.valueOf(e.getMessage()).contains("cannot be opened"), e::getMessage);
    }

    @Test
    void aTroubledTransactionLeavesNothing() throws Exception {
        try (var store = open()) {
            store.open(order("o", "a", NOW), "net", "");
            // The same order again: its mail is there already, so neither is written.
            assertThrows(IOException.class, () -> store.open(order("o", "b", NOW), "net", ""));
            assertEquals("a", store.order("o").orElseThrow().account());
            assertEquals(
                    1,
                    store.mails()
                            .count(MailLedger.By.ADDRESS, "bob@example.net", NOW - 1)
                            .mails());
            store.open(order("p", "b", NOW), "net", "");
        }
    }

    @Test
    void ofTwoWhoClaimAMailOneGetsIt() throws Exception {
        try (var store = open()) {
            store.open(order("o", "a", NOW), "net", "de");
            var due = store.mails().due(NOW, 9);
            assertEquals(List.of(new MailLedger.Waiting("o", "de", 0)), due);
            assertTrue(store.mails().claim(due.getFirst(), NOW + 20));
            assertFalse(store.mails().claim(due.getFirst(), NOW + 20));
            assertEquals(List.of(), store.mails().due(NOW + 19, 9));
            assertEquals(1, store.mails().due(NOW + 20, 9).getFirst().attempts());
            store.mails().wake(NOW);
            assertEquals(1, store.mails().due(NOW, 9).size());
        }
    }

    @Test
    void sweepingForgetsWhatIsOverAndNothingElse() throws Exception {
        try (var store = open()) {
            store.addAccount("idle", "t1", "{}", NOW);
            store.addAccount("busy", "t2", "{}", NOW);
            store.addAccount("gone", "t3", "{}", NOW);
            store.deactivate("gone");
            store.save(order("done", "busy", NOW).issued("PEM"));
            store.open(order("open", "busy", NOW), "net", "");
            store.sweep(NOW + DAY);
            assertTrue(store.order("open").isPresent());
            store.sweep(NOW + 31 * DAY);
            assertTrue(store.order("open").isEmpty());
            assertEquals(0, store.mails().waiting());
            assertTrue(store.order("done").isPresent());
            assertTrue(store.account("idle").isEmpty());
            assertTrue(store.account("busy").isPresent());
            // Otherwise its key would get a new account.
            assertFalse(store.account("gone").orElseThrow().active());
            assertEquals(0, store.mails().count(MailLedger.By.ALL, "", NOW - 1).mails());
        }
    }
}
