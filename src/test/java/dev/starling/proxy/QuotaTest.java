package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class QuotaTest {
    private static final int MAX_KEYS = 50_000;

    @Test
    void whoeverAsksOftenIsNotTheOneForgotten() {
        var quota = new Quota(1, 2, Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
        for (String key : new String[] {"often", "once"}) assertTrue(quota.allows(key, 2));
        assertFalse(quota.allows("often"));
        for (int i = 0; i < MAX_KEYS - 1; i++) assertTrue(quota.allows("other " + i));
        assertFalse(quota.allows("often"), "as empty as it was");
        assertTrue(quota.allows("once"), "forgotten, to keep the bound");
    }
}
