package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.Watcher;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A log of a million certificates: how large it is, how long proofs, a watch and an audit take. The table goes to
/// target/long.
@Tag("long")
class LargeLogTest {
    private static final int SIZE = 1_000_000, BATCH = 1_000, PROOFS = 2_000, SINGLE = 200;
    private final StringBuilder rows = new StringBuilder();

    private void row(String what, String measured) {
        rows.append("| log | %s | %s |\n".formatted(what, measured));
    }

    private static double millis(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    @Test
    void aMillionEntries() throws Exception {
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        long start = System.nanoTime();
        for (int i = 0; i < SIZE; i += BATCH) log.append(Logs.entries(i, i + BATCH));
        row("%,d entries in batches of %,d".formatted(SIZE, BATCH), "%.1f s".formatted(millis(start) / 1000));
        for (int level = Tile.ENTRIES; level <= 2; level++)
            row(
                    level == Tile.ENTRIES ? "bundles of entries" : "tiles of level " + level,
                    "%,d with %,d bytes".formatted(store.tiles(level), store.bytes(level)));
        Checkpoint head = log.sign();
        log.release(head);
        proofs(log, head);
        singles(log);
        audit(log, store, head);
        Files.createDirectories(Path.of("target/long"));
        Files.writeString(Path.of("target/long/log.md"), rows.toString());
        System.out.print(rows);
    }

    private void proofs(Log log, Checkpoint head) throws Exception {
        var random = new Random(20261130);
        long start = System.nanoTime();
        long bytes = 0;
        for (int i = 0; i < PROOFS; i++)
            bytes += log.proof(random.nextInt(SIZE), head).bytes().length;
        row(
                "proof of inclusion made, its bytes (log's signature only)",
                "%.3f ms, %d".formatted(millis(start) / PROOFS, bytes / PROOFS));
        LogProof proof = LogProof.parse(log.proof(SIZE / 3, head).bytes());
        start = System.nanoTime();
        for (int i = 0; i < PROOFS; i++) {
            Logs.POLICY.verify(proof.checkpoint());
            assertTrue(Merkle.includes(head.head(), SIZE / 3, proof.entry().leafHash(), proof.path()));
        }
        row("proof verified, without the owner's tag", "%.3f ms".formatted(millis(start) / PROOFS));
        start = System.nanoTime();
        for (int i = 0; i < PROOFS; i++) log.consistency(1 + random.nextInt(SIZE - 1), SIZE);
        row("proof of consistency made", "%.3f ms".formatted(millis(start) / PROOFS));
    }

    private void singles(Log log) throws Exception {
        long start = System.nanoTime();
        for (int i = 0; i < SINGLE; i++) log.append(Logs.entries(SIZE + i, SIZE + i + 1));
        row("one entry more, in memory", "%.3f ms".formatted(millis(start) / SINGLE));
        log.release(log.sign());
    }

    private void audit(Log log, MemoryLog store, Checkpoint before) throws Exception {
        long start = System.nanoTime();
        Audit.Report report = Audit.run(store, Logs.POLICY, List.of(before.bytes()), _ -> {});
        assertEquals(List.of(), report.findings());
        assertEquals(SIZE + SINGLE, report.entries());
        row("audit of all, in memory", "%.1f s".formatted(millis(start) / 1000));
        start = System.nanoTime();
        var watcher = new Watcher(store, Logs.POLICY);
        Watcher.Seen seen = watcher.begin(SIZE, new byte[32]).seen();
        row("watch begun %d entries before the end".formatted(SINGLE), "%.2f ms".formatted(millis(start)));
        start = System.nanoTime();
        watcher.begin(0, new byte[32]);
        row("watch from the beginning", "%.1f s".formatted(millis(start) / 1000));
        assertEquals(
                log.released().orElseThrow().head(),
                Checkpoint.parse(seen.checkpoint()).head());
    }
}
