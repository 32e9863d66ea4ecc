package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A key that signs no other past of its log, whatever the store holds.
class SignedHeadsTest {
    @TempDir
    Path folder;

    private Log log(LogStore store) throws IOException {
        return new Log(Logs.LOG, store, new SignedHeads(Optional.of(folder.resolve("log.head"))));
    }

    @Test
    void whatExtendsTheLastHeadIsSignedAndNothingElse() throws Exception {
        var store = new MemoryLog();
        var log = log(store);
        for (int size : List.of(0, 1, 2, 3, 300, 300, 1000)) {
            log.append(Logs.entries(0, size));
            assertEquals(size, log.sign().head().size());
            // Also after a start.
            log = log(store);
        }
        String kept = Files.readString(folder.resolve("log.head"));
        // A shorter one; one of the same length; a longer one that does not begin with it.
        var other = new MemoryLog();
        var forked = log(other);
        for (int size : List.of(999, 1000, 1001, 2000)) {
            forked.append(Logs.entries(1, size + 1));
            var e = assertThrows(IOException.class, forked::sign, "of " + size);
            assertTrue(String.valueOf(e.getMessage()).contains("is not the one that was signed"), e::getMessage);
        }
        var e = assertThrows(IOException.class, log(Logs.of(999))::sign);
        assertTrue(String.valueOf(e.getMessage()).contains("it had 1000 entries"), e::getMessage);
        assertEquals(kept, Files.readString(folder.resolve("log.head")));
        assertEquals(1000, log.sign().head().size());
    }

    /// Two processes with one folder, which share a store.
    @Test
    void ofTwoThatSignAtOnceNoneSeesAForkWhereNoneIs() throws Exception {
        var shared = new MemoryLog();
        var other = log(shared);
        var all = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor();
        var slow = new MemoryLog() {
            private boolean armed;

            @Override
            public dev.starling.identity.log.TreeHead head() throws IOException {
                var now = shared.head();
                if (!armed) return now;
                armed = false;
                // While this one has read it, another one adds an entry and signs.
                var signing = all.submit(() -> {
                    other.append(Logs.entries(1, 2));
                    return other.sign();
                });
                try {
                    signing.get(1, java.util.concurrent.TimeUnit.SECONDS);
                } catch (java.util.concurrent.TimeoutException e) {
                    // It waits for its turn.
                } catch (java.util.concurrent.ExecutionException | InterruptedException e) {
                    throw new IOException(e);
                }
                return now;
            }

            @Override
            public boolean grow(Growth growth) throws IOException {
                return shared.grow(growth);
            }

            @Override
            public java.util.Optional<byte[]> tile(int level, long index) throws IOException {
                return shared.tile(level, index);
            }

            @Override
            public java.util.Optional<Long> indexOf(byte[] leafHash) throws IOException {
                return shared.indexOf(leafHash);
            }
        };
        try (all) {
            var first = log(slow);
            first.append(Logs.entries(0, 1));
            slow.armed = true;
            assertEquals(1, first.sign().head().size());
        }
        assertEquals(2, other.sign().head().size());
        assertTrue(Files.readString(folder.resolve("log.head")).startsWith("2 "));
    }

    @Test
    void aDamagedMemoryStopsIt() throws Exception {
        Files.writeString(folder.resolve("log.head"), "17 nonsense\n");
        var log = log(new MemoryLog());
        assertThrows(IOException.class, log::sign);
    }
}
