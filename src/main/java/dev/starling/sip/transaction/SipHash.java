package dev.starling.sip.transaction;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.SecureRandom;

/// SipHash-1-3 (Aumasson and Bernstein) with a key of this process: whoever chooses branches and Call-IDs cannot
/// choose collisions.
final class SipHash {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final SipHash OURS = ofRandomKey();

    private final long k0;
    private final long k1;
    private final int rounds;
    private final int finalRounds;

    SipHash(long k0, long k1, int rounds, int finalRounds) {
        this.k0 = k0;
        this.k1 = k1;
        this.rounds = rounds;
        this.finalRounds = finalRounds;
    }

    private static SipHash ofRandomKey() {
        var random = new SecureRandom();
        return new SipHash(random.nextLong(), random.nextLong(), 1, 3);
    }

    static int ours(byte[] bytes) {
        return Long.hashCode(OURS.hash(bytes));
    }

    long hash(byte[] in) {
        long[] v = {
            k0 ^ 0x736f6d6570736575L, k1 ^ 0x646f72616e646f6dL, k0 ^ 0x6c7967656e657261L, k1 ^ 0x7465646279746573L
        };
        int whole = in.length / 8 * 8;
        for (int i = 0; i < whole; i += 8) absorb(v, (long) LONG.get(in, i));
        long last = (long) in.length << 56;
        for (int i = whole; i < in.length; i++) last |= (in[i] & 255L) << (8 * (i - whole));
        absorb(v, last);
        v[2] ^= 0xff;
        for (int i = 0; i < finalRounds; i++) round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    private void absorb(long[] v, long word) {
        v[3] ^= word;
        for (int i = 0; i < rounds; i++) round(v);
        v[0] ^= word;
    }

    private static void round(long[] v) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = Long.rotateLeft(v[1], 13) ^ v[0];
        v[3] = Long.rotateLeft(v[3], 16) ^ v[2];
        v[0] = Long.rotateLeft(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = Long.rotateLeft(v[1], 17) ^ v[2];
        v[3] = Long.rotateLeft(v[3], 21) ^ v[0];
        v[2] = Long.rotateLeft(v[2], 32);
    }
}
