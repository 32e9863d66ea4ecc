package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.Tile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Each thing that can be wrong with a log is found, for its own reason and at its own place.
class AuditTest {
    private static final int SIZE = 70_000;

    private static List<String> findings(LogReader log, byte[]... seen) {
        return findings(log, Logs.POLICY, seen);
    }

    private static List<String> findings(LogReader log, LogPolicy policy, byte[]... seen) {
        return Audit.run(log, policy, List.of(seen), _ -> {}).findings().stream()
                .map(f -> f.reason() + " " + f.at())
                .toList();
    }

    @Test
    void aGoodLogOfAnySizeIsGood() throws Exception {
        for (int size : new int[] {0, 1, 255, 256, 257, 512, 1000}) {
            var told = new ArrayList<Long>();
            Audit.Report report = Audit.run(Logs.of(size), Logs.POLICY, List.of(), told::add);
            assertEquals(List.of(), report.findings());
            assertTrue(report.isGood());
            assertEquals(size, report.entries());
            assertEquals((size + 255) / 256, told.size());
            if (size > 0) assertEquals(size, told.getLast());
        }
    }

    @Test
    void aLargeLogIsGoodAndOneAlteredBitOfEachKindOfTileIsNot() throws Exception {
        MemoryLog store = Logs.of(SIZE);
        assertEquals(List.of(), findings(store));
        int entry = 2 + LogEntry.BYTES;
        for (var c : List.of(
                new Altered(Tile.ENTRIES, 3, 9 * entry + 40, List.of("altered-entry 777")),
                new Altered(Tile.ENTRIES, 273, 7 * entry + 40, List.of("altered-entry 69895")),
                new Altered(Tile.ENTRIES, 3, 2, List.of("altered-entry 768", "malformed-entry 768")),
                new Altered(
                        0,
                        3,
                        9 * 32,
                        List.of("altered-entry 777", "altered-tile 768", "altered-tile 0", "altered-tree 70000")),
                new Altered(0, 273, 32, List.of("altered-entry 69889", "altered-tree 70000")),
                new Altered(1, 0, 5 * 32, List.of("altered-tile 1280")),
                new Altered(1, 1, 5 * 32, List.of("altered-tile 66816")),
                new Altered(2, 0, 7, List.of("altered-tile 0")))) {
            store.alter(c.level, c.index, c.at);
            assertEquals(c.found, findings(store), c.toString());
            store.alter(c.level, c.index, c.at);
        }
        assertEquals(List.of(), findings(store));
    }

    private record Altered(int level, long index, int at, List<String> found) {}

    @Test
    void whatIsMissingIsNamed() throws Exception {
        for (int level : new int[] {Tile.ENTRIES, 0}) {
            MemoryLog store = Logs.of(600);
            store.lose(level, 1);
            Audit.Report report = Audit.run(store, Logs.POLICY, List.of(), _ -> {});
            assertEquals("missing", report.findings().getLast().reason());
            assertEquals(256, report.findings().getLast().at());
            assertEquals(256, report.entries());
        }
        MemoryLog store = Logs.of(600);
        store.lose(1, 0);
        assertEquals(List.of("missing 0"), findings(store));
        assertEquals(List.of("missing 0"), findings(new MemoryLog()));
    }

    @Test
    void whatIsNoTileAndNoBundleIsMalformed() throws Exception {
        MemoryLog store = Logs.of(300);
        for (int level : new int[] {Tile.ENTRIES, 0, 1}) {
            LogReader cut = new LogReader() {
                @Override
                public byte[] checkpoint() throws IOException {
                    return store.checkpoint();
                }

                @Override
                public byte[] tile(Tile tile) throws IOException {
                    byte[] bytes = store.tile(tile);
                    return tile.level() == level ? Arrays.copyOf(bytes, bytes.length - 1) : bytes;
                }
            };
            String found = String.join(", ", findings(cut));
            assertEquals(level == Tile.ENTRIES ? "malformed 0, malformed 256" : "malformed 0", found);
        }
    }

    @Test
    void aForkedHeadThatAnybodySawIsFound() throws Exception {
        MemoryLog shown = Logs.of(600);
        var fork = new MemoryLog();
        var forked = new Log(Logs.LOG, fork);
        byte[] before = Logs.publish(forked, Logs.entries(0, 300)).bytes();
        byte[] hidden = Logs.publish(forked, List.of(Logs.entry("victim", -1))).bytes();
        byte[] longer = Logs.publish(forked, Logs.entries(300, 599)).bytes();
        assertEquals(List.of(), findings(shown, before), "up to there they are one");
        assertEquals(List.of("forked 301"), findings(shown, before, hidden));
        assertEquals(List.of("forked 600"), findings(shown, longer));
        assertEquals(
                List.of("forked 301"),
                findings(shown, hidden, hidden.clone()).stream().distinct().toList());
    }

    @Test
    void aTreeThatShrankIsFound() throws Exception {
        byte[] seen = Logs.of(301).checkpoint();
        assertEquals(List.of("smaller-tree 301"), findings(Logs.of(300), seen));
    }

    @Test
    void anEntryUnderTheHeadThatIsNotShownIsFound() throws Exception {
        // The head is over 300 entries with the victim's; shown are those without it and one that fills its place.
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        Logs.publish(log, Logs.entries(0, 200));
        Logs.publish(log, List.of(Logs.entry("victim", -1)));
        byte[] head = Logs.publish(log, Logs.entries(200, 299)).bytes();
        assertEquals(List.of("altered-tree 300"), findings(showing(Logs.of(300), head)));
        assertEquals(
                "missing",
                Audit.run(showing(Logs.of(299), head), Logs.POLICY, List.of(), _ -> {})
                        .findings()
                        .getLast()
                        .reason());
    }

    @Test
    void theHeadMustBeBelieved() throws Exception {
        MemoryLog store = Logs.of(10);
        var witness = NoteSigner.of("w.example", NoteKey.Kind.WITNESS, NoteSigner.newSeed());
        var strict = new LogPolicy(Logs.LOG.key(), List.of(witness.key()), 1);
        assertEquals(List.of("too-few-witnesses 10"), findings(store, strict));
        var stranger = NoteSigner.of(Logs.LOG.key().name(), NoteKey.Kind.LOG, NoteSigner.newSeed());
        byte[] strangers = Checkpoint.signed(stranger, store.head()).bytes();
        assertEquals(List.of("not-signed 10"), findings(showing(store, strangers)));
        assertEquals(List.of("malformed 0"), findings(showing(store, new byte[] {1, 2, 3})));
        assertEquals(List.of("not-signed 10"), findings(store, strangers), "a head that somebody else invented");
        assertEquals(List.of("malformed 0"), findings(store, new byte[3]));
    }

    @Test
    void ofVeryManyFindingsTheFirstAreTold() throws Exception {
        MemoryLog store = Logs.of(600);
        for (int i = 0; i < 200; i++) store.alter(Tile.ENTRIES, 0, i * (2 + LogEntry.BYTES) + 50);
        assertEquals(Audit.MAX_FINDINGS, findings(store).size());
    }

    /// The tiles of one log under the head of another.
    static LogReader showing(MemoryLog tiles, byte[] head) {
        return new LogReader() {
            @Override
            public byte[] checkpoint() {
                return head;
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                return tiles.tile(tile);
            }
        };
    }
}
