package dev.starling.nat.turn;

import java.time.Duration;

/// What one relay gives away at most. A browser asks for one allocation for each way to the relay (UDP, TCP, TLS), each
/// family of addresses and each device that rings; behind one address there may be an office.
///
/// total, perOwner, perDomain, perNetwork: allocations at once; a network is a /24 or a /64
/// permissions, channels: for one allocation
/// bytesPerSecond: of one owner in both directions, over all his allocations; a voice call with Opus takes 12,000
public record TurnLimits(
        int total, int perOwner, int perDomain, int perNetwork, int permissions, int channels, int bytesPerSecond) {
    public static final TurnLimits OPEN = new TurnLimits(2_000, 48, 1_000, 500, 64, 64, 250_000);

    /// RFC 8656, section 3.2.
    static final Duration DEFAULT_LIFETIME = Duration.ofMinutes(10);
    static final Duration MAX_LIFETIME = Duration.ofHours(1);
    /// RFC 8656, sections 9 and 12.
    static final Duration PERMISSION = Duration.ofMinutes(5);
    static final Duration CHANNEL = Duration.ofMinutes(10);
}
