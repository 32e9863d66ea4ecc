package dev.starling.identity.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Trees, notes, heads, proofs and what watchers see: the verdicts are those of the JavaScript.
@org.jspecify.annotations.NullUnmarked
class LogVectorsTest {
    private static Map<String, Object> v;

    @BeforeAll
    static void read() throws Exception {
        v = Vectors.read("log");
    }

    @Test
    void theExampleTreeHasItsPublishedHeads() {
        var edge = new Frontier();
        assertEquals(TreeHead.EMPTY, edge.head());
        List<?> entries = (List<?>) map("tree").get("entries"),
                roots = (List<?>) map("tree").get("roots");
        for (int i = 0; i < entries.size(); i++) {
            edge.add(Merkle.leafHash(Vectors.hex(entries.get(i))));
            assertEquals(roots.get(i), HexFormat.of().formatHex(edge.head().root()));
        }
    }

    @Test
    void proofsShowWhatTheySayAndNothingElse() throws Exception {
        for (Map<String, Object> c : Vectors.cases(v, "inclusion")) {
            var head = new TreeHead(number(c, "size"), Vectors.hex(c.get("root")));
            byte[] leafHash = Merkle.leafHash(Vectors.hex(c.get("entry")));
            assertEquals(
                    c.get("good"),
                    Merkle.includes(head, number(c, "index"), leafHash, hashes(c.get("path"))),
                    Vectors.text(c, "what"));
        }
        for (Map<String, Object> c : Vectors.cases(v, "consistency")) {
            var older = new TreeHead(number(c, "older"), Vectors.hex(c.get("olderRoot")));
            var newer = new TreeHead(number(c, "newer"), Vectors.hex(c.get("newerRoot")));
            assertEquals(
                    c.get("good"), Merkle.isExtended(older, newer, hashes(c.get("proof"))), Vectors.text(c, "what"));
        }
    }

    @Test
    void keysAndNotesAreReadOrMalformed() throws Exception {
        for (Object key : (List<?>) map("keys").get("good"))
            assertEquals(
                    key, NoteKey.parse(String.valueOf(key), NoteKey.Kind.LOG).text());
        for (List<?> row : Vectors.rows(map("keys"), "bad"))
            assertEquals(
                    "malformed",
                    Vectors.verdict(() -> NoteKey.parse(String.valueOf(row.get(1)), NoteKey.Kind.LOG)),
                    row.toString());
        var notes = map("notes");
        for (Map<String, Object> c : Vectors.cases(notes, "good")) {
            Note note = Note.parse(Vectors.base64(c.get("note")));
            assertEquals(number(c, "signatures"), note.signatures().size(), Vectors.text(c, "what"));
            assertArrayEquals(Vectors.base64(c.get("note")), note.bytes());
        }
        for (List<?> row : Vectors.rows(notes, "bad"))
            assertEquals(
                    "malformed", Vectors.verdict(() -> Note.parse(Vectors.base64(row.get(1)))), row.getFirst() + "");
        var published = Note.parse(Vectors.base64(Vectors.cases(notes, "good")[0].get("note")));
        var peter = NoteKey.parse(Vectors.text(notes, "key"), NoteKey.Kind.LOG);
        assertTrue(new Checkpoint(published, "", TreeHead.EMPTY).isSignedBy(peter));
    }

    @Test
    void whatWeSignIsWhatWasPublished() throws Exception {
        var notes = map("notes");
        Note published = Note.parse(Vectors.base64(Vectors.cases(notes, "good")[0].get("note")));
        var peter = NoteSigner.of("PeterNeumann", NoteKey.Kind.LOG, Vectors.base64(notes.get("seed")));
        assertEquals(notes.get("key"), peter.key().text());
        byte[] text = published.text().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        assertArrayEquals(published.signatures().getFirst().bytes(), peter.sign(text));
        // Our own head and cosignature, by the keys of the vectors, are those of the first case.
        byte[] first = Vectors.base64(Vectors.cases(v, "checkpoints")[0].get("note"));
        var log = NoteSigner.of(Vectors.text(v, "origin"), NoteKey.Kind.LOG, seed(1));
        Checkpoint ours = Checkpoint.signed(log, Checkpoint.parse(first).head());
        for (int i = 0; i < 2; i++) {
            var witness = NoteSigner.of("w" + (i + 2) + ".example/witness", NoteKey.Kind.WITNESS, seed(i + 2));
            ours = ours.with(ours.cosignature(
                    witness, Instant.parse("2026-11-24T12:00:00Z").plusSeconds(i)));
        }
        assertArrayEquals(first, ours.bytes());
    }

    private static byte[] seed(int n) {
        byte[] seed = new byte[NoteKey.KEY_BYTES];
        Arrays.fill(seed, (byte) n);
        return seed;
    }

    @Test
    void eachHeadIsBelievedOrRefusedForItsOwnReason() throws Exception {
        for (Map<String, Object> c : Vectors.cases(v, "checkpoints")) {
            LogPolicy policy = policy(c);
            var since = new AtomicReference<Optional<Instant>>();
            var checkpoint = new AtomicReference<Checkpoint>();
            String verdict = Vectors.verdict(() -> {
                checkpoint.set(Checkpoint.parse(Vectors.base64(c.get("note"))));
                since.set(policy.verify(checkpoint.get()));
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
            if (c.containsKey("since"))
                assertEquals(
                        c.get("since"), since.get().map(Instant::getEpochSecond).orElse(null), c.get("what") + "");
            if (c.containsKey("size"))
                assertEquals(number(c, "size"), checkpoint.get().head().size());
            if (verdict.equals("ok"))
                assertArrayEquals(
                        Vectors.base64(c.get("note")), checkpoint.get().bytes());
        }
    }

    @Test
    void anEntryHasOneFormAndAnOwnerOneTagInEachLog() throws Exception {
        for (Map<String, Object> c : Vectors.cases(map("entries"), "good")) {
            var entry = new LogEntry(
                    Vectors.hex(c.get("tag")),
                    Vectors.hex(c.get("certificate")),
                    Instant.ofEpochSecond(number(c, "notAfter")),
                    Vectors.hex(c.get("evidence")));
            assertEquals(c.get("entry"), HexFormat.of().formatHex(entry.bytes()));
            assertEquals(entry, LogEntry.parse(Vectors.hex(c.get("entry"))));
        }
        for (List<?> row : Vectors.rows(map("entries"), "bad"))
            assertEquals(
                    "malformed", Vectors.verdict(() -> LogEntry.parse(Vectors.hex(row.get(1)))), row.getFirst() + "");
        for (Map<String, Object> c : Vectors.cases(v, "tags"))
            assertEquals(
                    c.get("tag"),
                    HexFormat.of()
                            .formatHex(LogEntry.ownerTag(
                                    new Address(Vectors.text(c, "address")), Vectors.text(c, "origin"))));
    }

    @Test
    void tilesHavePathsAndWidthsBundlesTheirEntries() throws Exception {
        for (List<?> row : Vectors.rows(map("tiles"), "good")) {
            var tile = new Tile(level(row.getFirst()), number(row.get(1)), (int) number(row.get(2)));
            assertEquals(row.get(3), tile.path());
            assertEquals(Optional.of(tile), Tile.parse(tile.path()));
        }
        for (Object path : (List<?>) map("tiles").get("bad"))
            assertEquals(Optional.empty(), Tile.parse(String.valueOf(path)), path + "");
        for (List<?> row : Vectors.rows(map("tiles"), "widths"))
            assertEquals(
                    number(row.get(3)),
                    Tile.widthIn(number(row.getFirst()), level(row.get(1)), number(row.get(2))),
                    row.toString());
        for (Map<String, Object> c : Vectors.cases(map("bundles"), "good")) {
            List<byte[]> entries = hashes(c.get("entries"));
            assertEquals(c.get("bundle"), HexFormat.of().formatHex(EntryBundle.write(entries)));
            List<byte[]> again = EntryBundle.parse(Vectors.hex(c.get("bundle")), entries.size());
            for (int i = 0; i < entries.size(); i++) assertArrayEquals(entries.get(i), again.get(i));
        }
        for (List<?> row : Vectors.rows(map("bundles"), "bad"))
            assertEquals(
                    "malformed",
                    Vectors.verdict(() -> EntryBundle.parse(Vectors.hex(row.get(1)), (int) number(row.get(2)))),
                    row.getFirst() + "");
    }

    @Test
    void eachProofIsBelievedOrRefusedForItsOwnReason() throws Exception {
        LogPolicy policy = policy(Map.of());
        for (Map<String, Object> c : Vectors.cases(v, "proofs")) {
            byte[] certificate = Vectors.base64(c.getOrDefault("certificate", v.get("certificate")));
            var address = new Address(String.valueOf(c.getOrDefault("address", v.get("address"))));
            String verdict = Vectors.verdict(() -> {
                LogProof proof = LogProof.parse(Vectors.base64(c.get("proof")));
                assertArrayEquals(Vectors.base64(c.get("proof")), proof.bytes());
                LogProof.Logged logged = proof.verify(certificate, address, policy);
                assertEquals(number(c, "index"), logged.index());
                assertEquals(Optional.of(Instant.ofEpochSecond(number(c, "since"))), logged.since());
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
        }
    }

    @Test
    void aWatcherFindsItsCertificatesAndIsNotDeceived() throws Exception {
        byte[] tag = LogEntry.ownerTag(new Address(Vectors.text(v, "address")), Vectors.text(v, "origin"));
        for (Map<String, Object> reader : Vectors.cases(map("watching"), "readers")) {
            Watcher.Seen seen = null;
            for (Map<String, Object> step : Vectors.cases(reader, "steps")) {
                var watcher = new Watcher(shown(step), policy(Map.of()));
                var news = new AtomicReference<Watcher.News>();
                Watcher.Seen last = seen;
                String verdict = Vectors.verdict(() -> news.set(look(watcher, last, number(reader, "from"), tag)));
                assertEquals(step.getOrDefault("verdict", "ok"), verdict, Vectors.text(reader, "what"));
                if (!verdict.equals("ok")) continue;
                assertEquals(
                        step.get("found"),
                        news.get().found().stream().map(Watcher.Found::index).toList(),
                        Vectors.text(reader, "what"));
                assertTrue(news.get().since().isPresent());
                seen = news.get().seen();
            }
        }
    }

    private static Watcher.News look(Watcher watcher, Watcher.Seen last, long from, byte[] tag)
            throws IdentityException {
        try {
            return last == null ? watcher.begin(from, tag) : watcher.look(last, tag);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The log as it is at one step: the beginnings of its tiles, but for what the step replaces.
    private static LogReader shown(Map<String, Object> step) {
        Map<?, ?> files = (Map<?, ?>) map("watching").get("files");
        Map<?, ?> altered = (Map<?, ?>) step.getOrDefault("altered", Map.of());
        return new LogReader() {
            @Override
            public byte[] checkpoint() {
                return Vectors.base64(step.get("checkpoint"));
            }

            @Override
            public byte[] tile(Tile tile) {
                String name = new Tile(tile.level(), tile.index(), Tile.FULL).path();
                byte[] bytes = Vectors.base64(altered.containsKey(name) ? altered.get(name) : files.get(name));
                int end = 0;
                if (tile.level() != Tile.ENTRIES) end = tile.width() * Merkle.HASH_BYTES;
                else for (int i = 0; i < tile.width(); i++) end += 2 + ((bytes[end] & 255) << 8 | bytes[end + 1] & 255);
                return Arrays.copyOf(bytes, end);
            }
        };
    }

    private static LogPolicy policy(Map<String, Object> c) throws IdentityException {
        var all = map("policy");
        var witnesses = new java.util.ArrayList<NoteKey>();
        for (Object each : (List<?>) c.getOrDefault("witnesses", all.get("witnesses")))
            witnesses.add(NoteKey.parse(String.valueOf(each), NoteKey.Kind.WITNESS));
        return new LogPolicy(
                NoteKey.parse(String.valueOf(c.getOrDefault("log", all.get("log"))), NoteKey.Kind.LOG), witnesses, (int)
                        number(c.getOrDefault("quorum", all.get("quorum"))));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(String name) {
        return (Map<String, Object>) v.get(name);
    }

    private static List<byte[]> hashes(Object list) {
        return ((List<?>) list).stream().map(Vectors::hex).toList();
    }

    private static long number(Map<String, Object> c, String name) {
        return number(c.get(name));
    }

    private static long number(Object number) {
        return ((Number) number).longValue();
    }

    private static int level(Object level) {
        return level instanceof Number n ? n.intValue() : Tile.ENTRIES;
    }
}
