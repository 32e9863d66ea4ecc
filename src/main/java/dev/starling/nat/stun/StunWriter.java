package dev.starling.nat.stun;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// Writes one STUN message: RFC 8489, section 5. MESSAGE-INTEGRITY and FINGERPRINT go last, in this order.
public final class StunWriter {
    private byte[] bytes = new byte[256];
    private int length = StunMessage.HEADER_BYTES;

    /// transactionId: 12 bytes
    public StunWriter(int method, StunClass kind, byte[] transactionId) {
        if (transactionId.length != StunMessage.TRANSACTION_ID_BYTES || method < 0 || method > 0xFFF)
            throw new IllegalArgumentException();
        ByteBuffer.wrap(bytes)
                .putShort((short) kind.with(method))
                .putShort((short) 0)
                .putInt(StunMessage.COOKIE)
                .put(transactionId);
    }

    /// The answer to a request.
    public static StunWriter answer(StunMessage request, StunClass kind) {
        return new StunWriter(request.method(), kind, request.transactionId());
    }

    public StunWriter put(int attribute, byte[] value) {
        int size = 4 + (value.length + 3) / 4 * 4;
        if (length + size - StunMessage.HEADER_BYTES > 0xFFFF) throw new IllegalArgumentException("too long");
        if (length + size > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + size));
        ByteBuffer.wrap(bytes, length, size)
                .putShort((short) attribute)
                .putShort((short) value.length)
                .put(value);
        length += size;
        ByteBuffer.wrap(bytes).putShort(2, (short) (length - StunMessage.HEADER_BYTES));
        return this;
    }

    public StunWriter put(int attribute, String text) {
        return put(attribute, text.getBytes(StandardCharsets.UTF_8));
    }

    /// A number of 32 bits.
    public StunWriter put(int attribute, long number) {
        return put(attribute, ByteBuffer.allocate(4).putInt((int) number).array());
    }

    /// RFC 8489, section 14.2.
    public StunWriter putXor(int attribute, InetSocketAddress address) {
        InetAddress host = address.getAddress();
        byte[] raw = host.getAddress();
        for (int i = 0; i < raw.length; i++) raw[i] ^= bytes[4 + i];
        return put(
                attribute,
                ByteBuffer.allocate(4 + raw.length)
                        .put((byte) 0)
                        .put((byte) (raw.length == 4 ? 1 : 2))
                        .putShort((short) (address.getPort() ^ StunMessage.COOKIE >>> 16))
                        .put(raw)
                        .array());
    }

    /// ERROR-CODE: RFC 8489, section 14.8.
    public StunWriter putError(int code, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        return put(
                Attribute.ERROR_CODE,
                ByteBuffer.allocate(4 + text.length)
                        .putShort((short) 0)
                        .put((byte) (code / 100))
                        .put((byte) (code % 100))
                        .put(text)
                        .array());
    }

    /// UNKNOWN-ATTRIBUTES: RFC 8489, section 14.9.
    public StunWriter putUnknown(List<Integer> types) {
        var value = ByteBuffer.allocate(2 * types.size());
        for (int type : types) value.putShort((short) type);
        return put(Attribute.UNKNOWN_ATTRIBUTES, value.array());
    }

    public StunWriter protect(byte[] key) {
        return put(
                Attribute.MESSAGE_INTEGRITY,
                Protection.hmac(Protection.SHA1, key, bytes, length, StunMessage.SHA1_BYTES));
    }

    public StunWriter protect256(byte[] key) {
        return put(
                Attribute.MESSAGE_INTEGRITY_SHA256,
                Protection.hmac(Protection.SHA256, key, bytes, length, StunMessage.SHA256_BYTES));
    }

    public StunWriter fingerprint() {
        return put(Attribute.FINGERPRINT, Protection.fingerprint(bytes, length) & 0xFFFF_FFFFL);
    }

    public byte[] bytes() {
        return Arrays.copyOf(bytes, length);
    }
}
