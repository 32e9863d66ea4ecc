package dev.starling.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.Token;
import dev.starling.identity.passport.TokenVerifier;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Names, CBOR, certificates and tokens: the verdicts are those of the JavaScript.
@org.jspecify.annotations.NullUnmarked
class IdentityVectorsTest {
    @Test
    void namesAreNormalisedOrRefusedForTheirOwnReason() throws Exception {
        var names = Vectors.read("names");
        for (List<?> row : Vectors.rows(names, "good")) {
            Address address = Address.parse(String.valueOf(row.get(0)));
            assertEquals(row.get(1), address.text());
            assertEquals(row.get(2), address.uri());
            assertEquals(address, Address.parse(address.text()));
            assertEquals(address, Address.ofUri(address.uri()));
        }
        for (List<?> row : Vectors.rows(names, "bad")) {
            String typed = String.valueOf(row.get(0));
            assertEquals(row.get(1), Vectors.verdict(() -> Address.parse(typed)), typed);
        }
    }

    @Test
    void cborHasOneForm() throws Exception {
        var cbor = Vectors.read("cbor");
        for (Object bytes : (List<?>) cbor.get("good"))
            assertEquals(bytes, HexFormat.of().formatHex(Cbor.encode(Cbor.decode(Vectors.hex(bytes)))));
        for (Object bytes : (List<?>) cbor.get("bad"))
            assertEquals("malformed", Vectors.verdict(() -> Cbor.decode(Vectors.hex(bytes))), bytes.toString());
    }

    @Test
    void eachCertificateIsBelievedOrRefusedForItsOwnReason() throws Exception {
        judge(Vectors.read("certificates"));
    }

    @Test
    void anIssuingCaIsBelievedAsFarAsItsRootSays() throws Exception {
        judge(Vectors.read("issuing"));
    }

    @Test
    void hostileCertificatesAreRefusedForTheirOwnReason() throws Exception {
        judge(Vectors.read("hostile"));
    }

    /// As [#tokensAreBelievedOnceAndOnlyForTheirMessage], with numbers in a good token's signature that none has.
    @Test
    void aTokenWithASignatureOutOfRangeIsRefused() throws Exception {
        var v = Vectors.read("tokens");
        Clock clock = Vectors.clock(v);
        var c = Vectors.cases(v, "cases")[0];
        String good = Vectors.text(c, "token"), signed = good.substring(0, good.lastIndexOf('.') + 1);
        @SuppressWarnings("unchecked")
        var expected = (Map<String, Object>) c.get("expected");
        for (Object each : (List<?>) Vectors.read("hostile").get("signatures")) {
            var tokens = new TokenVerifier(
                    Vectors.verifier(v),
                    new ReplayCache(clock),
                    clock,
                    clock.instant().minusSeconds(3600));
            String bad = signed + Base64.getUrlEncoder().withoutPadding().encodeToString(Vectors.hex(each));
            var refused = assertInstanceOf(TokenVerifier.Refused.class, tokens.verify(Optional.of(bad), expected));
            assertEquals("438 signature", refused.code() + " " + refused.reason(), each.toString());
            assertInstanceOf(TokenVerifier.Accepted.class, tokens.verify(Optional.of(good), expected));
        }
    }

    private static void judge(Map<String, Object> v) throws Exception {
        Clock clock = Vectors.clock(v);
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            boolean allowTest = Boolean.TRUE.equals(c.get("allowTest"));
            var verifier = c.containsKey("anchorText")
                    ? new CertificateVerifier(
                            TrustAnchors.limited(AnchorFile.parse(Vectors.text(c, "anchorText"))), allowTest)
                    : Vectors.verifier(Vectors.allBase64(c.getOrDefault("anchors", v.get("anchors"))), allowTest);
            var revoked = new HashSet<String>();
            for (Object each : (List<?>) c.getOrDefault("revoked", List.of())) revoked.add(String.valueOf(each));
            Optional<Address> address = c.get("address") == null
                    ? Optional.empty()
                    : Optional.of(Address.parse(Vectors.text(c, "address")));
            String verdict = Vectors.verdict(() -> {
                var verified = verifier.verify(Vectors.allBase64(c.get("chain")), address, clock.instant(), revoked);
                assertEquals(c.getOrDefault("level", verified.level()), verified.level());
                assertEquals(
                        c.getOrDefault("device", verified.device().hex()),
                        verified.device().hex());
                assertEquals(
                        c.getOrDefault("named", verified.address().text()),
                        verified.address().text());
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
        }
    }

    @Test
    void anchorFilesSayForWhatACaIsBelievedOrAreRefused() throws Exception {
        var v = Vectors.read("anchors");
        for (Map<String, Object> c : Vectors.cases(v, "good")) {
            var anchors = AnchorFile.parse(Vectors.text(c, "text"));
            assertEquals(c.get("anchors"), plain(anchors), Vectors.text(c, "what"));
            var again = anchors.stream().map(Anchor::text).collect(Collectors.joining("\n"));
            assertEquals(anchors, AnchorFile.parse(again), "written again");
        }
        for (List<?> row : Vectors.rows(v, "bad"))
            assertEquals(
                    "malformed",
                    Vectors.verdict(() -> AnchorFile.parse(String.valueOf(row.get(1)))),
                    String.valueOf(row.getFirst()));
    }

    @Test
    void eachListOfWithdrawnCertificatesIsBelievedOrRefusedForItsOwnReason() throws Exception {
        var v = Vectors.read("crls");
        var now = Vectors.clock(v).instant();
        @SuppressWarnings("unchecked")
        var issuers = (Map<String, Object>) v.get("issuers");
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var issuer = CertificateFields.parse(Vectors.base64(issuers.get(c.get("issuer"))));
            String verdict = Vectors.verdict(() -> {
                var crl = Crl.parse(Vectors.base64(c.get("crl")));
                crl.verify(issuer, Vectors.text(c, "url"), now);
                if (c.get("serials") instanceof List<?> serials) assertEquals(Set.copyOf(serials), crl.serials());
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
        }
    }

    @Test
    void aListThatIsNoDerIsRefused() throws Exception {
        byte[] good = Vectors.base64(Vectors.cases(Vectors.read("crls"), "cases")[0].get("crl"));
        Crl.parse(good);
        int header = good[1] == (byte) 0x81 ? 3 : 4;
        byte[] indefinite = new byte[good.length - header + 4];
        indefinite[0] = 0x30;
        indefinite[1] = (byte) 0x80;
        System.arraycopy(good, header, indefinite, 2, good.length - header);
        for (byte[] bad : List.of(
                Arrays.copyOf(good, good.length + 1),
                indefinite,
                Arrays.copyOf(good, good.length - 1),
                new byte[0],
                nested(2000),
                new byte[Crl.MAX_BYTES + 1]))
            assertEquals("malformed", Vectors.verdict(() -> Crl.parse(bad)), bad.length + " bytes");
    }

    /// One SEQUENCE in another, each with its shortest length.
    private static byte[] nested(int depth) {
        byte[] item = new byte[0];
        for (int i = 0; i < depth; i++) {
            int length = item.length;
            byte[] head = length < 0x80
                    ? new byte[] {0x30, (byte) length}
                    : length < 0x100
                            ? new byte[] {0x30, (byte) 0x81, (byte) length}
                            : new byte[] {0x30, (byte) 0x82, (byte) (length >> 8), (byte) length};
            byte[] next = Arrays.copyOf(head, head.length + length);
            System.arraycopy(item, 0, next, head.length, length);
            item = next;
        }
        return item;
    }

    private static List<Map<String, Object>> plain(List<Anchor> anchors) {
        return anchors.stream()
                .map(anchor -> Map.<String, Object>of(
                        "certificate", Base64.getEncoder().encodeToString(Keys.encoded(anchor.certificate())),
                        "name", anchor.name(),
                        "purposes", anchor.purposes().stream().sorted().toList(),
                        "domains", anchor.domains(),
                        "levels", anchor.levels().stream().sorted().toList(),
                        "crls", anchor.crls(),
                        "log", anchor.log().map(IdentityVectorsTest::plain).orElse(Map.of())))
                .toList();
    }

    private static Map<String, Object> plain(AnchorLog log) {
        return Map.of(
                "key", log.policy().log().text(),
                "witnesses",
                        log.policy().witnesses().stream().map(NoteKey::text).toList(),
                "quorum", (long) log.policy().quorum(),
                "url", log.url(),
                "must", log.must());
    }

    @Test
    void tokensAreBelievedOnceAndOnlyForTheirMessage() throws Exception {
        var v = Vectors.read("tokens");
        Clock clock = Vectors.clock(v);
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var anchors = Vectors.allBase64(c.getOrDefault("anchors", List.of(v.get("anchor"))));
            var tokens = new TokenVerifier(
                    Vectors.verifier(anchors, true),
                    new ReplayCache(clock),
                    clock,
                    clock.instant().minusSeconds(3600));
            Optional<String> token = Optional.of(Vectors.text(c, "token")).filter(t -> !t.isEmpty());
            @SuppressWarnings("unchecked")
            var expected = (Map<String, Object>) c.get("expected");
            String form = String.valueOf(c.getOrDefault("form", ""));
            if (c.get("again") != null)
                assertTrue(tokens.verify(token, expected, form) instanceof TokenVerifier.Accepted);
            int code = switch (tokens.verify(token, expected, form)) {
                case TokenVerifier.Accepted accepted -> {
                    assertEquals(v.get("device"), accepted.signer().device().hex());
                    yield 0;
                }
                case TokenVerifier.Refused refused -> refused.code();
            };
            assertEquals(((Number) c.get("code")).intValue(), code, Vectors.text(c, "what"));
        }
        assertEquals(v.get("mky"), Claims.mky(Vectors.base64(v.get("sdp"))));
    }

    @Test
    void aTokenOlderThanTheProcessIsRefused() throws Exception {
        var v = Vectors.read("tokens");
        Clock clock = Vectors.clock(v);
        var c = Vectors.cases(v, "cases")[0];
        var tokens = new TokenVerifier(
                Vectors.verifier(v),
                new ReplayCache(clock),
                clock,
                clock.instant().plusSeconds(1));
        @SuppressWarnings("unchecked")
        var expected = (Map<String, Object>) c.get("expected");
        assertTrue(
                tokens.verify(Optional.of(Vectors.text(c, "token")), expected) instanceof TokenVerifier.Refused refused
                        && refused.code() == 403);
    }

    @Test
    void anotherPeerIsBelievedByItsKeyAndTheJoinToken() throws Exception {
        var v = Vectors.read("tokens");
        Clock clock = Vectors.clock(v);
        @SuppressWarnings("unchecked")
        var peers = (Map<String, Object>) v.get("peers");
        byte[] join = Vectors.text(peers, "join").getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (Map<String, Object> c : Vectors.cases(peers, "cases")) {
            var tokens = new TokenVerifier(
                    Vectors.verifier(v),
                    new ReplayCache(clock),
                    clock,
                    clock.instant().minusSeconds(3600));
            Token token = Token.parse(Vectors.text(c, "token"));
            @SuppressWarnings("unchecked")
            var expected = (Map<String, Object>) c.get("expected");
            int code = tokens.verifyPeer(token, expected, join)
                    .map(TokenVerifier.Refused::code)
                    .orElse(0);
            assertEquals(((Number) c.get("code")).intValue(), code, Vectors.text(c, "what"));
            if (code == 0)
                assertEquals(
                        403,
                        tokens.verifyPeer(token, expected, join).orElseThrow().code(),
                        "seen before");
        }
    }

    @Test
    void aPresenceSignatureCountsUntilItsEnd() throws Exception {
        var v = Vectors.read("tokens");
        Clock clock = Vectors.clock(v);
        var tokens = new TokenVerifier(Vectors.verifier(v), new ReplayCache(clock), clock, clock.instant());
        Address alice = Address.parse("alice@example.net");
        DeviceId device = new DeviceId(Vectors.text(v, "device"));
        byte[] pidf = Vectors.base64(v.get("pidf"));
        for (List<?> row : Vectors.rows(v, "presence"))
            assertEquals(
                    ((Number) row.get(1)).longValue(),
                    tokens.presence(String.valueOf(row.get(2)), pidf, alice, device)
                            .map(java.time.Instant::getEpochSecond)
                            .orElse(0L),
                    String.valueOf(row.get(0)));
        String good = String.valueOf(Vectors.rows(v, "presence").getFirst().get(2));
        assertTrue(tokens.presence(good, "<other/>".getBytes(java.nio.charset.StandardCharsets.UTF_8), alice, device)
                .isEmpty());
    }
}
