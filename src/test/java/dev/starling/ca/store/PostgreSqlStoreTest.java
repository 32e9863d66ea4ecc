package dev.starling.ca.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// The store on a real PostgreSQL server.
class PostgreSqlStoreTest extends CaStoreContract {
    private String url = "";

    @Override
    CaStore open() throws IOException {
        if (url.isEmpty()) url = PostgreSql.database();
        return CaStore.postgresql(url);
    }

    @Test
    void twoProcessesThatStartAtOnceMakeTheTablesOnce() throws Exception {
        for (int again = 0; again < 5; again++) {
            String fresh = PostgreSql.database();
            try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
                var first = all.submit(() -> CaStore.postgresql(fresh));
                var second = all.submit(() -> CaStore.postgresql(fresh));
                try (var a = first.get();
                        var b = second.get()) {
                    a.change(s -> s.accounts().add(account("a")));
                    assertTrue(b.<Boolean>in(s -> s.accounts().byId("a").isPresent()));
                }
            }
        }
    }

    /// The second one waits in the database until the first one is through, and must see then what that one made.
    @Test
    void ofTwoTransactionsThatBindByOneKeyAtOnceOneDoes() throws Exception {
        try (var store = open();
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            store.change(s -> s.externals().add("k", "Bob", NOW));
            var bound = new CountDownLatch(1);
            var go = new CountDownLatch(1);
            var first = all.submit(() -> store.<Boolean>in(s -> {
                s.accounts().add(account("a"));
                boolean done = s.externals().bind("k", "a", "said");
                bound.countDown();
                await(go);
                return done;
            }));
            await(bound);
            var second = all.submit(() -> store.<Boolean>in(s -> {
                s.accounts().add(account("b"));
                return s.externals().bind("k", "b", "said");
            }));
            PostgreSql.awaitWaiting(url, "external_account");
            go.countDown();
            assertTrue(first.get());
            assertFalse(second.get());
            assertEquals(
                    "a", store.in(s -> s.externals().find("k").orElseThrow().account()));
        }
    }

    @Test
    void aServerThatIsNotThereIsNamedWithoutItsPassword() {
        var e = assertThrows(
                IOException.class, () -> CaStore.postgresql("jdbc:postgresql://127.0.0.1:1/ca?user=ca&password=hush"));
        String said = String.valueOf(e.getMessage());
        assertTrue(said.contains("jdbc:postgresql://127.0.0.1:1/ca cannot be opened"), said);
        assertEquals(-1, said.indexOf("hush"));
    }

    @Test
    void anotherKindOfDatabaseIsRefused() {
        var e = assertThrows(IOException.class, () -> CaStore.postgresql("jdbc:mysql://127.0.0.1/ca"));
        assertTrue(String.valueOf(e.getMessage()).contains("jdbc:postgresql"));
    }
}
