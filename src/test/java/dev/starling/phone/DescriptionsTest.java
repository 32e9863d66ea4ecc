package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.Phone;
import dev.starling.media.PortRange;
import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a phone is told of a call, and a device.
class DescriptionsTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final byte[] OFFER = sdp("v=0 offer"), ANSWER = sdp("v=0 answer");

    private Bridges bridges;

    private static byte[] sdp(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @BeforeEach
    void begin() throws IOException {
        bridges = new Bridges(new MediaConfig(
                List.of(HERE),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                InetAddress::isLoopbackAddress,
                MediaLimits.USUAL));
    }

    @AfterEach
    void end() {
        bridges.close();
    }

    @Test
    void whatAWebPhoneOffersGoesToEveryDeviceAsItIsAndTheAnswerOfOneToIt() throws SipException {
        try (var call = new Untouched(OFFER)) {
            var first = call.toDevice();
            var second = call.toDevice();
            assertArrayEquals(OFFER, first.offer());
            assertArrayEquals(OFFER, second.offer());
            second.answered(ANSWER);
            assertArrayEquals(ANSWER, call.kept(second));
            assertEquals(
                    488,
                    assertThrows(SipException.class, () -> call.kept(first)).status(),
                    "it said nothing");
        }
    }

    @Test
    void oneNewOfferAtATimeWaitsForItsAnswer() throws SipException {
        try (var call = new Untouched(OFFER)) {
            var _ = call.reoffered(true, OFFER);
            assertEquals(
                    500,
                    assertThrows(SipException.class, () -> call.reoffered(true, OFFER))
                            .status());
            assertEquals(
                    491,
                    assertThrows(SipException.class, () -> call.reoffered(false, OFFER))
                            .status());
            assertArrayEquals(ANSWER, call.reanswered(ANSWER));
            var _ = call.reoffered(false, OFFER);
            call.rejected();
            var _ = call.reoffered(true, OFFER);
        }
    }

    @Test
    void whatADeviceOffersGoesToAWebPhoneOnceAndBackAsItIs() throws SipException {
        try (var call = new Untouched(OFFER)) {
            assertArrayEquals(OFFER, call.toPhone().orElseThrow());
            assertEquals(Optional.empty(), call.toPhone(), "there is nothing else that it could like");
            assertArrayEquals(ANSWER, call.answered(ANSWER));
            assertEquals(new Descriptions.Anew.PassOn(OFFER), call.reoffered(true, OFFER));
            assertArrayEquals(ANSWER, call.reanswered(ANSWER));
        }
    }

    private Bridged called(boolean isSecure) throws Exception {
        byte[] phone = sdp("""
                v=0
                o=- 1 1 IN IP4 127.0.0.1
                s=-
                c=IN IP4 127.0.0.1
                t=0 0
                m=audio 9 RTP/AVP 0
                """.replace("\n", "\r\n"));
        byte[] web = bridges.fromPhone(new Phone("alice", HERE, false), phone)
                .newWebLeg()
                .offer();
        return new Bridged(bridges.fromWeb("bob", web), new Phone("bob", HERE, isSecure));
    }

    private static String protocol(Optional<byte[]> offer) {
        String text = new String(offer.orElseThrow(), StandardCharsets.UTF_8);
        assertEquals(text.contains("RTP/SAVP"), text.contains("a=crypto:"), "keys where they are said to be");
        return text.replaceAll("(?s).*m=audio \\d+ (\\S+) .*", "$1");
    }

    @Test
    void whoIsSecretlySpokenToIsOfferedKeysAndThenNone() throws Exception {
        try (var call = called(true)) {
            assertEquals("RTP/SAVP", protocol(call.toPhone()));
            assertEquals("RTP/AVP", protocol(call.toPhone()));
            assertEquals(Optional.empty(), call.toPhone());
        }
    }

    @Test
    void keysAreNotToldWhereOthersReadThem() throws Exception {
        try (var call = called(false)) {
            assertEquals("RTP/AVP", protocol(call.toPhone()));
            assertEquals(Optional.empty(), call.toPhone());
        }
    }

    @Test
    void whatCannotBeCarriedIsRefusedAsSipSaysIt() throws Exception {
        try (var call = called(false)) {
            assertTrue(call.toPhone().isPresent());
            assertEquals(
                    400,
                    assertThrows(SipException.class, () -> call.answered(sdp("no")))
                            .status());
        }
    }
}
