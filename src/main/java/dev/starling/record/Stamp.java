package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.SCrypt;

/// The stamp of a KNOCK: work that makes contact requests to many people dear (docs/protocols/formats.md, section 6).
/// Its bytes are `02 || cost || bits || counter (8)`, work that needs memory; in its first version, which only proves
/// hashing, `01 || bits || counter (8)`; or nothing.
public final class Stamp {
    public static final int MAX_BITS = 32;
    public static final int MIN_COST = 10, MAX_COST = 15;
    private static final int BYTES = 10, MEMORY_BYTES = 11;

    private static final byte[] SALT = "starling/1 stamp".getBytes(StandardCharsets.US_ASCII);

    private Stamp() {}

    static void check(byte[] stamp) throws IdentityException {
        boolean good = switch (stamp.length) {
            case 0 -> true;
            case BYTES -> stamp[0] == 1 && stamp[1] >= 0 && stamp[1] <= MAX_BITS;
            case MEMORY_BYTES ->
                stamp[0] == 2 && stamp[1] >= MIN_COST && stamp[1] <= MAX_COST && stamp[2] >= 0 && stamp[2] <= MAX_BITS;
            default -> false;
        };
        if (!good) throw new IdentityException("malformed", "stamp");
    }

    /// How many times 2^`cost` blocks of memory the stamp proves to have been filled, as bits; 0 when it proves
    /// nothing,
    /// is of another cost or claims fewer than `least` bits. Costs one scrypt (RFC 7914) when it claims enough.
    public static int memoryBits(byte[] stamp, int cost, int least, Address to, byte[] message, byte[] cms)
            throws IdentityException {
        check(stamp);
        if (stamp.length != MEMORY_BYTES || stamp[1] != cost || stamp[2] < least) return 0;
        byte[] all = subject(to, message, cms, MEMORY_BYTES);
        System.arraycopy(stamp, 0, all, all.length - MEMORY_BYTES, MEMORY_BYTES);
        return leadingZeros(scrypt(all, cost)) >= stamp[2] ? stamp[2] : 0;
    }

    /// Takes about 2^`bits` times one scrypt.
    public static byte[] makeInMemory(int cost, int bits, Address to, byte[] message, byte[] cms) {
        if (bits < 0 || bits > MAX_BITS || cost < MIN_COST || cost > MAX_COST)
            throw new IllegalArgumentException("cost or bits");
        byte[] all = subject(to, message, cms, MEMORY_BYTES);
        ByteBuffer.wrap(all, all.length - MEMORY_BYTES, MEMORY_BYTES)
                .put((byte) 2)
                .put((byte) cost)
                .put((byte) bits);
        for (long counter = 0; ; counter++) {
            ByteBuffer.wrap(all).putLong(all.length - Long.BYTES, counter);
            if (leadingZeros(scrypt(all, cost)) >= bits)
                return Arrays.copyOfRange(all, all.length - MEMORY_BYTES, all.length);
        }
    }

    private static byte[] scrypt(byte[] subject, int cost) {
        return SCrypt.generate(subject, SALT, 1 << cost, 8, 1, 32);
    }

    /// How many bits of work the stamp proves; 0 when it proves nothing. Costs two hashes.
    public static int bits(byte[] stamp, Address to, byte[] message, byte[] cms) throws IdentityException {
        check(stamp);
        if (stamp.length != BYTES) return 0;
        byte[] all = subject(to, message, cms, BYTES);
        System.arraycopy(stamp, 0, all, all.length - BYTES, BYTES);
        return leadingZeros(DeviceId.sha256(all)) >= stamp[1] ? stamp[1] : 0;
    }

    /// Takes about 2^`bits` hashes.
    public static byte[] make(int bits, Address to, byte[] message, byte[] cms) {
        if (bits < 0 || bits > MAX_BITS) throw new IllegalArgumentException("bits");
        byte[] all = subject(to, message, cms, BYTES);
        ByteBuffer stamp = ByteBuffer.wrap(all, all.length - BYTES, BYTES);
        stamp.put((byte) 1).put((byte) bits);
        for (long counter = 0; ; counter++) {
            stamp.putLong(all.length - Long.BYTES, counter);
            if (leadingZeros(DeviceId.sha256(all)) >= bits)
                return Arrays.copyOfRange(all, all.length - BYTES, all.length);
        }
    }

    /// What is stamped: this request, to this address; with room for the stamp.
    private static byte[] subject(Address to, byte[] message, byte[] cms, int room) {
        byte[] head = ("starling/1 knock\0" + to.text() + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] all = new byte[head.length + message.length + 32 + room];
        ByteBuffer.wrap(all).put(head).put(message).put(DeviceId.sha256(cms));
        return all;
    }

    private static int leadingZeros(byte[] hash) {
        int i = 0;
        while (i < hash.length && hash[i] == 0) i++;
        return i == hash.length ? i * 8 : i * 8 + Integer.numberOfLeadingZeros(hash[i] & 255) - 24;
    }
}
