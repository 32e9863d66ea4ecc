package dev.starling.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.CborMap;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Key 3 of DEVICES: to which lists its signer objects (docs/protocols/formats.md, section 7).
class ObjectionsTest {
    private static final byte[] HASH = new byte[32];

    @Test
    void theyAreReadAndBounded() throws IdentityException {
        assertEquals(List.of(), Bodies.objections(new CborMap()));
        assertEquals(List.of("00".repeat(32)), Bodies.objections(new CborMap().with(3, List.of(HASH))));
        assertEquals(16, Bodies.objections(of(16)).size());
        for (CborMap bad : List.of(
                of(0),
                of(17),
                new CborMap().with(3, HASH),
                new CborMap().with(3, 1),
                new CborMap().with(3, List.of(new byte[31]))))
            assertThrows(IdentityException.class, () -> Bodies.objections(bad));
    }

    private static CborMap of(int many) {
        return new CborMap().with(3, Collections.nCopies(many, HASH));
    }
}
