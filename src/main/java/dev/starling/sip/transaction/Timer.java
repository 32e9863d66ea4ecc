package dev.starling.sip.transaction;

import java.time.Duration;

/// The timers of RFC 3261, table 4, and L and M of RFC 6026. C is a user agent's here: how long it waits once an INVITE
/// rings (sections 9.1 and 16.6).
enum Timer {
    A,
    B,
    C,
    D,
    E,
    F,
    G,
    H,
    I,
    J,
    K,
    L,
    M;
    static final Duration T1 = Duration.ofMillis(500), T2 = Duration.ofSeconds(4), T4 = Duration.ofSeconds(5);
    static final Duration T1_64 = T1.multipliedBy(64);

    /// What is armed when all has been said: no other timer of the transaction matters any more.
    boolean isLast() {
        return switch (this) {
            case D, I, J, K, L, M -> true;
            case A, B, C, E, F, G, H -> false;
        };
    }

    /// Its end is an answer to whoever sent the request, who may take his time.
    boolean isTold() {
        return this == B || this == C || this == F;
    }

    static Duration doubled(Duration last, boolean toT2) {
        Duration next = last.multipliedBy(2);
        return toT2 && next.compareTo(T2) > 0 ? T2 : next;
    }
}
