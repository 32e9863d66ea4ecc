package dev.starling.agent;

import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.util.Optional;

/// A contact, as the devices of one person share it (docs/protocols/formats.md, section 10, `contact <address>`).
///
/// @param ours the token that we gave them, 32 bytes; `theirs`: the one that they gave us
record Person(State state, String name, byte[] ours, Optional<byte[]> theirs, Optional<byte[]> friendsKey) {
    private static final int KEY = 32, MAX_NAME = 64;

    enum State {
        WAITING,
        ACCEPTED,
        REMOVED
    }

    static Person read(byte[] value) throws IdentityException {
        CborMap map = Cbor.decodeMap(value);
        return new Person(
                State.values()[(int) map.number(1, 0, 2)],
                map.text(2, MAX_NAME),
                map.bytes(3, KEY, KEY),
                perhaps(map, 4),
                perhaps(map, 5));
    }

    private static Optional<byte[]> perhaps(CborMap map, long key) throws IdentityException {
        byte[] bytes = map.bytes(key, 0, KEY);
        if (bytes.length != 0 && bytes.length != KEY) throw new IdentityException("wrong-length");
        return bytes.length == 0 ? Optional.empty() : Optional.of(bytes);
    }

    @Override
    public String toString() {
        return "Person[" + state + "]";
    }
}
