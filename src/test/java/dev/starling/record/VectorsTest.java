package dev.starling.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.TokenVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The same bytes that the JavaScript reads: vectors/README.md.
// JSON maps have no shape: what is missing fails the test anyway.
@org.jspecify.annotations.NullUnmarked
class VectorsTest {
    private static Map<String, Object> vectors(String name) throws IOException, ParseException {
        return JSONObjectUtils.parse(Files.readString(Path.of("vectors", name + ".json")));
    }

    private static List<List<?>> rows(Map<String, Object> vectors, String name) {
        return ((List<?>) vectors.get(name))
                .stream().<List<?>>map(row -> (List<?>) row).toList();
    }

    private static byte[] hex(Object text) {
        return HexFormat.of().parseHex(String.valueOf(text));
    }

    private static byte[] base64(Object text) {
        return Base64.getDecoder().decode(String.valueOf(text));
    }

    private static String text(Map<String, Object> map, String name) {
        return String.valueOf(map.get(name));
    }

    private static Clock at(Map<String, Object> vectors) {
        return Clock.fixed(Instant.ofEpochSecond(((Number) vectors.get("now")).longValue()), ZoneOffset.UTC);
    }

    private static CertificateVerifier verifier(Map<String, Object> vectors) throws IdentityException {
        return new CertificateVerifier(TrustAnchors.of(Keys.certificate(base64(vectors.get("anchor")))), true);
    }

    @Test
    void namesAreNormalisedOrRefusedForTheirOwnReason() throws Exception {
        var names = vectors("names");
        for (List<?> row : rows(names, "good")) {
            Address address = Address.parse(String.valueOf(row.get(0)));
            assertEquals(row.get(1), address.text());
            assertEquals(row.get(2), address.uri());
            assertEquals(address, Address.ofUri(address.uri()));
        }
        for (List<?> row : rows(names, "bad")) {
            String typed = String.valueOf(row.get(0));
            var refused = assertThrows(IdentityException.class, () -> Address.parse(typed), typed);
            assertEquals(row.get(1), refused.reason(), typed);
        }
    }

    @Test
    void cborHasOneForm() throws Exception {
        var cbor = vectors("cbor");
        for (Object bytes : (List<?>) cbor.get("good"))
            assertEquals(bytes, HexFormat.of().formatHex(Cbor.encode(Cbor.decode(hex(bytes)))));
        for (Object bytes : (List<?>) cbor.get("bad"))
            assertEquals(
                    "malformed",
                    assertThrows(IdentityException.class, () -> Cbor.decode(hex(bytes)), bytes.toString())
                            .reason());
    }

    @Test
    void aRendezvousIsFoundAndWhatLiesThereOpens() throws Exception {
        for (Map<String, Object> c : JSONObjectUtils.getJSONObjectArray(vectors("rendezvous"), "cases")) {
            var place = Rendezvous.Master.of(Address.parse(text(c, "address")), text(c, "network"))
                    .at(Kind.valueOf(text(c, "kind")), LocalDate.parse(text(c, "day")));
            assertEquals(c.get("key"), place.hexKey());
            assertEquals(c.get("sealing"), HexFormat.of().formatHex(place.sealingKey()));
            assertEquals(c.get("id"), Long.toUnsignedString(place.valueId(new DeviceId(text(c, "device")))));
            assertEquals(c.get("payload"), HexFormat.of().formatHex(Sealed.open(place, hex(c.get("sealed")))));
        }
        var device = vectors("devices");
        DeviceId id = DeviceId.ofKey(hex(device.get("spki")));
        assertEquals(device.get("id"), id.hex());
        assertEquals(device.get("instance"), id.instance());
        assertEquals(device.get("gruu"), id.gruu(Address.parse("bob@example.net")));
        assertEquals(device.get("peer"), id.peerUri());
    }

    @Test
    void recordsOpenOrAreRefusedForTheSameReasonAsInJavaScript() throws Exception {
        var v = vectors("records");
        for (Map<String, Object> c : JSONObjectUtils.getJSONObjectArray(v, "cases")) {
            var opener = new RecordOpener(text(v, "network"), verifier(v), SequenceMemory.inMemory(10), at(v));
            Kind kind = Kind.valueOf(text(c, "kind"));
            String verdict = "ok";
            try {
                var opened = opener.open(base64(c.get("record")), kind, Address.parse(text(v, "address")));
                if (kind == Kind.DEVICES)
                    assertTrue(DeviceChain.of(opened.record(), text(v, "network"))
                            .lists(opened.record().device()));
            } catch (IdentityException e) {
                verdict = e.reason();
            }
            assertEquals(c.get("verdict"), verdict, kind + " " + c.get("verdict"));
        }
    }

    @Test
    void anOlderRecordIsNeverBelievedAgain() throws Exception {
        var v = vectors("records");
        byte[] record = base64(JSONObjectUtils.getJSONObjectArray(v, "cases")[0].get("record"));
        var memory = SequenceMemory.inMemory(10);
        var opener = new RecordOpener(text(v, "network"), verifier(v), memory, at(v));
        Address bob = Address.parse("bob@example.net");
        var opened = opener.open(record, Kind.LOCATION, bob);
        memory.saw(bob, Kind.LOCATION, opened.record().device(), opened.record().sequence() + 1);
        assertEquals(
                "old-sequence",
                assertThrows(IdentityException.class, () -> opener.open(record, Kind.LOCATION, bob))
                        .reason());
    }

    @Test
    void tokensAreBelievedOnceAndOnlyForTheirMessage() throws Exception {
        var v = vectors("tokens");
        Clock clock = at(v);
        var tokens = new TokenVerifier(verifier(v), new ReplayCache(clock), clock, clock.instant());
        Optional<String> passport = Optional.of(text(v, "passport"));
        Map<String, Object> expected = Claims.request(
                "MESSAGE",
                "c1",
                7,
                "sip:alice@example.net",
                text(v, "destination"),
                List.of("<sip:a@b>"),
                "600",
                bytes("hello"),
                false,
                filled());
        var changed = Claims.request(
                "MESSAGE",
                "c1",
                7,
                "sip:alice@example.net",
                text(v, "destination"),
                List.of("<sip:a@b>"),
                "601",
                bytes("hello"),
                false,
                filled());
        assertEquals(
                438,
                assertInstanceOf(TokenVerifier.Refused.class, tokens.verify(passport, changed))
                        .code());
        assertEquals(
                428,
                assertInstanceOf(TokenVerifier.Refused.class, tokens.verify(Optional.empty(), expected))
                        .code());
        assertEquals(
                436,
                assertInstanceOf(TokenVerifier.Refused.class, tokens.verify(Optional.of("a.b.c"), expected))
                        .code());
        var accepted = assertInstanceOf(TokenVerifier.Accepted.class, tokens.verify(passport, expected));
        assertEquals(v.get("device"), accepted.signer().device().hex());
        assertEquals(
                403,
                assertInstanceOf(TokenVerifier.Refused.class, tokens.verify(passport, expected))
                        .code());
        var http = Claims.http(
                "POST", "/key/00", "sip:alice@example.net", new DeviceId("ab".repeat(32)).peerUri(), bytes("{}"));
        assertInstanceOf(TokenVerifier.Accepted.class, tokens.verify(Optional.of(text(v, "http")), http));
        Address alice = Address.parse("alice@example.net");
        DeviceId device = new DeviceId(text(v, "device"));
        assertTrue(tokens.presence(text(v, "presence"), base64(v.get("pidf")), alice, device)
                .isPresent());
        assertTrue(tokens.presence(text(v, "presence"), bytes("<other/>"), alice, device)
                .isEmpty());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static byte[] filled() {
        byte[] token = new byte[32];
        java.util.Arrays.fill(token, (byte) 9);
        return token;
    }

    @Test
    void hostileBytesOnlyEverGiveOurOwnRefusal() throws Exception {
        var v = vectors("records");
        byte[] good = base64(JSONObjectUtils.getJSONObjectArray(v, "cases")[0].get("record"));
        var opener = new RecordOpener(text(v, "network"), verifier(v), SequenceMemory.inMemory(10), at(v));
        var random = new Random(20261124);
        Address bob = Address.parse("bob@example.net");
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = java.util.Arrays.copyOf(good, i % 4 == 0 ? random.nextInt(good.length) : good.length);
            for (int n = random.nextInt(6); n >= 0 && bytes.length > 0; n--)
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            try {
                opener.open(bytes, Kind.LOCATION, bob);
            } catch (IdentityException e) {
                assertTrue(!e.reason().isEmpty());
            }
        }
    }
}
