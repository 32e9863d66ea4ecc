package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// When mails that nothing can be said about are tried again: simulated time.
class LaterTest {
    private static final Duration FIRST = Duration.ofSeconds(20);

    private final Later later = new Later(FIRST);
    // Such a clock may begin anywhere.
    private long now = Long.MAX_VALUE - Duration.ofMinutes(1).toNanos();

    private static List<Long> mails(int count) {
        return LongStream.rangeClosed(1, count).boxed().toList();
    }

    private List<Long> look(List<Long> uids) {
        List<Long> due = later.due(uids, 100, now);
        for (long each : due) later.put(each, now);
        return due;
    }

    @Test
    void eachPauseIsTwiceTheOneBeforeUpToTenMinutes() {
        var pauses = new ArrayList<Long>();
        long last = now;
        look(List.of(7L));
        while (pauses.size() < 8) {
            now += Duration.ofSeconds(1).toNanos();
            if (look(List.of(7L)).isEmpty()) continue;
            pauses.add(Duration.ofNanos(now - last).toSeconds());
            last = now;
        }
        assertEquals(List.of(20L, 40L, 80L, 160L, 320L, 600L, 600L, 600L), pauses);
    }

    @Test
    void oneThatIsNewComesBeforeAllThatMustComeAgain() {
        for (int from = 0; from < 250; from += 100)
            assertEquals(mails(250).subList(from, Math.min(from + 100, 250)), look(mails(250)));
        assertEquals(List.of(), look(mails(250)));
        assertEquals(List.of(251L), look(mails(251)));
        now += FIRST.toNanos();
        var due = look(mails(252));
        assertEquals(252L, due.getFirst());
        assertEquals(mails(99), due.subList(1, 100));
    }

    @Test
    void whatIsGoneIsForgotten() {
        look(List.of(1L, 2L));
        assertEquals(List.of(), look(List.of(2L)));
        assertEquals(List.of(1L), look(List.of(1L, 2L)));
    }
}
