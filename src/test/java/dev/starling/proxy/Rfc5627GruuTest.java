package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// RFC 5627, the public GRUU: what REGISTER gives, and where a request to it goes.
class Rfc5627GruuTest {
    private static final byte[] TOKEN = new byte[32];
    private final World world = new World();
    private final World.TestPeer peer = world.peer("one");
    private final Person alice = world.person("alice@example.net"),
            laptop = world.person("alice@example.net"),
            bob = world.person("bob@example.org");

    @AfterEach
    void end() {
        world.close();
    }

    private String granted(MemoryFlow flow, Person person) {
        flow.says(person.register(peer.uri(), world.time.instant()).bytes());
        return Tokens.parameter(flow.one().required("contact"), "pub-gruu").orElseThrow();
    }

    @Test
    void eachDeviceOfAnAddressHasItsOwnAndKeepsIt() throws SipException {
        String first = granted(peer.flow(), alice);
        assertEquals(first, granted(peer.flow(), alice));
        assertNotEquals(first, granted(peer.flow(), laptop));
        SipUri gruu = SipUri.parse(first);
        assertEquals("alice", gruu.user());
        assertEquals("example.net", gruu.host());
        assertEquals(alice.device().hex(), gruu.parameter("gr").orElseThrow());
        peer.restart();
        assertEquals(first, granted(peer.flow(), alice));
    }

    @Test
    void aRequestToItReachesThatDeviceUnchangedAndNoOther() {
        MemoryFlow flow = peer.online(alice), laptopFlow = peer.online(laptop), bobFlow = peer.online(bob);
        peer.wishes(flow, alice, List.of(TOKEN), false, List.of());
        bobFlow.says(bob.signedTo(alice, "MESSAGE", TOKEN, world.time.instant()).bytes());
        assertEquals(alice.gruu(), flow.one().uri());
        assertEquals(List.of(), laptopFlow.heard());
        flow.close("away");
        bobFlow.heard();
        bobFlow.says(bob.signedTo(alice, "MESSAGE", TOKEN, world.time.instant()).bytes());
        assertEquals(480, bobFlow.one().status(), "another device of the same address does not stand in");
        assertEquals(List.of(), laptopFlow.heard());
    }

    @Test
    void anAddressWithoutADeviceIsNotEnough() {
        MemoryFlow bobFlow = peer.online(bob);
        peer.online(alice);
        for (String uri :
                List.of("sip:alice@example.net", "sip:alice@example.net;gr", "sip:alice@example.net;gr=short")) {
            Edit edit = bob.to(alice, "MESSAGE", TOKEN).uri(uri);
            SipMessage message = bob.signed(edit, uri, TOKEN, world.time.instant());
            bobFlow.says(message.bytes());
            assertEquals(404, bobFlow.one().status(), uri);
        }
    }
}
