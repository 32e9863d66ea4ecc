package dev.starling.dht;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What every engine must do.
abstract class DhtContract {
    private static final String KEY = "0123456789abcdef0123456789abcdef01234567";
    private static final Duration HOUR = Duration.ofHours(1);

    abstract Dht dht();

    private static Dht.Value value(long id, String owner, String text) {
        return new Dht.Value(id, owner, text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> all() throws DhtException {
        var found = new ArrayList<String>();
        dht().lookup(KEY, Dht.Limits.USUAL, v -> {
            found.add(new String(v.data(), StandardCharsets.UTF_8));
            return false;
        });
        found.sort(String::compareTo);
        return found;
    }

    @Test
    void aValueIsFoundAndAnUpdateReplacesIt() throws DhtException {
        dht().put(KEY, value(1, "a", "one"), HOUR);
        assertEquals(List.of("one"), all());
        dht().put(KEY, value(1, "a", "two"), HOUR);
        assertEquals(List.of("two"), all());
    }

    @Test
    void anAbsentKeyHasNothing() throws DhtException {
        assertEquals(List.of(), all());
    }

    @Test
    void nobodyReplacesAnothersValueUnderTheSameId() throws DhtException {
        dht().put(KEY, value(-1, "a", "genuine"), HOUR);
        dht().put(KEY, value(-1, "b", "impostor"), HOUR);
        assertEquals(List.of("genuine", "impostor"), all());
    }

    @Test
    void fiveHundredJunkValuesDoNotHideTheGenuineOne() throws DhtException {
        dht().put(KEY, value(7, "a", "genuine"), HOUR);
        for (int i = 0; i < 500; i++) dht().put(KEY, value(i, "junk" + i, "junk"), HOUR);
        var found = new ArrayList<byte[]>();
        dht().lookup(KEY, Dht.Limits.USUAL, v -> {
            boolean genuine = new String(v.data(), StandardCharsets.UTF_8).equals("genuine");
            if (genuine) found.add(v.data());
            return genuine;
        });
        assertEquals(1, found.size());
        assertArrayEquals("genuine".getBytes(StandardCharsets.UTF_8), found.getFirst());
    }

    @Test
    void aValueOverTheLimitIsRefused() {
        var large = new Dht.Value(1, "a", new byte[Dht.MAX_VALUE_BYTES + 1]);
        assertThrows(DhtException.class, () -> dht().put(KEY, large, HOUR));
    }

    @Test
    void aWatcherSeesWhatIsThereAndWhatComes() throws Exception {
        dht().put(KEY, value(1, "a", "there"), HOUR);
        var events = new LinkedBlockingQueue<String>();
        try (var _ = dht().watch(KEY, e -> events.add(new String(e.value().data(), StandardCharsets.UTF_8)))) {
            assertEquals("there", events.poll(10, TimeUnit.SECONDS));
            dht().put(KEY, value(2, "a", "new"), HOUR);
            assertEquals("new", events.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void itSaysThatItIsWell() {
        assertTrue(dht().health().equals("ok"), dht().health());
    }
}
