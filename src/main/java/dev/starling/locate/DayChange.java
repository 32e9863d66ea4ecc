package dev.starling.locate;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.random.RandomGenerator;

/// When what is published today is published for the day to come as well: within the hour before midnight UTC, not
/// everybody at once, and early enough for clocks that differ by minutes (docs/protocols/formats.md, section 5).
public final class DayChange {
    private static final LocalTime OPENS = LocalTime.of(23, 6);
    private static final Duration SPREAD = Duration.ofMinutes(36);

    private DayChange() {}

    /// The next time, seen from `now`; after that hour has begun, tomorrow's.
    public static Instant after(Instant now, RandomGenerator random) {
        Instant hour = now.plus(1, ChronoUnit.HOURS)
                .atOffset(ZoneOffset.UTC)
                .toLocalDate()
                .atTime(OPENS)
                .toInstant(ZoneOffset.UTC);
        return hour.plusMillis(random.nextLong(SPREAD.toMillis()));
    }
}
