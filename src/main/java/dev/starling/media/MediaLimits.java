package dev.starling.media;

import java.time.Duration;

/// How much, how long.
///
/// @param bridges at once, in all
/// @param bridgesOfAccount at once, of one account
/// @param calleeLegs that one bridge may offer to at a time
/// @param packetsPerSecond from one leg; more are dropped
/// @param remoteCandidates of a web leg
/// @param setup until ICE has a path, and again until DTLS is done
/// @param unanswered until a bridge is kept
/// @param silence until a bridge ends that neither side sends to; of one side alone five times that, while it is held
/// twenty times
public record MediaLimits(
        int bridges,
        int bridgesOfAccount,
        int calleeLegs,
        int packetsPerSecond,
        int remoteCandidates,
        Duration setup,
        Duration unanswered,
        Duration silence) {
    public static final MediaLimits USUAL =
            new MediaLimits(500, 8, 16, 200, 20, Duration.ofSeconds(30), Duration.ofMinutes(5), Duration.ofSeconds(90));
}
