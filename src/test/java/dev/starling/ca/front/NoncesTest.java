package dev.starling.ca.front;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/// RFC 8555, section 6.5, also when there are more of them than can be remembered.
class NoncesTest {
    @Test
    void eachCountsOnce() {
        var nonces = new OwnNonces(100);
        var seen = new HashSet<String>();
        for (int i = 0; i < 50; i++) {
            String nonce = nonces.fresh();
            assertTrue(seen.add(nonce));
            assertTrue(nonces.use(nonce));
            assertFalse(nonces.use(nonce));
        }
    }

    @Test
    void inventedOnesDoNotCount() {
        var nonces = new OwnNonces(100);
        String right = nonces.fresh();
        byte[] bytes = Base64.getUrlDecoder().decode(right);
        for (int i = 0; i < bytes.length; i++) {
            byte[] other = bytes.clone();
            other[i] ^= 1;
            assertFalse(nonces.use(Base64.getUrlEncoder().withoutPadding().encodeToString(other)));
        }
        for (String wrong : List.of("", "=", right + "A", right.substring(1), new OwnNonces(100).fresh(), "\u0000"))
            assertFalse(nonces.use(wrong));
        assertTrue(nonces.use(right));
    }

    @Test
    void askingForManyPushesNobodysOut() {
        var nonces = new OwnNonces(100);
        String mine = nonces.fresh();
        for (int i = 0; i < 200_000; i++) nonces.fresh();
        assertTrue(nonces.use(mine));
    }

    @Test
    void aUsedOneNeverCountsAgainHoweverManyFollow() {
        var nonces = new OwnNonces(10);
        var used = new ArrayList<String>();
        for (int i = 0; i < 1000; i++) {
            String nonce = nonces.fresh();
            used.add(nonce);
            assertTrue(nonces.use(nonce));
        }
        for (String each : used) assertFalse(nonces.use(each));
        assertTrue(nonces.use(nonces.fresh()));
    }

    @Test
    void ofManyThreadsWithOneNonceOneWins() throws Exception {
        var nonces = new OwnNonces(100);
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 100; round++) {
                String nonce = nonces.fresh();
                Callable<Boolean> using = () -> nonces.use(nonce);
                int won = 0;
                for (var each : all.invokeAll(List.of(using, using, using, using))) if (each.get()) won++;
                assertEquals(1, won);
            }
        }
    }
}
