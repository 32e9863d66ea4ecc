package dev.starling.record;

import java.time.Duration;

/// The kinds of record; the number is on the wire, the name in the rendezvous.
public enum Kind {
    CERT(1, 31 * 24),
    DEVICES(2, 31 * 24),
    LOCATION(3, 24),
    INBOX(4, 31 * 24),
    KNOCK(5, 31 * 24),
    OWN(6, 31 * 24),
    REVOKED(7, 31 * 24),
    PEERS(8, 31 * 24);

    private final int number;
    private final Duration longest;

    Kind(int number, int hours) {
        this.number = number;
        this.longest = Duration.ofHours(hours);
    }

    public int number() {
        return number;
    }

    /// From issued to expires at most.
    public Duration longest() {
        return longest;
    }
}
