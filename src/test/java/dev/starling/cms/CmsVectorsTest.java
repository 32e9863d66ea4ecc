package dev.starling.cms;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.Vectors;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
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
