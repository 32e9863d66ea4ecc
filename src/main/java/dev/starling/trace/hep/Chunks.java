package dev.starling.trace.hep;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// One HEP3 packet as a list of chunks: `HEP3`, total length (16 bits), then for each chunk vendor, type and length (16
/// bits each; the length includes these 6 bytes) and its value. All numbers are in network order (HEP3 Network Protocol
/// Specification, "Header format" and "Chunk").
public final class Chunks {
    public static final int GENERIC = 0x0000;
    static final int HEADER_BYTES = 6, MAX_BYTES = 65_535;
    private static final int MAX_CHUNKS = 64;
    private static final byte[] MAGIC = "HEP3".getBytes(StandardCharsets.US_ASCII);

    private record Name(int vendor, int type) {}

    private final Map<Name, byte[]> values = new LinkedHashMap<>();

    public Chunks put(int vendor, int type, byte[] value) {
        values.put(new Name(vendor, type), value.clone());
        return this;
    }

    public Chunks put(int vendor, int type, String value) {
        return put(vendor, type, value.getBytes(StandardCharsets.UTF_8));
    }

    Chunks put8(int type, int value) {
        return put(GENERIC, type, new byte[] {(byte) value});
    }

    Chunks put16(int type, int value) {
        return put(GENERIC, type, ByteBuffer.allocate(2).putShort((short) value).array());
    }

    Chunks put32(int type, long value) {
        return put(GENERIC, type, ByteBuffer.allocate(4).putInt((int) value).array());
    }

    public Optional<byte[]> value(int vendor, int type) {
        return Optional.ofNullable(values.get(new Name(vendor, type)));
    }

    /// Unsigned, of any width up to eight bytes.
    public long number(int vendor, int type, long otherwise) {
        byte[] value = values.get(new Name(vendor, type));
        if (value == null || value.length > Long.BYTES) return otherwise;
        long number = 0;
        for (byte each : value) number = number << 8 | each & 255;
        return number;
    }

    public String text(int vendor, int type) {
        return value(vendor, type)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .orElse("");
    }

    int length() {
        return HEADER_BYTES
                + values.values().stream()
                        .mapToInt(each -> HEADER_BYTES + each.length)
                        .sum();
    }

    /// The packet.
    ///
    /// @throws IllegalArgumentException longer than 65,535 bytes
    public byte[] write() {
        int length = length();
        if (length > MAX_BYTES) throw new IllegalArgumentException("too long for a packet: " + length);
        var packet = ByteBuffer.allocate(length).put(MAGIC).putShort((short) length);
        values.forEach((name, value) -> packet.putShort((short) name.vendor)
                .putShort((short) name.type)
                .putShort((short) (HEADER_BYTES + value.length))
                .put(value));
        return packet.array();
    }

    /// Reads a whole packet.
    ///
    /// @throws IOException it is none
    public static Chunks read(byte[] packet) throws IOException {
        var in = ByteBuffer.wrap(packet);
        var chunks = new Chunks();
        try {
            if (length(packet) != packet.length) throw new IOException("a HEP3 packet of another length than it says");
            in.position(HEADER_BYTES);
            while (in.hasRemaining()) {
                if (chunks.values.size() == MAX_CHUNKS) throw new IOException("a HEP3 packet of too many chunks");
                int vendor = in.getShort() & 0xffff, type = in.getShort() & 0xffff;
                int length = (in.getShort() & 0xffff) - HEADER_BYTES;
                if (length < 0) throw new IOException("a HEP3 chunk shorter than its head");
                byte[] value = new byte[length];
                in.get(value);
                chunks.put(vendor, type, value);
            }
        } catch (BufferUnderflowException e) {
            throw new IOException("a HEP3 packet that is cut off", e);
        }
        return chunks;
    }

    /// The total length that the first six bytes of a packet say.
    public static int length(byte[] head) throws IOException {
        if (head.length < HEADER_BYTES || !java.util.Arrays.equals(head, 0, MAGIC.length, MAGIC, 0, MAGIC.length))
            throw new IOException("no HEP3");
        int length = ByteBuffer.wrap(head).getShort(MAGIC.length) & 0xffff;
        if (length < HEADER_BYTES) throw new IOException("a HEP3 packet shorter than its head");
        return length;
    }

    /// The next packet of a stream; empty at its end.
    public static Optional<Chunks> next(java.io.InputStream in) throws IOException {
        byte[] head = in.readNBytes(HEADER_BYTES);
        if (head.length == 0) return Optional.empty();
        int length = length(head);
        var packet = new ByteArrayOutputStream(length);
        packet.writeBytes(head);
        packet.writeBytes(in.readNBytes(length - HEADER_BYTES));
        return Optional.of(read(packet.toByteArray()));
    }
}
