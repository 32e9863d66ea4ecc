package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.EntryBundle;
import dev.starling.identity.log.Frontier;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// A log that grows: its tiles, heads and proofs, one writer or several.
@org.jspecify.annotations.NullUnmarked
class LogTest {
    @Test
    void aLogOfAnySizeGrownInAnyBatchesIsTheSame() throws Exception {
        var random = new Random(20261130);
        var store = new MemoryLog();
        var edge = new Frontier();
        int size = 0;
        while (size < 1500) {
            int more = random.nextInt(4) == 0 ? random.nextInt(600) : 1 + random.nextInt(3);
            List<Long> indices = new Log(Logs.LOG, store).append(Logs.entries(size, size + more));
            for (int i = 0; i < more; i++) {
                assertEquals(size + i, indices.get(i));
                edge.add(Logs.entry(size + i).leafHash());
            }
            size += more;
            assertEquals(edge.head(), store.head());
        }
        MemoryLog atOnce = Logs.of(size);
        assertEquals(atOnce.head(), store.head());
        for (int level = Tile.ENTRIES; level < 2; level++)
            for (long index = 0; Tile.widthIn(size, level, index) > 0; index++) {
                var tile = new Tile(level, index, Tile.widthIn(size, level, index));
                assertArrayEquals(atOnce.tile(tile), store.tile(tile), tile.path());
            }
        assertEquals(0, store.tiles(2), "no tile that is not needed");
    }

    @Test
    void everyWidthThatATileEverHadCanBeRead() throws Exception {
        MemoryLog store = Logs.of(300);
        for (int width = 1; width <= 256; width++) {
            List<byte[]> entries = EntryBundle.parse(store.tile(new Tile(Tile.ENTRIES, 0, width)), width);
            assertEquals(Logs.entry(width - 1), LogEntry.parse(entries.getLast()));
            assertEquals(width * 32, store.tile(new Tile(0, 0, width)).length);
        }
        assertThrows(IOException.class, () -> store.tile(new Tile(Tile.ENTRIES, 1, 45)));
        assertThrows(IOException.class, () -> store.tile(new Tile(0, 1, 45)));
        assertThrows(IOException.class, () -> store.tile(new Tile(0, 2, 1)));
    }

    @Test
    void everyEntryHasAProofUnderEveryHead() throws Exception {
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        var heads = new ArrayList<Checkpoint>();
        for (int size : new int[] {1, 2, 255, 256, 257, 300}) {
            heads.add(Logs.publish(log, Logs.entries(0, size)));
            for (Checkpoint head : heads) {
                for (long index = 0; index < head.head().size(); index += 17) {
                    LogProof proof = LogProof.parse(log.proof(index, head).bytes());
                    assertEquals(Logs.entry((int) index), proof.entry());
                    assertTrue(Merkle.includes(head.head(), index, proof.entry().leafHash(), proof.path()));
                }
                assertTrue(Merkle.isExtended(
                        head.head(), store.head(), log.consistency(head.head().size(), size)));
            }
        }
    }

    @Test
    void whatIsInTheLogIsNotAddedAgain() throws Exception {
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        assertEquals(List.of(0L, 1L, 0L), log.append(List.of(Logs.entry(0), Logs.entry(1), Logs.entry(0))));
        assertEquals(List.of(1L, 2L, 0L), log.append(List.of(Logs.entry(1), Logs.entry(2), Logs.entry(0))));
        assertEquals(List.of(2L), log.append(List.of(Logs.entry(2))));
        assertEquals(3, store.head().size());
    }

    @Test
    void manyWritersOfOneStoreLoseNothingAndFillEachPlaceOnce() throws Exception {
        var store = new MemoryLog();
        var signed = new HashSet<String>();
        try (var threads = Executors.newFixedThreadPool(4)) {
            var all = new ArrayList<Future<List<Long>>>();
            for (int w = 0; w < 4; w++) {
                int writer = w;
                all.add(threads.submit(() -> {
                    var log = new Log(Logs.LOG, store);
                    var indices = new ArrayList<Long>();
                    // Every entry is written by two of them.
                    for (int i = 0; i < 150; i++) {
                        indices.addAll(log.append(List.of(Logs.entry(writer / 2 * 1000 + i))));
                        Checkpoint head = log.sign();
                        synchronized (signed) {
                            signed.add(head.head().size() + " " + head.head());
                        }
                        log.release(head);
                    }
                    return indices;
                }));
            }
            var places = new HashSet<Long>();
            for (var each : all) places.addAll(each.get());
            assertEquals(300, places.size());
            assertEquals(all.get(0).get(), all.get(1).get());
        }
        assertEquals(300, store.head().size());
        assertEquals(
                signed.size(),
                signed.stream().map(s -> s.split(" ")[0]).distinct().count(),
                "one head a size");
        assertEquals(store.head(), Checkpoint.parse(store.checkpoint()).head());
        assertTrue(Audit.run(store, Logs.POLICY, List.of(), _ -> {}).isGood());
    }

    @Test
    void theHeadThatEverybodyGetsNeverShrinks() throws Exception {
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        Checkpoint small = Logs.publish(log, Logs.entries(0, 3));
        Checkpoint large = Logs.publish(log, Logs.entries(3, 5));
        log.release(small);
        assertArrayEquals(large.bytes(), store.checkpoint());
    }

    @Test
    void nothingIsReleasedThatTheLogDidNotSign() throws Exception {
        var store = Logs.of(5);
        var log = new Log(Logs.LOG, store);
        var other = NoteSigner.of("ca.example/log", NoteKey.Kind.LOG, NoteSigner.newSeed());
        var foreign = NoteSigner.of("other.example/log", NoteKey.Kind.LOG, NoteSigner.newSeed());
        assertThrows(IOException.class, () -> log.release(Checkpoint.signed(other, store.head())));
        assertThrows(IOException.class, () -> log.release(Checkpoint.signed(foreign, store.head())));
        var invented = Checkpoint.signed(Logs.LOG, new TreeHead(5, Logs.hash("nothing")));
        assertThrows(IOException.class, () -> log.release(invented));
        assertThrows(
                IOException.class,
                () -> log.release(Checkpoint.signed(Logs.LOG, Logs.of(6).head())));
        assertEquals(5, Checkpoint.parse(store.checkpoint()).head().size());
    }

    @Test
    void nothingIsBuiltOnADamagedStore() throws Exception {
        for (int level = Tile.ENTRIES; level <= 1; level++) {
            MemoryLog store = Logs.of(300);
            var running = new Log(Logs.LOG, store);
            // Of entries a byte of the first one, behind its length; of hashes one of the last tile.
            store.alter(level, level == 1 ? 0 : 1, 5);
            assertThrows(IOException.class, () -> running.append(Logs.entries(300, 301)), "level " + level);
            assertEquals(300, store.head().size());
            if (level >= 0) assertThrows(IOException.class, () -> new Log(Logs.LOG, store), "level " + level);
        }
        MemoryLog lost = Logs.of(300);
        var running = new Log(Logs.LOG, lost);
        lost.lose(0, 1);
        assertThrows(IOException.class, () -> running.append(Logs.entries(300, 301)));
    }

    @Test
    void anOldCopyOfTheTilesIsNotSigned() throws Exception {
        MemoryLog old = Logs.of(5);
        old.release(6, Logs.of(6).checkpoint());
        assertThrows(IOException.class, () -> new Log(Logs.LOG, old));
    }

    @Test
    void aStoreThatAlwaysChangesGivesUpInTheEnd() throws Exception {
        var store = new MemoryLog() {
            @Override
            public boolean grow(Growth growth) {
                return false;
            }
        };
        assertThrows(IOException.class, () -> new Log(Logs.LOG, store).append(Logs.entries(0, 1)));
    }
}
