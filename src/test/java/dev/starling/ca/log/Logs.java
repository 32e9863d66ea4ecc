package dev.starling.ca.log;

import dev.starling.identity.DeviceId;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/// Keys and entries for the tests of logs.
final class Logs {
    static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");
    static final NoteSigner LOG = NoteSigner.of("ca.example/log", NoteKey.Kind.LOG, NoteSigner.newSeed());
    static final LogPolicy POLICY = new LogPolicy(LOG.key(), List.of(), 0);

    private Logs() {}

    /// Somebody's `i`-th certificate.
    static LogEntry entry(int i) {
        return entry("somebody " + i, i);
    }

    static LogEntry entry(String owner, int i) {
        return new LogEntry(hash("tag " + owner), hash("certificate " + i), NOON.plusSeconds(i), LogEntry.noEvidence());
    }

    static List<LogEntry> entries(int from, int to) {
        return IntStream.range(from, to).mapToObj(Logs::entry).toList();
    }

    static byte[] hash(String text) {
        return DeviceId.sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    /// As the CA does for each batch: what is in the log is signed and released before anything goes out.
    static Checkpoint publish(Log log, List<LogEntry> entries) throws IOException {
        for (int i = 0; i < entries.size(); i += Log.MAX_BATCH)
            log.append(entries.subList(i, Math.min(entries.size(), i + Log.MAX_BATCH)));
        Checkpoint signed = log.sign();
        log.release(signed);
        return signed;
    }

    /// A released log with the first `size` entries.
    static MemoryLog of(int size) throws IOException {
        var store = new MemoryLog();
        publish(new Log(LOG, store), entries(0, size));
        return store;
    }
}
