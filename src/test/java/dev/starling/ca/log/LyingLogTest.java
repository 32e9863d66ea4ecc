package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.AddCheckpoint;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.Watcher;
import java.io.IOException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A CA gives somebody a certificate for bob's address behind his back. Whatever it does with its log, bob is warned,
/// or nobody who asks for a proof believes the certificate.
@org.jspecify.annotations.NullUnmarked
class LyingLogTest {
    private static byte[] certificate;
    private static Address bob;
    private static byte[] bobsTag;

    private final List<NoteSigner> keys = new ArrayList<>();
    private final List<Witness> witnesses = new ArrayList<>();
    private final LogPolicy policy;
    private final MemoryLog store = new MemoryLog();
    private final Log log;
    private long cosigned;

    @BeforeAll
    static void aCertificateForBob() throws Exception {
        var v = Vectors.read("log");
        certificate = Vectors.base64(v.get("certificate"));
        bob = new Address(Vectors.text(v, "address"));
        bobsTag = LogEntry.ownerTag(bob, Logs.LOG.key().name());
    }

    LyingLogTest() throws IOException {
        for (int i = 0; i < 3; i++) {
            keys.add(NoteSigner.of("w" + i + ".example", NoteKey.Kind.WITNESS, NoteSigner.newSeed()));
            witnesses.add(new Witness(
                    keys.get(i), List.of(Logs.LOG.key()), new Memory(), Clock.fixed(Logs.NOON, ZoneOffset.UTC)));
        }
        policy =
                new LogPolicy(Logs.LOG.key(), keys.stream().map(NoteSigner::key).toList(), 2);
        log = new Log(Logs.LOG, store);
    }

    private static final class Memory implements WitnessStore {
        private final Map<String, byte[]> heads = new HashMap<>();

        @Override
        public Optional<byte[]> latest(String origin) {
            return Optional.ofNullable(heads.get(origin));
        }

        @Override
        public boolean replace(String origin, Optional<byte[]> old, byte[] fresh) {
            heads.put(origin, fresh);
            return true;
        }
    }

    private static LogEntry bobs() throws IdentityException {
        return LogEntry.of(bobsTag, certificate, LogEntry.noEvidence());
    }

    /// Lets all witnesses cosign what they will.
    private Checkpoint cosign(Log by, Checkpoint head) throws IOException {
        Checkpoint all = head;
        for (Witness witness : witnesses) {
            var request = new AddCheckpoint(
                    cosigned, by.consistency(cosigned, head.head().size()), head);
            if (witness.add(request.bytes()) instanceof Witness.Cosigned(var signature)) all = all.with(signature);
        }
        return all;
    }

    private Checkpoint publish(List<LogEntry> entries) throws IOException {
        log.append(entries);
        Checkpoint head = cosign(log, log.sign());
        cosigned = head.head().size();
        log.release(head);
        return head;
    }

    private String verdict(LogProof proof) {
        return Vectors.verdict(() -> LogProof.parse(proof.bytes()).verify(certificate, bob, policy));
    }

    @Test
    void whatItLogsHonestlyIsBelievedAndBobIsWarned() throws Exception {
        publish(Logs.entries(0, 300));
        var watcher = new Watcher(store, policy);
        Watcher.Seen seen = watcher.begin(300, bobsTag).seen();
        Checkpoint head = publish(List.of(Logs.entry(300), bobs(), Logs.entry(301)));
        assertEquals("ok", verdict(log.proof(301, head)));
        Watcher.News news = watcher.look(seen, bobsTag);
        assertEquals(List.of(new Watcher.Found(301, bobs())), news.found());
        assertEquals(Optional.of(Logs.NOON), news.since());
    }

    @Test
    void aForkForOneVictimIsNotCosigned() throws Exception {
        publish(Logs.entries(0, 300));
        var side = new MemoryLog();
        var fork = new Log(Logs.LOG, side);
        fork.append(Logs.entries(0, 299));
        fork.append(List.of(bobs()));
        Checkpoint head = cosign(fork, fork.sign());
        assertEquals("too-few-witnesses", verdict(fork.proof(299, head)));
        // Everything after the fork neither.
        fork.append(Logs.entries(300, 400));
        assertEquals("too-few-witnesses", verdict(fork.proof(299, cosign(fork, fork.sign()))));
        assertEquals(
                List.of("forked", "forked"),
                Audit.run(store, policy, List.of(fork.sign().bytes(), head.bytes()), _ -> {}).findings().stream()
                        .map(f -> f.at() == 400 ? "forked" : f.reason())
                        .toList());
    }

    @Test
    void whoSawOneSideOfAForkIsNotLedToTheOther() throws Exception {
        publish(Logs.entries(0, 300));
        // Without witnesses: the client's own memory is left.
        var trusting = new LogPolicy(Logs.LOG.key(), List.of(), 0);
        Watcher.Seen seen = new Watcher(store, trusting).begin(0, bobsTag).seen();
        var side = new MemoryLog();
        var fork = new Log(Logs.LOG, side);
        for (var step : List.of(
                Map.entry("smaller-tree", Logs.entries(0, 299)),
                Map.entry("forked", List.of(bobs())),
                Map.entry("inconsistent", Logs.entries(300, 310)))) {
            Logs.publish(fork, step.getValue());
            var refused = assertThrows(IdentityException.class, () -> new Watcher(side, trusting).look(seen, bobsTag));
            assertEquals(step.getKey(), refused.reason());
        }
    }

    @Test
    void anEntryThatIsHiddenFromBobIsMissed() throws Exception {
        publish(Logs.entries(0, 300));
        Watcher.Seen seen = new Watcher(store, policy).begin(300, bobsTag).seen();
        publish(List.of(bobs()));
        // Bob is shown somebody else's entry in its place.
        MemoryLog honest = Logs.of(301);
        LogReader hiding = new LogReader() {
            @Override
            public byte[] checkpoint() throws IOException {
                return store.checkpoint();
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                return honest.tile(tile);
            }
        };
        var refused = assertThrows(IdentityException.class, () -> new Watcher(hiding, policy).look(seen, bobsTag));
        assertEquals("inconsistent", refused.reason());
        var begun = assertThrows(IdentityException.class, () -> new Watcher(hiding, policy).begin(0, bobsTag));
        assertEquals("inconsistent", begun.reason());
    }

    @Test
    void aCertificateLoggedAsSomebodyElsesIsNotBelieved() throws Exception {
        var hidden = LogEntry.of(Logs.hash("nobody"), certificate, LogEntry.noEvidence());
        Checkpoint head = publish(List.of(hidden));
        assertEquals("wrong-owner", verdict(log.proof(0, head)));
    }

    @Test
    void aLogThatStandsStillForBobIsOldNews() throws Exception {
        Checkpoint old = publish(Logs.entries(0, 300));
        publish(List.of(bobs()));
        // He is given the head of before, as the witnesses cosigned it then: what he learns is how old it is.
        Watcher.News news = new Watcher(AuditTest.showing(store, old.bytes()), policy).begin(0, bobsTag);
        assertTrue(news.found().isEmpty());
        assertEquals(Optional.of(Logs.NOON), news.since());
        // And no witness cosigns it again.
        var again = new AddCheckpoint(cosigned, List.of(), old);
        assertInstanceOf(Witness.Refused.class, witnesses.getFirst().add(again.bytes()));
        assertInstanceOf(
                Witness.Conflict.class, witnesses.getFirst().add(new AddCheckpoint(300, List.of(), old).bytes()));
    }
}
