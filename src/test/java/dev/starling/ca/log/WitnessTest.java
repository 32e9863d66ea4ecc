package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestClock;
import dev.starling.identity.log.AddCheckpoint;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSignature;
import dev.starling.identity.log.NoteSigner;
import dev.starling.web.InProcess;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// A witness cosigns what only grew, and refuses everything else for its own reason.
class WitnessTest {
    private static final NoteSigner KEY =
            NoteSigner.of("witness.example/w", NoteKey.Kind.WITNESS, NoteSigner.newSeed());

    /// In memory; dies when told to.
    private static final class Memory implements WitnessStore {
        private final Map<String, byte[]> heads = new HashMap<>();
        private boolean dying;
        private boolean dyingAfterwards;

        @Override
        public Optional<byte[]> latest(String origin) {
            return Optional.ofNullable(heads.get(origin));
        }

        @Override
        public boolean replace(String origin, Optional<byte[]> old, byte[] fresh) throws IOException {
            if (dying) throw new IOException("died before");
            byte[] now = heads.get(origin);
            if (old.isPresent() != (now != null) || (now != null && !Arrays.equals(now, old.get()))) return false;
            heads.put(origin, fresh);
            if (dyingAfterwards) throw new IOException("died afterwards");
            return true;
        }
    }

    private final Memory memory = new Memory();
    private final TestClock clock = new TestClock(Logs.NOON);
    private final Witness witness = new Witness(KEY, List.of(Logs.LOG.key()), memory, clock);
    private final MemoryLog store = new MemoryLog();
    private final Log log;

    WitnessTest() throws IOException {
        log = new Log(Logs.LOG, store);
    }

    private byte[] request(long old, Checkpoint checkpoint) throws IOException {
        return new AddCheckpoint(old, log.consistency(old, checkpoint.head().size()), checkpoint).bytes();
    }

    @Test
    void aLogThatOnlyGrowsIsCosignedAtEachSize() throws Exception {
        long old = 0;
        for (int size : new int[] {0, 1, 2, 255, 256, 300, 300}) {
            Checkpoint head = Logs.publish(log, Logs.entries((int) store.head().size(), size));
            clock.pass(Duration.ofMinutes(1));
            var answer = assertInstanceOf(Witness.Cosigned.class, witness.add(request(old, head)));
            var policy = new LogPolicy(Logs.LOG.key(), List.of(KEY.key()), 1);
            assertEquals(Optional.of(clock.instant()), policy.verify(head.with(answer.signature())));
            old = size;
        }
    }

    @Test
    void eachRefusalHasItsReason() throws Exception {
        Checkpoint small = Logs.publish(log, Logs.entries(0, 10));
        Checkpoint large = Logs.publish(log, Logs.entries(10, 20));
        assertInstanceOf(Witness.Cosigned.class, witness.add(request(0, small)));
        assertEquals(new Witness.Refused("malformed"), witness.add(new byte[] {1}));
        var stranger = NoteSigner.of("other.example", NoteKey.Kind.LOG, NoteSigner.newSeed());
        var strangers = Checkpoint.signed(stranger, large.head());
        assertEquals(new Witness.Refused("unknown-log"), witness.add(request(10, strangers)));
        var thief = NoteSigner.of(Logs.LOG.key().name(), NoteKey.Kind.LOG, NoteSigner.newSeed());
        var stolen = Checkpoint.signed(thief, large.head());
        assertEquals(new Witness.Refused("not-signed"), witness.add(request(10, stolen)));
        var broken = new NoteSignature(Logs.LOG.key().name(), Logs.LOG.key().id(), new byte[64]);
        assertEquals(new Witness.Refused("bad-signature"), witness.add(request(10, large.with(broken))));
        var backwards = new AddCheckpoint(11, List.of(), small);
        assertEquals(new Witness.Refused("smaller-tree"), witness.add(backwards.bytes()));
        var unproven = new AddCheckpoint(10, List.of(), large);
        assertEquals(new Witness.Refused("inconsistent"), witness.add(unproven.bytes()));
        var overproven = new AddCheckpoint(10, List.of(new byte[32]), small);
        assertEquals(new Witness.Refused("inconsistent"), witness.add(overproven.bytes()));
        // After all of that it is where it was.
        assertInstanceOf(Witness.Cosigned.class, witness.add(request(10, large)));
    }

    @Test
    void aHeadFromBeforeOrARequestReplayedConflicts() throws Exception {
        Checkpoint small = Logs.publish(log, Logs.entries(0, 10));
        Checkpoint large = Logs.publish(log, Logs.entries(10, 20));
        byte[] first = request(0, small), second = request(10, large);
        assertEquals(new Witness.Conflict(0), witness.add(second), "not seen yet");
        assertInstanceOf(Witness.Cosigned.class, witness.add(first));
        assertEquals(new Witness.Conflict(10), witness.add(first), "replayed");
        assertInstanceOf(Witness.Cosigned.class, witness.add(second));
        assertEquals(new Witness.Conflict(20), witness.add(first));
        assertEquals(
                new Witness.Conflict(20), witness.add(request(10, small)), "the old head, as if nothing were since");
    }

    @Test
    void aForkIsNeverCosigned() throws Exception {
        Checkpoint honest = Logs.publish(log, Logs.entries(0, 10));
        assertInstanceOf(Witness.Cosigned.class, witness.add(request(0, honest)));
        var other = new MemoryLog();
        var forked = new Log(Logs.LOG, other);
        Checkpoint same = Logs.publish(forked, Logs.entries(1, 11));
        Checkpoint longer = Logs.publish(forked, Logs.entries(11, 21));
        assertEquals(new Witness.Refused("forked"), witness.add(new AddCheckpoint(10, List.of(), same).bytes()));
        var proof = forked.consistency(10, 20);
        assertEquals(new Witness.Refused("inconsistent"), witness.add(new AddCheckpoint(10, proof, longer).bytes()));
    }

    @Test
    void whatItCosignsItRemembersFirst() throws Exception {
        Checkpoint one = Logs.publish(log, Logs.entries(0, 10));
        memory.dying = true;
        assertThrows(IOException.class, () -> witness.add(request(0, one)));
        memory.dying = false;
        assertTrue(memory.heads.isEmpty());
        memory.dyingAfterwards = true;
        assertThrows(IOException.class, () -> witness.add(request(0, one)));
        memory.dyingAfterwards = false;
        // It may have cosigned: a fork from nothing gets no second chance.
        var forked = new Log(Logs.LOG, new MemoryLog());
        Checkpoint other = Logs.publish(forked, Logs.entries(5, 15));
        assertEquals(new Witness.Conflict(10), witness.add(new AddCheckpoint(0, List.of(), other).bytes()));
        assertInstanceOf(Witness.Cosigned.class, witness.add(request(10, one)));
    }

    @Test
    void ofTwoAtOnceTheSecondConflicts() throws Exception {
        Checkpoint small = Logs.publish(log, Logs.entries(0, 10));
        Checkpoint large = Logs.publish(log, Logs.entries(10, 20));
        var racing = new WitnessStore() {
            private boolean first = true;

            @Override
            public Optional<byte[]> latest(String origin) {
                return memory.latest(origin);
            }

            @Override
            public boolean replace(String origin, Optional<byte[]> old, byte[] fresh) throws IOException {
                if (first) {
                    first = false;
                    assertInstanceOf(Witness.Cosigned.class, witness.add(request(0, large)));
                }
                return memory.replace(origin, old, fresh);
            }
        };
        var second = new Witness(KEY, List.of(Logs.LOG.key()), racing, clock);
        assertEquals(new Witness.Conflict(20), second.add(request(0, small)));
    }

    @Test
    void theAnswersOverHttpAreThoseOfTheSpecification() throws Exception {
        var routes = new Routes();
        witness.mount(routes, "/witness");
        Checkpoint small = Logs.publish(log, Logs.entries(0, 10));
        Response good = post(routes, request(0, small));
        assertEquals(200, good.status());
        NoteSignature signature = NoteSignature.parse(text(good).replace("\n", ""));
        assertTrue(small.with(signature).cosignedBy(KEY.key()).isPresent());
        Response conflict = post(routes, request(0, small));
        assertEquals(409, conflict.status());
        assertEquals("10\n", text(conflict));
        assertEquals("text/x.tlog.size", conflict.headers().get("content-type"));
        assertEquals(400, post(routes, new byte[0]).status());
        assertEquals(
                400,
                post(routes, new AddCheckpoint(11, List.of(), small).bytes()).status());
        var thief = NoteSigner.of(Logs.LOG.key().name(), NoteKey.Kind.LOG, NoteSigner.newSeed());
        assertEquals(
                403,
                post(routes, request(10, Checkpoint.signed(thief, small.head())))
                        .status());
        var stranger = NoteSigner.of("other.example", NoteKey.Kind.LOG, NoteSigner.newSeed());
        assertEquals(
                404,
                post(routes, request(10, Checkpoint.signed(stranger, small.head())))
                        .status());
        Checkpoint large = Logs.publish(log, Logs.entries(10, 20));
        assertEquals(
                422,
                post(routes, new AddCheckpoint(10, List.of(), large).bytes()).status());
        Checkpoint other = Logs.publish(new Log(Logs.LOG, new MemoryLog()), Logs.entries(5, 15));
        assertEquals(
                409,
                post(routes, new AddCheckpoint(10, List.of(), other).bytes()).status());
    }

    private static Response post(Routes routes, byte[] body) throws IOException {
        var request =
                new Request("POST", "/witness/add-checkpoint", "", Map.of(), body, InetAddress.getLoopbackAddress());
        return InProcess.answer(routes, request);
    }

    private static String text(Response response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }
}
