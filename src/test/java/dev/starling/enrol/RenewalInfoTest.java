package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// What a CA says of when to come again: for a renewal (RFC 9773), and for a certificate that it is making.
class RenewalInfoTest {
    private static Optional<RenewalInfo> of(String json) {
        return RenewalInfo.of(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String window(String more) {
        return "{\"suggestedWindow\":{\"start\":\"2026-12-01T00:00:00Z\",\"end\":\"2026-12-03T00:00:00Z\"}" + more
                + "}";
    }

    @Test
    void aTimeInTheWindowIsChosen() {
        var info = of(window(",\"explanationURL\":\"https://ca.example/why\"")).orElseThrow();
        assertEquals("https://ca.example/why", info.explanation());
        var random = new SplittableRandom(1);
        assertFalse(info.isDue(info.start().minusMillis(1), random));
        assertTrue(info.isDue(info.end(), random));
        Instant middle = info.start().plus(Duration.ofDays(1));
        int due = 0;
        for (int i = 0; i < 1000; i++) if (info.isDue(middle, random)) due++;
        assertTrue(due > 400 && due < 600, () -> "half of them");
    }

    @Test
    void whatIsNoWindowOrNoUrlIsPassedOver() {
        for (String bad : List.of(
                "",
                "[]",
                "{}",
                "{\"suggestedWindow\":7}",
                "{\"suggestedWindow\":{}}",
                "{\"suggestedWindow\":{\"start\":\"soon\",\"end\":\"later\"}}",
                "{\"suggestedWindow\":{\"start\":\"2026-12-03T00:00:00Z\",\"end\":\"2026-12-03T00:00:00Z\"}}"))
            assertEquals(Optional.empty(), of(bad), bad);
        for (String url : List.of("javascript:alert(1)", "https://x/ y", "https://x/\u001b[31m", "x".repeat(600)))
            assertEquals(
                    "",
                    of(window(",\"explanationURL\":\"" + url + "\""))
                            .map(RenewalInfo::explanation)
                            .orElse(""));
    }

    @Test
    void retryAfterIsHonouredWithinBounds() {
        Instant now = Instant.parse("2026-11-30T00:00:00Z");
        assertEquals(Optional.of(Duration.ofSeconds(7)), AcmeClient.retryAfter("7", now));
        assertEquals(Optional.of(Duration.ofSeconds(1)), AcmeClient.retryAfter("0", now));
        assertEquals(Optional.of(Duration.ofMinutes(1)), AcmeClient.retryAfter("86400", now));
        assertEquals(Optional.of(Duration.ofSeconds(9)), AcmeClient.retryAfter("Mon, 30 Nov 2026 00:00:09 GMT", now));
        for (String bad : List.of("", "-1", "soon", "9999999999", "1.5"))
            assertEquals(Optional.empty(), AcmeClient.retryAfter(bad, now), bad);
    }
}
