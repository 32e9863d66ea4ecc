package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The stamp of a KNOCK: work that makes contact requests to many people dear (docs/protocols/formats.md, section 6).
/// Its bytes are `01 || bits || counter (8)`, or nothing.
public final class Stamp {
    public static final int MAX_BITS = 32;
    private static final int BYTES = 10;

    private Stamp() {}

    static void check(byte[] stamp) throws IdentityException {
        boolean good =
                stamp.length == 0 || (stamp.length == BYTES && stamp[0] == 1 && stamp[1] >= 0 && stamp[1] <= MAX_BITS);
        if (!good) throw new IdentityException("malformed", "stamp");
    }

    /// How many bits of work the stamp proves; 0 when it proves nothing. Costs two hashes.
    public static int bits(byte[] stamp, Address to, byte[] message, byte[] cms) throws IdentityException {
        check(stamp);
        if (stamp.length == 0) return 0;
        byte[] all = subject(to, message, cms);
        System.arraycopy(stamp, 0, all, all.length - BYTES, BYTES);
        return leadingZeros(DeviceId.sha256(all)) >= stamp[1] ? stamp[1] : 0;
    }

    /// Takes about 2^`bits` hashes.
    public static byte[] make(int bits, Address to, byte[] message, byte[] cms) {
        if (bits < 0 || bits > MAX_BITS) throw new IllegalArgumentException("bits");
        byte[] all = subject(to, message, cms);
        ByteBuffer stamp = ByteBuffer.wrap(all, all.length - BYTES, BYTES);
        stamp.put((byte) 1).put((byte) bits);
        for (long counter = 0; ; counter++) {
            stamp.putLong(all.length - Long.BYTES, counter);
            if (leadingZeros(DeviceId.sha256(all)) >= bits)
                return Arrays.copyOfRange(all, all.length - BYTES, all.length);
        }
    }

    /// What is stamped: this request, to this address; with room for the stamp.
    private static byte[] subject(Address to, byte[] message, byte[] cms) {
        byte[] head = ("starling/1 knock\0" + to.text() + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] all = new byte[head.length + message.length + 32 + BYTES];
        ByteBuffer.wrap(all).put(head).put(message).put(DeviceId.sha256(cms));
        return all;
    }

    private static int leadingZeros(byte[] hash) {
        int i = 0;
        while (i < hash.length && hash[i] == 0) i++;
        return i == hash.length ? i * 8 : i * 8 + Integer.numberOfLeadingZeros(hash[i] & 255) - 24;
    }
}
