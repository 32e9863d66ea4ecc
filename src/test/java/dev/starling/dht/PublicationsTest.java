package dev.starling.dht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.dht.Dht.Owner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationsTest {
    private static final String KEY = "ab".repeat(20);

    /// An engine that takes down what is put and refuses with a status when told to.
    private static final class Engine implements Dht {
        private final List<String> puts = new ArrayList<>();
        private int refusal;
        // Values that begin so do not arrive.
        private String refused = "none";
        private Runnable before = () -> {};

        @Override
        public Caps caps() {
            return new Caps(MAX_VALUE_BYTES, Duration.ofHours(26), Duration.ofHours(6));
        }

        @Override
        public void put(String key, Value value, Duration ttl) throws DhtException {
            before.run();
            synchronized (this) {
                puts.add(new String(value.data(), StandardCharsets.UTF_8) + " " + ttl.toSeconds());
                if (refusal != 0) throw new DhtException(refusal, "as told");
                if (puts.getLast().startsWith(refused)) throw new DhtException(502, "away");
            }
        }

        @Override
        public void remove(String key, Owner owner, long id) throws DhtException {
            synchronized (this) {
                puts.add("removed " + id);
                if (refusal != 0) throw new DhtException(refusal, "as told");
            }
        }

        @Override
        public boolean lookup(String key, Limits limits, java.util.function.Predicate<Value> enough) {
            throw new IllegalStateException();
        }

        @Override
        public Subscription watch(String key, Watcher watcher) {
            throw new IllegalStateException();
        }

        @Override
        public String health() {
            return "ok";
        }

        @Override
        public void close() {}

        private synchronized List<String> taken() {
            var all = List.copyOf(puts);
            puts.clear();
            return all;
        }
    }

    private final StandingClock clock = new StandingClock();
    private final Engine engine = new Engine();

    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private @org.jspecify.annotations.Nullable Publications publications;

    @BeforeEach
    void open() throws DhtException {
        publications = new Publications(engine, file(), new Publications.Bounds(4, 100, 150), clock);
    }

    @AfterEach
    void close() {
        publications().close();
    }

    private Path file() {
        return Objects.requireNonNull(folder).resolve("publications.db");
    }

    private Publications publications() {
        return Objects.requireNonNull(publications);
    }

    private Publications.Published publish(long id, String user, String text, long seconds) throws DhtException {
        var value = new Dht.Value(id, Owner.local(user), text.getBytes(StandardCharsets.UTF_8));
        return publications().publish(KEY, value, clock.instant().getEpochSecond() + seconds);
    }

    private void pass(Duration time) {
        clock.pass(time);
        publications().refresh();
    }

    @Test
    void aValueIsPutAtOnceAndAgainBeforeTheEngineForgetsIt() throws DhtException {
        assertTrue(publish(1, "a", "one", 80_000).put());
        assertEquals(List.of("one 80000"), engine.taken());
        pass(Duration.ofHours(5));
        assertEquals(List.of(), engine.taken());
        pass(Duration.ofHours(1));
        assertEquals(List.of("one 58400"), engine.taken());
        pass(Duration.ofSeconds(58_400));
        assertEquals(List.of(), engine.taken());
        assertEquals(0, publications().size());
    }

    @Test
    void theEndIsCutToEightDaysAndSaid() throws DhtException {
        long granted = publish(1, "a", "one", 1_000_000).until();
        assertEquals(clock.instant().getEpochSecond() + 8 * 86400, granted);
        assertEquals(List.of("one 691200"), engine.taken());
    }

    @Test
    void whatIsKeptForDaysIsPutAgainUntilItsEnd() throws DhtException {
        publish(1, "a", "one", 7 * 86400);
        int puts = engine.taken().size();
        for (int hour = 0; hour < 8 * 24; hour++) {
            pass(Duration.ofHours(1));
            puts += engine.taken().size();
        }
        // Each six hours at the latest, and no oftener than a tenth earlier.
        assertTrue(puts >= 28 && puts <= 36, puts + " puts");
        assertEquals(0, publications().size());
    }

    @Test
    void whatIsWithdrawnIsRemovedAndNeverPutAgainNotEvenAfterARestart() throws DhtException {
        publish(1, "a", "one", 80_000);
        publish(2, "a", "two", 80_000);
        publish(1, "b", "other", 80_000);
        publications().withdraw(KEY, Owner.local("a"), 1);
        publications().withdraw(KEY, Owner.local("a"), 3);
        assertEquals(List.of("one 80000", "two 80000", "other 80000", "removed 1", "removed 3"), engine.taken());
        assertEquals(2, publications().size());
        publications().close();
        open();
        assertEquals(2, publications().size());
        pass(Duration.ofHours(6));
        assertEquals(
                List.of("other 58400", "two 58400"),
                engine.taken().stream().sorted().toList());
    }

    @Test
    void aWithdrawalThatTheEngineDoesNotHearIsSaidToBeRepeated() throws DhtException {
        publish(1, "a", "one", 80_000);
        engine.refusal = 502;
        assertEquals(
                502,
                assertThrows(DhtException.class, () -> publications().withdraw(KEY, Owner.local("a"), 1))
                        .status());
        engine.refusal = 0;
        engine.taken();
        pass(Duration.ofHours(6));
        assertEquals(List.of(), engine.taken());
        assertEquals(0, publications().size());
    }

    @Test
    void whatIsOverOrTooLargeIsNotKept() {
        assertEquals(
                400,
                assertThrows(DhtException.class, () -> publish(1, "a", "one", 0))
                        .status());
        var large = "x".repeat(Dht.MAX_VALUE_BYTES + 1);
        assertEquals(
                413,
                assertThrows(DhtException.class, () -> publish(1, "a", large, 100))
                        .status());
        assertEquals(0, publications().size());
    }

    @Test
    void whenTheEngineIsAwayTheValueIsKeptAndPutLater() throws DhtException {
        engine.refusal = 502;
        assertFalse(publish(1, "a", "one", 80_000).put());
        pass(Duration.ofSeconds(11));
        assertEquals(2, engine.taken().size());
        engine.refusal = 0;
        pass(Duration.ofSeconds(11));
        assertEquals(List.of("one 79978"), engine.taken());
        pass(Duration.ofSeconds(11));
        assertEquals(List.of(), engine.taken());
    }

    @Test
    void aRefusalIsPassedOnAndNothingIsKept() {
        engine.refusal = 429;
        assertEquals(
                429,
                assertThrows(DhtException.class, () -> publish(1, "a", "one", 100))
                        .status());
        assertEquals(0, publications().size());
    }

    @Test
    void aRestartForgetsNothingThatWasAccepted() throws DhtException {
        engine.refusal = 502;
        assertFalse(publish(1, "a", "one", 80_000).put());
        publications().close();
        engine.taken();
        engine.refusal = 0;
        open();
        assertEquals(1, publications().size());
        pass(Duration.ofSeconds(11));
        assertEquals(List.of("one 79989"), engine.taken());
    }

    @Test
    void aNewerValueReplacesTheOlderAndOnlyTheNewerIsPutAgain() throws DhtException {
        publish(1, "a", "old", 80_000);
        publish(1, "a", "new", 80_000);
        assertEquals(1, publications().size());
        engine.taken();
        pass(Duration.ofHours(6));
        assertEquals(List.of("new 58400"), engine.taken());
    }

    @Test
    void puttingAgainNeverOvertakesANewerValue() throws Exception {
        engine.refusal = 502;
        assertFalse(publish(1, "a", "old", 80_000).put());
        engine.refusal = 0;
        engine.taken();
        clock.pass(Duration.ofSeconds(11));
        var inside = new CountDownLatch(1);
        var publishing = new CountDownLatch(1);
        engine.before = () -> {
            engine.before = () -> {};
            inside.countDown();
            assertTrue(wait(publishing));
        };
        Thread round = Thread.ofVirtual().start(publications()::refresh);
        assertTrue(wait(inside));
        Thread newer = Thread.ofVirtual().start(() -> {
            publishing.countDown();
            try {
                publish(1, "a", "new", 80_000);
            } catch (DhtException e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(round.join(Duration.ofSeconds(20)));
        assertTrue(newer.join(Duration.ofSeconds(20)));
        assertEquals(List.of("old 79989", "new 80000"), engine.taken());
    }

    private static boolean wait(CountDownLatch latch) {
        try {
            return latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void oneUserKeepsOnlySoManyAndOnlySoMuch() throws DhtException {
        for (int i = 0; i < 4; i++) publish(i, "a", "0123456789", 100);
        assertEquals(
                429,
                assertThrows(DhtException.class, () -> publish(4, "a", "x", 100))
                        .status());
        publish(3, "a", "replaced", 100);
        assertEquals(
                429,
                assertThrows(DhtException.class, () -> publish(0, "b", "x".repeat(101), 100))
                        .status());
        publish(0, "b", "x".repeat(100), 100);
        assertEquals(
                503,
                assertThrows(DhtException.class, () -> publish(0, "c", "x".repeat(20), 100))
                        .status());
        pass(Duration.ofSeconds(101));
        publish(0, "c", "x".repeat(20), 100);
    }

    @Test
    void anEngineThatIsAwayIsNotAskedAboutEveryValue() throws DhtException {
        engine.refusal = 503;
        for (int i = 0; i < 4; i++) publish(i, "a", "v" + i, 80_000);
        publish(0, "b", "v", 80_000);
        engine.taken();
        pass(Duration.ofSeconds(11));
        assertEquals(3, engine.taken().size());
    }

    private void roomy() throws DhtException {
        publications().close();
        publications = new Publications(engine, file(), new Publications.Bounds(1024, 1 << 20, 1 << 20), clock);
    }

    @Test
    void oneRoundPutsAllThatIsDueHoweverMuchItIs() throws DhtException {
        roomy();
        for (int i = 0; i < 600; i++) publish(i, "a", "a" + i, 80_000);
        for (int i = 0; i < 600; i++) publish(i, "b", "b" + i, 80_000);
        assertEquals(1200, Set.copyOf(engine.taken()).size());
        pass(Duration.ofHours(6));
        var again = engine.taken();
        assertEquals(1200, again.size());
        assertEquals(1200, Set.copyOf(again).size());
        pass(Duration.ofHours(5));
        assertEquals(List.of(), engine.taken());
    }

    @Test
    void whoHasManyValuesDoesNotKeepOthersWaiting() throws DhtException {
        roomy();
        engine.refusal = 502;
        for (int i = 0; i < 1000; i++) publish(i, "many", "m" + i, 80_000);
        clock.pass(Duration.ofSeconds(2));
        for (int i = 0; i < 5; i++) publish(i, "few", "f" + i, 80_000);
        engine.refusal = 0;
        engine.taken();
        pass(Duration.ofSeconds(20));
        var order = engine.taken();
        assertEquals(1005, order.size());
        // In turn, and 32 at once: the last of the few is the tenth to begin.
        for (int i = 0; i < 5; i++) {
            int at = order.indexOf("f" + i + " 79980");
            assertTrue(at >= 0 && at < 80, "the " + at + "th");
        }
    }

    @Test
    void aUserWhoseValuesFailDoesNotStopTheRound() throws DhtException {
        engine.refusal = 502;
        for (int i = 0; i < 4; i++) publish(i, "bad", "bad" + i, 80_000);
        for (int i = 0; i < 4; i++) publish(i, "good", "good" + i, 80_000);
        engine.refusal = 0;
        engine.refused = "bad";
        engine.taken();
        pass(Duration.ofSeconds(11));
        var good = engine.taken().stream().filter(put -> put.startsWith("good")).toList();
        assertEquals(4, good.size(), good.toString());
    }

    @Test
    void oneRefusedValueDoesNotHoldUpTheOthers() throws DhtException {
        engine.refusal = 502;
        for (int i = 0; i < 4; i++) publish(i, "a", "v" + i, 80_000);
        engine.taken();
        engine.refusal = 429;
        pass(Duration.ofSeconds(11));
        assertEquals(4, engine.taken().size());
        pass(Duration.ofSeconds(20));
        assertEquals(List.of(), engine.taken());
        pass(Duration.ofMinutes(5));
        assertEquals(4, engine.taken().size());
    }

    @Test
    void aDamagedFileIsReportedWithWhatToDo() throws IOException {
        publications().close();
        Files.writeString(file(), "this is no database");
        var refused = assertThrows(DhtException.class, this::open);
        assertTrue(String.valueOf(refused.getMessage()).contains("move it away"));
    }
}
