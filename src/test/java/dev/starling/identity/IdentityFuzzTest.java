package dev.starling.identity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.Vectors;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Any bytes are read, or refused with a reason of ours: nothing unchecked, nothing without end.
@org.jspecify.annotations.NullUnmarked
class IdentityFuzzTest {
    private static final long SEED = 20261124;
    private static final int MILLION = 1_000_000;

    @Test
    void anyBytesAreACertificateOrMalformed() throws Exception {
        certificates(20_000);
    }

    @Tag("long")
    @Test
    void aMillionCertificates() throws Exception {
        long start = System.nanoTime();
        certificates(MILLION);
        Mutations.report("certificates", MILLION, start);
    }

    private static void certificates(int cases) throws Exception {
        var v = Vectors.read("certificates");
        var anchors = Vectors.allBase64(v.get("anchors"));
        var verifier = Vectors.verifier(anchors, true);
        var now = Vectors.clock(v).instant();
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var chain = Vectors.allBase64(c.get("chain"));
            if (chain.size() == 1 && chain.getFirst().length < CertificateFields.MAX_BYTES) good.add(chain.getFirst());
        }
        int read = new Mutations(SEED, good).feed(cases, bytes -> {
            var fields = CertificateFields.parse(bytes);
            // What is read has one form only.
            assertArrayEquals(bytes, fields.der());
        });
        assertTrue(read > 0, "some mutations are certificates still");
        new Mutations(SEED + 1, good).feed(cases / 10, bytes -> verifier.verify(List.of(bytes), now));
        new Mutations(SEED + 2, good).feed(cases / 10, bytes -> verifier.verifyAuthority(List.of(bytes), now));
    }

    @Test
    void anyBytesAreAListOfWithdrawnCertificatesOrRefused() throws Exception {
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(Vectors.read("crls"), "cases"))
            good.add(Vectors.base64(c.get("crl")));
        int read = new Mutations(SEED, good)
                .feed(20_000, bytes -> assertTrue(Crl.parse(bytes).serials().size() < bytes.length));
        assertTrue(read > 0);
    }

    @Test
    void anyTextIsAnAnchorFileThatReadsBackOrRefused() throws Exception {
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(Vectors.read("anchors"), "good"))
            good.add(Vectors.text(c, "text").getBytes(StandardCharsets.UTF_8));
        new Mutations(SEED, good).feed(5_000, bytes -> {
            for (var anchor : AnchorFile.parse(new String(bytes, StandardCharsets.UTF_8)))
                assertEquals(List.of(anchor), AnchorFile.parse(anchor.text()));
        });
    }

    @Test
    void anyBytesAreCborInOneFormOrMalformed() throws Exception {
        cbor(50_000);
    }

    @Tag("long")
    @Test
    void aMillionCborItems() throws Exception {
        long start = System.nanoTime();
        cbor(MILLION);
        Mutations.report("CBOR", MILLION, start);
    }

    private static void cbor(int cases) throws Exception {
        var good = new ArrayList<byte[]>();
        for (Object each : (List<?>) Vectors.read("cbor").get("good")) good.add(Vectors.hex(each));
        for (Map<String, Object> c : Vectors.cases(Vectors.read("bodies"), "good")) {
            byte[] body = Vectors.hex(c.get("cbor"));
            if (body.length < 2000) good.add(body);
        }
        int read = new Mutations(SEED, good)
                .feed(cases, bytes -> assertArrayEquals(bytes, Cbor.encode(Cbor.decode(bytes))));
        assertTrue(read > cases / 100);
    }

    @Test
    void anyTextIsATokenOrRefused() throws Exception {
        tokens(5_000);
    }

    @Tag("long")
    @Test
    void aMillionTokens() throws Exception {
        long start = System.nanoTime();
        tokens(MILLION);
        Mutations.report("tokens", MILLION, start);
    }

    private static void tokens(int cases) throws Exception {
        var v = Vectors.read("tokens");
        var clock = Vectors.clock(v);
        var verifier = new TokenVerifier(Vectors.verifier(v), new ReplayCache(clock), clock, clock.instant());
        var good = new ArrayList<byte[]>();
        for (Map<String, Object> c : Vectors.cases(v, "cases"))
            good.add(Vectors.text(c, "token").getBytes(StandardCharsets.UTF_8));
        new Mutations(SEED, good).feed(cases, bytes -> {
            Token token = Token.parse(new String(bytes, StandardCharsets.ISO_8859_1));
            assertEquals(64, token.signature().length);
        });
        new Mutations(SEED + 1, good)
                .feed(
                        cases / 20,
                        bytes ->
                                verifier.verify(Optional.of(new String(bytes, StandardCharsets.ISO_8859_1)), Map.of()));
        // The mutations above hardly ever meet the inside of the parts: these do.
        var inside = new ArrayList<byte[]>();
        for (byte[] token : good) {
            String[] parts = new String(token, StandardCharsets.ISO_8859_1).split("\\.");
            if (parts.length != 3 || parts[1].length() % 4 == 1) continue;
            try {
                inside.add(java.util.Base64.getUrlDecoder().decode(parts[1]));
            } catch (IllegalArgumentException e) {
                assertTrue(parts[1].length() < 8, "only the hostile ones are not base64url");
            }
        }
        String signature = Token.b64u(new byte[64]);
        String head = new String(good.getFirst(), StandardCharsets.ISO_8859_1).split("\\.")[0];
        new Mutations(SEED + 2, inside)
                .feed(cases, bytes -> Token.parse(head + "." + Token.b64u(bytes) + "." + signature));
    }

    @Test
    void anyTextIsAnAddressInOneFormOrRefused() throws Exception {
        var good = new ArrayList<byte[]>();
        for (String set : List.of("good", "bad"))
            for (List<?> row : Vectors.rows(Vectors.read("names"), set))
                good.add(String.valueOf(row.getFirst()).getBytes(StandardCharsets.UTF_8));
        new Mutations(SEED, good).feed(50_000, bytes -> {
            Address address = Address.parse(new String(bytes, StandardCharsets.UTF_8));
            assertEquals(address, Address.parse(address.text()));
            assertEquals(address, Address.ofUri(address.uri()));
        });
        new Mutations(SEED, good)
                .feed(20_000, bytes -> Address.ofUri("sip:" + new String(bytes, StandardCharsets.UTF_8)));
        new Mutations(SEED, good)
                .feed(20_000, bytes -> assertTrue(Claims.mky(bytes).size() < 100));
    }
}
