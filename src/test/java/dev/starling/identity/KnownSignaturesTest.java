package dev.starling.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What was found right once is not computed again, and makes nothing else right.
class KnownSignaturesTest {
    private byte[] anchor = new byte[0];
    private final List<byte[]> leaves = new ArrayList<>();

    @BeforeEach
    void read() throws Exception {
        var v = Vectors.read("certificates");
        anchor = CertificateFields.parse(Vectors.allBase64(v.get("anchors")).getFirst())
                .spki();
        for (var c : Vectors.cases(v, "cases"))
            if ("ok".equals(c.get("verdict"))
                    && !c.containsKey("anchors")
                    && !c.containsKey("anchorText")
                    && Vectors.allBase64(c.get("chain")).size() == 1)
                leaves.add(Vectors.allBase64(c.get("chain")).getFirst());
    }

    @Test
    void aKnownSignatureIsNoOtherCertificatesAndNoOtherKeys() throws Exception {
        byte[] good = leaves.getFirst();
        var fields = CertificateFields.parse(good);
        for (int i = 0; i < 2; i++) assertTrue(IssuerKey.signed(fields, anchor), "time " + i);
        assertFalse(IssuerKey.signed(fields, fields.spki()), "by another key");
        int read = 0;
        for (int at = 0; at < good.length; at++) {
            byte[] other = good.clone();
            other[at] ^= 1;
            try {
                var changed = CertificateFields.parse(other);
                read++;
                assertFalse(IssuerKey.signed(changed, anchor), "byte " + at);
            } catch (IdentityException e) {
                // Is no certificate any more.
            }
        }
        assertTrue(read > 64, "only " + read + " of the changed ones could be read");
    }

    @Test
    void theLeastUsedIsForgottenFirst() throws Exception {
        var known = new KnownSignatures(2);
        var some = new ArrayList<CertificateFields>();
        for (int i = 0; i < 3; i++) some.add(CertificateFields.parse(leaves.get(i)));
        known.add(some.get(0), anchor);
        known.add(some.get(1), anchor);
        assertTrue(known.contains(some.get(0), anchor));
        known.add(some.get(2), anchor);
        assertEquals(
                List.of(true, false, true),
                some.stream().map(each -> known.contains(each, anchor)).toList());
    }
}
