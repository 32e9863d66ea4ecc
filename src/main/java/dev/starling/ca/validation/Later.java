package dev.starling.ca.validation;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/// Which mails of a mailbox must come again, and when: twice as long after each attempt. What is no longer in the
/// mailbox is forgotten, so there are never more than mails in it.
///
/// Times are nanoseconds of some clock that only goes forward.
final class Later {
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private record Again(long due, long pause) {}

    private final Map<Long, Again> all = new HashMap<>();
    private final long first;

    /// @param first the pause after the first attempt
    Later(Duration first) {
        this.first = first.toNanos();
    }

    /// What is to be tried now: those that never were, in their order; then those whose time has come, the one that
    /// waits longest first.
    ///
    /// @param uids of all mails (RFC 9051, section 2.3.1.1)
    /// @param most how many
    List<Long> due(List<Long> uids, int most, long now) {
        all.keySet().retainAll(new HashSet<>(uids));
        return uids.stream()
                .filter(uid -> dueIn(uid, now) <= 0)
                .sorted(Comparator.comparingLong(uid -> dueIn(uid, now)))
                .limit(most)
                .toList();
    }

    // One that was never tried is due before all others.
    private long dueIn(long uid, long now) {
        Again again = all.get(uid);
        return again == null ? Long.MIN_VALUE : again.due - now;
    }

    /// It was tried, and must come again.
    void put(long uid, long now) {
        Again before = all.get(uid);
        long pause = before == null ? first : Math.min(2 * before.pause, LONGEST.toNanos());
        all.put(uid, new Again(now + pause, pause));
    }
}
