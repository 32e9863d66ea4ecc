package dev.starling.media;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two peers, each with a phone of plain RTP, and ICE and DTLS-SRTP between them: the one's web leg is the other's.
class BridgeTest {
    private Bridges one;
    private Bridges two;
    private PlainPhone alice;
    private PlainPhone bob;

    @BeforeEach
    void open() throws Exception {
        one = bridges();
        two = bridges();
        alice = new PlainPhone();
        bob = new PlainPhone();
    }

    @AfterEach
    void close() {
        one.close();
        two.close();
        alice.close();
        bob.close();
    }

    static Bridges bridges() throws Exception {
        return new Bridges(new MediaConfig(
                List.of(PlainPhone.HERE),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                address -> address.isLoopbackAddress(),
                MediaLimits.USUAL));
    }

    static Phone phone(String account) {
        return new Phone(account, PlainPhone.HERE, false);
    }

    @Test
    void soundGoesBothWaysThroughTwoGateways() throws Exception {
        Bridge out = one.fromPhone(phone("alice"), alice.offer());
        WebLeg web = out.newWebLeg();
        assertTrue(Bridges.isWeb(web.offer()));
        Bridge in = two.fromWeb("bob", web.offer());
        PhoneLeg ring = in.newPhoneLeg(phone("bob"));
        bob.heard(ring.offer());
        ring.answered(bob.describe("0 101", "a=rtpmap:101 telephone-event/8000"));
        in.keep(ring);
        web.answered(in.answer());
        out.keep(web);
        alice.heard(out.answer());

        RtpPacket heard = alice.reach(bob, 0);
        assertEquals(0, heard.payloadType());
        assertTrue(heard.marker());
        bob.reach(alice, 0);
    }
}
