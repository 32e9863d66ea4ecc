package dev.starling.cms;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.Mutations;
import dev.starling.Vectors;
import dev.starling.identity.CertificateVerifier;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Any bytes are a message, or refused with a reason of ours; whatever opens says what its signer said.
@org.jspecify.annotations.NullUnmarked
class CmsFuzzTest {
    private static final long SEED = 20261124;
    private static final int MILLION = 1_000_000;

    @Test
    void anyBytesAreAMessageOrRefused() throws Exception {
        messages(2_000);
    }

    @Tag("long")
    @Test
    void aMillionMessages() throws Exception {
        long start = System.nanoTime();
        // Nine quarters of the number given: both layers, changed messages and the inner layer on its own.
        messages(MILLION * 4 / 9);
        Mutations.report("CMS messages", MILLION, start);
    }

    private static void messages(int cases) throws Exception {
        var v = Vectors.read("cms");
        var us = People.of(v, "bob").us();
        CertificateVerifier verifier = Vectors.verifier(v);
        Instant now = Vectors.clock(v).instant();
        var all = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "cases"))
            if (Vectors.base64(c.get("der")).length < 4000) all.add(Vectors.base64(c.get("der")));
        new Mutations(SEED, all).feed(cases, bytes -> Body.open(bytes, us, verifier, now));
        byte[] good = all.getFirst();
        byte[] said = Body.open(good, us, verifier, now).body().encode();
        new Mutations(SEED + 1, List.of(good))
                .feed(
                        cases / 4,
                        bytes -> assertArrayEquals(
                                said, Body.open(bytes, us, verifier, now).body().encode()));
        signed(cases, v, verifier, now);
    }

    /// The inner layer on its own: only a sender gets his bytes to it.
    private static void signed(int cases, Map<String, Object> v, CertificateVerifier verifier, Instant now)
            throws Exception {
        byte[] content = {1, 2, 3};
        byte[] signed = Signed.sign(People.of(v, "alice").held(), content, now);
        new Mutations(SEED + 2, List.of(signed))
                .feed(
                        cases,
                        bytes -> assertArrayEquals(
                                content, Signed.open(bytes, verifier, now).content()));
    }

    @Test
    void anyBytesAreABodyInOneFormOrRefused() throws Exception {
        bodies(50_000);
    }

    @Tag("long")
    @Test
    void aMillionBodies() throws Exception {
        long start = System.nanoTime();
        bodies(MILLION);
        Mutations.report("bodies", MILLION, start);
    }

    private static void bodies(int cases) throws Exception {
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(Vectors.read("bodies"), "good")) {
            byte[] body = Vectors.hex(c.get("cbor"));
            if (body.length < 2000) good.add(body);
        }
        new Mutations(SEED, good).feed(cases, bytes -> {
            Body body = Body.decode(bytes);
            assertEquals(16, body.id().length);
            assertArrayEquals(body.encode(), Body.decode(body.encode()).encode());
        });
    }
}
