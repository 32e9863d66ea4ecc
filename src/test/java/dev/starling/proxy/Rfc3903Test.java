package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// RFC 3903, section 6, as far as a peer does it: docs/protocols/sip.md, sections 4 and 5.
class Rfc3903Test {
    private static final byte[] PIDF = "<presence/>".getBytes(StandardCharsets.US_ASCII);
    private final World world = new World();
    private final World.TestPeer peer = world.peer("one");
    private final Person alice = world.person("alice@example.net");

    @AfterEach
    void end() {
        world.close();
    }

    private SipMessage presence(MemoryFlow flow, byte[] body, Map<String, String> more) {
        var all = new HashMap<>(more);
        all.putIfAbsent("Starling-Signature", alice.presenceSignature(PIDF, world.time.instant()));
        if (all.get("Starling-Signature").isEmpty()) all.remove("Starling-Signature");
        flow.says(alice.publish(peer.uri(), "presence", "application/pidf+xml", body, world.time.instant(), all)
                .bytes());
        return flow.one();
    }

    private SipMessage consent(MemoryFlow flow, byte[] body, Map<String, String> more) {
        flow.says(alice.publish(peer.uri(), "starling-consent", "application/cbor", body, world.time.instant(), more)
                .bytes());
        return flow.one();
    }

    @Test
    void eachPublicationHasATagOfItsOwn() {
        MemoryFlow flow = peer.online(alice);
        SipMessage first = presence(flow, PIDF, Map.of());
        assertEquals(200, first.status());
        assertEquals("600", first.required("expires"));
        world.time.pass(Duration.ofSeconds(1));
        SipMessage second = presence(flow, PIDF, Map.of("SIP-If-Match", first.required("sip-etag")));
        assertEquals(200, second.status());
        assertNotEquals(first.required("sip-etag"), second.required("sip-etag"));
        assertEquals(
                412,
                presence(flow, PIDF, Map.of("SIP-If-Match", first.required("sip-etag")))
                        .status());
    }

    @Test
    void theTimeIsThatOfTheSignatureAtMostAndAMinuteAtLeast() {
        MemoryFlow flow = peer.online(alice);
        assertEquals("600", presence(flow, PIDF, Map.of("Expires", "3600")).required("expires"));
        assertEquals("90", presence(flow, PIDF, Map.of("Expires", "90")).required("expires"));
        SipMessage brief = presence(flow, PIDF, Map.of("Expires", "5"));
        assertEquals(423, brief.status());
        assertEquals("60", brief.required("min-expires"));
        assertEquals("0", presence(flow, PIDF, Map.of("Expires", "0")).required("expires"));
    }

    @Test
    void presenceIsSignedByTheDeviceThatIsHereAndSmall() {
        MemoryFlow flow = peer.online(alice);
        assertEquals(428, presence(flow, PIDF, Map.of("Starling-Signature", "")).status());
        assertEquals(
                438,
                presence(flow, "<other/>".getBytes(StandardCharsets.US_ASCII), Map.of())
                        .status());
        Person laptop = world.person("alice@example.net");
        String another = laptop.presenceSignature(PIDF, world.time.instant());
        assertEquals(
                438, presence(flow, PIDF, Map.of("Starling-Signature", another)).status());
        assertEquals(413, presence(flow, new byte[5000], Map.of()).status());
        assertEquals(403, presence(peer.flow(), PIDF, Map.of()).status(), "not registered over this flow");
        world.time.pass(Duration.ofSeconds(300));
        String old = alice.presenceSignature(PIDF, world.time.instant().minusSeconds(601));
        assertEquals(
                438, presence(flow, PIDF, Map.of("Starling-Signature", old)).status());
    }

    @Test
    void consentIsReplacedWholeAndItsTagNamesIt() {
        MemoryFlow flow = peer.online(alice);
        byte[] empty = World.consentBody(List.of(), false, List.of());
        byte[] one = World.consentBody(List.of(new byte[32]), false, List.of());
        SipMessage first = consent(flow, empty, Map.of());
        String tag = first.required("sip-etag");
        assertEquals(200, consent(flow, one, Map.of("SIP-If-Match", tag)).status());
        assertEquals(412, consent(flow, empty, Map.of("SIP-If-Match", tag)).status());
        assertEquals(tag, consent(flow, empty, Map.of()).required("sip-etag"));
    }

    @Test
    void whatIsNoConsentIs400AndWhatIsNoEventIs489() {
        MemoryFlow flow = peer.online(alice);
        SipMessage bad = consent(flow, new byte[] {1, 2, 3}, Map.of());
        assertEquals(400, bad.status());
        assertFalse(bad.reason().isEmpty());
        flow.says(alice.publish(peer.uri(), "dialog", "text/plain", new byte[0], world.time.instant(), Map.of())
                .bytes());
        SipMessage answer = flow.one();
        assertEquals(489, answer.status());
        assertEquals("presence, starling-consent", answer.required("allow-events"));
    }

    @Test
    void devicesOfOneAddressAndAllDevicesAreBoundedInTheStore() throws Exception {
        var file = java.nio.file.Files.createTempFile("consent", ".db");
        try (var store = new ConsentStore(file, new ConsentStore.Bounds(6, 3), world.time)) {
            var mine = new java.util.ArrayList<Person>();
            for (int i = 0; i < 4; i++) {
                mine.add(world.person("alice@example.net"));
                world.time.pass(Duration.ofSeconds(1));
                store.registered(mine.getLast().address(), mine.getLast().device());
            }
            assertEquals(
                    java.util.Optional.empty(),
                    store.of(mine.getFirst().device()).address());
            assertEquals(
                    java.util.Optional.of(alice.address()),
                    store.of(mine.getLast().device()).address());
            for (int i = 0; i < 4; i++) {
                world.time.pass(Duration.ofSeconds(1));
                Person other = world.person("person" + i + "@example.org");
                store.registered(other.address(), other.device());
            }
            long left = mine.stream()
                    .filter(p -> store.of(p.device()).address().isPresent())
                    .count();
            assertEquals(2, left, "the one seen longest ago has made room");
        } finally {
            java.nio.file.Files.delete(file);
        }
    }
}
