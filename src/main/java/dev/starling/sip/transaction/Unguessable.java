package dev.starling.sip.transaction;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;

/// Random bytes, drawn many at a time: to draw ten takes nearly as long as to draw a thousand. What was given out is
/// wiped.
final class Unguessable {
    private static final int AHEAD = 1_024;

    private final SecureRandom source;
    private final byte[] drawn = new byte[AHEAD];
    private int next = AHEAD;

    Unguessable(SecureRandom source) {
        this.source = source;
    }

    /// @param bytes how many, up to 32; twice as many digits
    String hex(int bytes) {
        byte[] taken = new byte[bytes];
        synchronized (this) {
            if (AHEAD - next < bytes) {
                source.nextBytes(drawn);
                next = 0;
            }
            System.arraycopy(drawn, next, taken, 0, bytes);
            Arrays.fill(drawn, next, next + bytes, (byte) 0);
            next += bytes;
        }
        return HexFormat.of().formatHex(taken);
    }
}
