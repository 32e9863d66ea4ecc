package dev.starling.cms;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.starling.Vectors;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Bodies and sealed messages: the same bytes and verdicts as in the JavaScript.
@org.jspecify.annotations.NullUnmarked
class CmsVectorsTest {
    @Test
    void bodiesAreWrittenAndReadAndEachLimitIsRefusedForItsOwnReasonBothWays() throws Exception {
        var v = Vectors.read("bodies");
        for (Map<String, Object> c : Vectors.cases(v, "good")) {
            byte[] cbor = Vectors.hex(c.get("cbor"));
            Body said = SaidBody.of(said(c)).orElseThrow();
            assertArrayEquals(said.encode(), Body.decode(cbor).encode());
            if (c.get("readOnly") == null) assertArrayEquals(cbor, said.encode());
        }
        int written = 0;
        for (Map<String, Object> c : Vectors.cases(v, "bad")) {
            String what = Vectors.text(c, "what");
            assertEquals(c.get("verdict"), Vectors.verdict(() -> Body.decode(Vectors.hex(c.get("cbor")))), what);
            if (c.get("said") == null) continue;
            var said = SaidBody.of(said(c));
            if (said.isEmpty()) continue;
            written++;
            assertEquals(c.get("verdict"), Vectors.verdict(() -> said.get().encode()), "writing " + what);
        }
        assertEquals(true, written > 30, "most of them can be said in Java");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> said(Map<String, Object> c) {
        return (Map<String, Object>) c.get("said");
    }

    /// As many as may be long enough, and far more: one is all there may be.
    @Test
    void aMessageToManyRecipientsIsRefusedSoon() throws Exception {
        var v = Vectors.read("cms");
        var us = People.of(v, "bob").us();
        var verifier = Vectors.verifier(v);
        var now = Vectors.clock(v).instant();
        var outer = ContentInfo.getInstance(Vectors.base64(Vectors.cases(v, "cases")[0].get("der")));
        var parts = ASN1Sequence.getInstance(outer.getContent()).toArray();
        for (int recipients : new int[] {1, 2, 100, 10_000}) {
            var all = new ASN1Encodable[recipients];
            Arrays.fill(all, ASN1Set.getInstance(parts[1]).getObjectAt(0));
            var changed = parts.clone();
            changed[1] = new DERSet(all);
            byte[] der = new ContentInfo(outer.getContentType(), new DERSequence(changed)).getEncoded("DER");
            assertTimeout(
                    Duration.ofSeconds(5),
                    () -> assertEquals(
                            recipients == 1 ? "ok" : "malformed",
                            Vectors.verdict(() -> Body.open(der, us, verifier, now))));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cms", "cms-java"})
    void messagesOpenOrAreRefusedForTheirOwnReason(String name) throws Exception {
        var people = Vectors.read("cms");
        var us = People.of(people, "bob").us();
        var verifier = Vectors.verifier(people);
        var now = Vectors.clock(people).instant();
        for (Map<String, Object> c : Vectors.cases(Vectors.read(name), "cases")) {
            var opened = new AtomicReference<Body>();
            String verdict = Vectors.verdict(() -> opened.set(
                    Body.open(Vectors.base64(c.get("der")), us, verifier, now).body()));
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
            if (c.get("said") != null)
                assertArrayEquals(
                        SaidBody.of(said(c)).orElseThrow().encode(),
                        opened.get().encode());
        }
    }
}
