package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The store dies at each call in turn, before and after its work, and the CA starts again: whatever was signed is one
/// log, in which each entry lies once.
class LogCrashTest {
    /// Remembers all that was ever signed, also by processes that died.
    private static final class Remembering implements NoteSigner {
        private final Map<String, String> heads = new HashMap<>();

        @Override
        public NoteKey key() {
            return Logs.LOG.key();
        }

        @Override
        public byte[] sign(byte[] message) {
            String[] lines = new String(message, StandardCharsets.UTF_8).split("\n", -1);
            String other = heads.putIfAbsent(lines[1], lines[2]);
            assertTrue(other == null || other.equals(lines[2]), "two heads of size " + lines[1]);
            return Logs.LOG.sign(message);
        }
    }

    /// What was there when the dying begins.
    private static final int BEFORE = 250;
    /// What the CA does: batches within a tile, that fill it, and that cross the edge; each is released before the
    /// next.
    private static final List<List<LogEntry>> BATCHES =
            List.of(Logs.entries(BEFORE, 251), Logs.entries(251, 255), Logs.entries(255, 257), Logs.entries(257, 260));
    private static final int AFTER = 260;

    @Test
    void whereverItDiesTheLogIsWholeAndEachEntryLiesInItOnce() throws Exception {
        int deaths = 0;
        for (boolean late : new boolean[] {false, true}) for (int call = 0; dies(call, late); call++) deaths++;
        assertTrue(deaths > 80, deaths + " places to die");
    }

    /// @return false when there is no such call any more
    private static boolean dies(int call, boolean late) throws Exception {
        var store = new MemoryLog();
        var key = new Remembering();
        var released = new ArrayList<byte[]>();
        released.add(Logs.publish(new Log(key, store), Logs.entries(0, BEFORE)).bytes());
        store.failAt(call, late);
        boolean died = true;
        try {
            issue(store, key, released);
            died = false;
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).startsWith("the store died"), e.toString());
        }
        boolean came = store.failed();
        assertEquals(came, died);
        // Everything again, as whoever starts anew and does not know how far it came.
        issue(store, key, released);
        assertEquals(AFTER, store.head().size());
        for (int i = 0; i < AFTER; i++)
            assertEquals(i, store.indexOf(Logs.entry(i).leafHash()).orElseThrow(), "where it lay before");
        Audit.Report report = Audit.run(store, Logs.POLICY, released, _ -> {});
        assertEquals(List.of(), report.findings(), "died at " + call);
        assertEquals(AFTER, report.entries());
        assertEquals(AFTER, Checkpoint.parse(store.checkpoint()).head().size());
        return came;
    }

    private static void issue(MemoryLog store, NoteSigner key, List<byte[]> released) throws IOException {
        var log = new Log(key, store);
        for (List<LogEntry> batch : BATCHES) {
            List<Long> indices = log.append(batch);
            Checkpoint head = log.sign();
            log.release(head);
            released.add(head.bytes());
            // Only now does a certificate go out.
            var _ = log.proof(indices.getFirst(), head);
        }
    }
}
