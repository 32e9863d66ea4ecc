package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UnguessableTest {
    /// Draws 1, 2, 3 …, and counts how often it is asked.
    private static final class Counted extends SecureRandom {
        private static final long serialVersionUID = 1;
        private byte last;
        private int draws;

        @Override
        public void nextBytes(byte[] bytes) {
            draws++;
            for (int i = 0; i < bytes.length; i++) bytes[i] = ++last;
        }
    }

    @Test
    void noByteIsGivenOutTwice() {
        var source = new Counted();
        var random = new Unguessable(source);
        assertEquals("010203", random.hex(3));
        assertEquals("0405", random.hex(2));
        for (int i = 0; i < 101; i++) random.hex(10);
        assertEquals(1, source.draws);
        // 1,024 are drawn, 1,015 given out; the nine left are not enough.
        assertEquals("0102030405060708090a", random.hex(10));
        assertEquals(2, source.draws);
    }

    @Test
    void manyAreAllDifferent() {
        var random = new Unguessable(new SecureRandom());
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 20_000; i++) assertTrue(seen.add(random.hex(12)));
    }
}
