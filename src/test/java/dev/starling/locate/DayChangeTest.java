package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Whoever publishes and whoever looks may have clocks that differ by ten minutes, over midnight too.
class DayChangeTest {
    private static final Instant NOON = Instant.parse("2026-11-24T12:00:00Z");
    private static final Rendezvous.Master MASTER = Rendezvous.Master.ofFriendsKey(new byte[32]);

    /// Key to the end of what lies there, by the true clock.
    private static Map<String, Instant> publish(Instant trueNow, Duration off) {
        var lies = new HashMap<String, Instant>();
        for (Rendezvous place : MASTER.around(Kind.LOCATION, trueNow.plus(off)))
            lies.put(
                    place.hexKey(),
                    place.day()
                            .plusDays(1)
                            .atTime(1, 0)
                            .toInstant(ZoneOffset.UTC)
                            .minus(off));
        return lies;
    }

    @Test
    void somebodyIsFoundAtEveryMinuteOfThreeDaysByReadersWithWrongClocks() {
        var random = new Random(20261124);
        for (int publisher : List.of(-5, 0, 5)) {
            var off = Duration.ofMinutes(publisher);
            // Publishes once a day and no more: what is re-put in between only helps.
            var due = new TreeMap<Instant, Map<String, Instant>>();
            for (Instant at = NOON;
                    at.isBefore(NOON.plus(Duration.ofDays(4)));
                    at = DayChange.after(at.plus(off), random).minus(off)) due.put(at, publish(at, off));
            assertEquals(5, due.size(), "once a day");
            for (int reader : List.of(-5, 0, 5))
                for (int minute = 1; minute < 3 * 24 * 60; minute++) {
                    Instant now = NOON.plus(Duration.ofMinutes(minute));
                    var lies = new HashMap<String, Instant>();
                    due.headMap(now).values().forEach(lies::putAll);
                    boolean found = MASTER.around(Kind.LOCATION, now.plus(Duration.ofMinutes(reader))).stream()
                            .anyMatch(place -> now.isBefore(lies.getOrDefault(place.hexKey(), Instant.MIN)));
                    assertTrue(found, "publisher " + publisher + ", reader " + reader + ", at " + now);
                }
        }
    }

    @Test
    void itIsSpreadOverTheHourBeforeMidnight() {
        var random = new Random(1);
        for (String now : List.of("2026-11-24T01:00:00Z", "2026-11-24T22:59:59Z")) {
            var minutes = new TreeMap<Integer, Integer>();
            for (int i = 0; i < 3600; i++) {
                var due = DayChange.after(Instant.parse(now), random).atOffset(ZoneOffset.UTC);
                assertEquals(24, due.getDayOfMonth());
                assertEquals(23, due.getHour());
                minutes.merge(due.getMinute(), 1, Integer::sum);
            }
            assertTrue(minutes.firstKey() >= 5 && minutes.lastKey() <= 45, minutes.toString());
            assertTrue(minutes.values().stream().allMatch(n -> n < 200), minutes.toString());
        }
        assertEquals(
                25,
                DayChange.after(
                                Clock.fixed(Instant.parse("2026-11-24T23:00:00Z"), ZoneOffset.UTC)
                                        .instant(),
                                random)
                        .atOffset(ZoneOffset.UTC)
                        .getDayOfMonth());
    }
}
