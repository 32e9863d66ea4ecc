package dev.starling.identity.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.Vectors;
import dev.starling.identity.Address;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Any bytes are a note, a head, an entry, a bundle, a proof or a request to a witness, in their one form, or refused
/// with a reason of ours.
@org.jspecify.annotations.NullUnmarked
class LogFuzzTest {
    private static final long SEED = 20261130;
    private static final int MILLION = 1_000_000;

    @Test
    void anyBytesAreReadOrRefused() throws Exception {
        all(4_000);
    }

    @Tag("long")
    @Test
    void aMillionOfEachKind() throws Exception {
        long start = System.nanoTime();
        all(MILLION);
        Mutations.report("log", MILLION, start);
    }

    private static void all(int cases) throws Exception {
        var v = Vectors.read("log");
        var heads = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "checkpoints")) heads.add(Vectors.base64(c.get("note")));
        new Mutations(SEED, heads)
                .feed(cases, bytes -> assertArrayEquals(bytes, Note.parse(bytes).bytes()));
        new Mutations(SEED + 1, heads).feed(cases / 10, bytes -> policy(v).verify(Checkpoint.parse(bytes)));
        keys(v, cases);
        entries(v, cases);
        proofs(v, cases);
        requests(heads, cases);
    }

    private static LogPolicy policy(Map<String, Object> v) throws dev.starling.identity.IdentityException {
        var policy = (Map<?, ?>) v.get("policy");
        return new LogPolicy(
                NoteKey.parse(String.valueOf(policy.get("log")), NoteKey.Kind.LOG),
                List.of(NoteKey.parse(
                        String.valueOf(((List<?>) policy.get("witnesses")).getFirst()), NoteKey.Kind.WITNESS)),
                1);
    }

    private static void keys(Map<String, Object> v, int cases) {
        byte[] key = String.valueOf(((Map<?, ?>) v.get("policy")).get("log")).getBytes(StandardCharsets.UTF_8);
        new Mutations(SEED + 2, List.of(key)).feed(cases, bytes -> {
            String text = new String(bytes, StandardCharsets.UTF_8);
            assertTrue(NoteKey.parse(text, NoteKey.Kind.LOG).text().equals(text));
        });
        var paths = List.of("tile/entries/x001/234.p/5".getBytes(StandardCharsets.UTF_8));
        new Mutations(SEED + 3, paths).feed(cases, bytes -> {
            String path = new String(bytes, StandardCharsets.UTF_8);
            Tile.parse(path).ifPresent(tile -> assertTrue(tile.path().equals(path)));
        });
    }

    @SuppressWarnings("unchecked")
    private static void entries(Map<String, Object> v, int cases) throws Exception {
        var entry = Vectors.hex(Vectors.cases((Map<String, Object>) v.get("entries"), "good")[1].get("entry"));
        new Mutations(SEED + 4, List.of(entry))
                .feed(
                        cases,
                        bytes -> assertArrayEquals(bytes, LogEntry.parse(bytes).bytes()));
        byte[] bundle = EntryBundle.write(List.of(entry, new byte[0], new byte[300]));
        new Mutations(SEED + 5, List.of(bundle))
                .feed(cases, bytes -> assertArrayEquals(bytes, EntryBundle.write(EntryBundle.parse(bytes, 3))));
        new Mutations(SEED + 6, List.of(new byte[64]))
                .feed(cases, bytes -> assertTrue(TileTree.hashes(bytes, 2).size() == 2));
    }

    private static void proofs(Map<String, Object> v, int cases) throws Exception {
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "proofs")) {
            byte[] proof = Vectors.base64(c.get("proof"));
            if (proof.length < 4000) good.add(proof);
        }
        new Mutations(SEED + 7, good)
                .feed(
                        cases,
                        bytes -> assertArrayEquals(bytes, LogProof.parse(bytes).bytes()));
        byte[] certificate = Vectors.base64(v.get("certificate"));
        var address = new Address(Vectors.text(v, "address"));
        new Mutations(SEED + 8, good)
                .feed(cases / 10, bytes -> LogProof.parse(bytes).verify(certificate, address, policy(v)));
        new Mutations(SEED + 9, List.of(certificate))
                .feed(cases / 10, bytes -> LogProof.parse(good.getFirst()).verify(bytes, address, policy(v)));
    }

    private static void requests(List<byte[]> heads, int cases) throws Exception {
        var proof = List.of(new byte[32], new byte[32]);
        byte[] request = new AddCheckpoint(20, proof, Checkpoint.parse(heads.getFirst())).bytes();
        new Mutations(SEED + 10, List.of(request))
                .feed(
                        cases,
                        bytes -> assertArrayEquals(
                                bytes, AddCheckpoint.parse(bytes).bytes()));
    }
}
