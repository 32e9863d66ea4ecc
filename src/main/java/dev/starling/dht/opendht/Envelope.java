package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import java.nio.ByteBuffer;
import java.util.Optional;

/// What stands in `data` of a value of ours (docs/protocols/formats.md, section 12). OpenDHT's own id names the slot
/// of one publisher and its nodes forget everything after ten minutes, so the publisher's id and end travel inside.
///
/// @param expires Unix s
/// @param value empty: the value that lay here is withdrawn
record Envelope(long id, long expires, byte[] value) {
    static final int HEAD_BYTES = 17;
    private static final byte VERSION = 1;

    byte[] bytes() {
        return ByteBuffer.allocate(HEAD_BYTES + value.length)
                .put(VERSION)
                .putLong(id)
                .putLong(expires)
                .put(value)
                .array();
    }

    /// Empty when it is none of ours.
    static Optional<Envelope> read(byte[] data) {
        if (data.length < HEAD_BYTES || data.length > HEAD_BYTES + Dht.MAX_VALUE_BYTES || data[0] != VERSION)
            return Optional.empty();
        var in = ByteBuffer.wrap(data, 1, data.length - 1);
        long id = in.getLong(), expires = in.getLong();
        byte[] value = new byte[in.remaining()];
        in.get(value);
        return Optional.of(new Envelope(id, expires, value));
    }

    boolean withdrawn() {
        return value.length == 0;
    }

    Dht.Value opened() {
        return new Dht.Value(id, Dht.Owner.UNKNOWN, value);
    }
}
