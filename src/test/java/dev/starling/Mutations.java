package dev.starling;

import dev.starling.identity.IdentityException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Hostile bytes from good ones, always the same for one seed: cut, changed, repeated, swapped, with lengths that lie.
public final class Mutations {
    private final Random random;
    private final List<byte[]> good;

    public Mutations(long seed, List<byte[]> good) {
        this.random = new Random(seed);
        this.good = List.copyOf(good);
    }

    /// What must only ever refuse with a reason of ours.
    public interface Reader {
        void read(byte[] bytes) throws IdentityException;
    }

    /// Feeds `cases` of them; any unchecked exception ends the test. Gives how many were accepted.
    public int feed(int cases, Reader reader) {
        int accepted = 0;
        for (int i = 0; i < cases; i++) {
            byte[] bytes = next();
            try {
                reader.read(bytes);
                accepted++;
            } catch (IdentityException e) {
                if (e.reason().isEmpty()) throw new AssertionError("a refusal without a reason");
            } catch (RuntimeException | Error e) {
                throw new AssertionError(
                        "case " + i + ": " + java.util.HexFormat.of().formatHex(bytes), e);
            }
        }
        return accepted;
    }

    public byte[] next() {
        byte[] bytes = good.get(random.nextInt(good.size())).clone();
        for (int n = random.nextInt(4); n >= 0; n--) bytes = once(bytes);
        return bytes;
    }

    private byte[] once(byte[] bytes) {
        if (bytes.length == 0) return new byte[] {(byte) random.nextInt()};
        int at = random.nextInt(bytes.length), size = 1 + random.nextInt(Math.min(16, bytes.length));
        switch (random.nextInt(7)) {
            case 0 -> bytes[at] = (byte) random.nextInt();
            case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
            case 3 -> bytes[at] = INTERESTING[random.nextInt(INTERESTING.length)];
            case 4 -> bytes = Arrays.copyOf(bytes, at);
            case 5 -> bytes = splice(bytes, at, Math.min(bytes.length, at + size), new byte[0]);
            default -> {
                int from = random.nextInt(bytes.length);
                bytes = splice(bytes, at, at, Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + size)));
            }
        }
        return bytes;
    }

    private static final byte[] INTERESTING = {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        0x17,
        0x18,
        0x30,
        0x31,
        0x3f,
        0x7f,
        (byte) 0x80,
        (byte) 0x81,
        (byte) 0x82,
        (byte) 0x9f,
        (byte) 0xa0,
        (byte) 0xa1,
        (byte) 0xbf,
        (byte) 0xc0,
        (byte) 0xd2,
        (byte) 0xf6,
        (byte) 0xff
    };

    private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
        byte[] all = new byte[bytes.length - (to - from) + middle.length];
        System.arraycopy(bytes, 0, all, 0, from);
        System.arraycopy(middle, 0, all, from, middle.length);
        System.arraycopy(bytes, to, all, from + middle.length, bytes.length - to);
        return all;
    }

    /// Says how many cases of what took how long: for the table of the long tests.
    public static void report(String what, int cases, long startNanos) {
        System.out.printf("fuzz %s: %d cases, %.1f s%n", what, cases, (System.nanoTime() - startNanos) / 1e9);
    }
}
