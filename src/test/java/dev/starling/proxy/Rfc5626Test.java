package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// RFC 5626 as docs/protocols/sip.md, section 3, has it: one flow for each device, and what hangs on it.
class Rfc5626Test {
    private static final byte[] TOKEN = new byte[32];
    private final World world = new World();
    private final World.TestPeer peer = world.peer("one");
    private final Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");

    @AfterEach
    void end() {
        world.close();
    }

    private Instant now() {
        return world.time.instant();
    }

    private SipMessage registered(MemoryFlow flow, Edit edit) {
        flow.says(alice.signed(edit, peer.uri(), Person.NO_TOKEN, now()).bytes());
        return flow.one();
    }

    private Edit register(String contact) {
        return alice.request("REGISTER", "sip:peer.example", "<sip:alice@example.net>")
                .add("Contact", contact);
    }

    @Test
    void aRegistrationIsGrantedWithOutboundAndDate() {
        SipMessage answer = registered(peer.flow(), register(alice.contact()));
        assertEquals(200, answer.status());
        assertEquals("outbound", answer.required("require"));
        assertEquals("20", answer.required("flow-timer"));
        assertEquals("Tue, 24 Nov 2026 12:00:00 GMT", answer.required("date"));
        String contact = answer.required("contact");
        assertEquals("600", Tokens.parameter(contact, "expires").orElseThrow());
        assertEquals("1", Tokens.parameter(contact, "reg-id").orElseThrow());
        assertEquals(
                "<" + alice.device().instance() + ">",
                Tokens.parameter(contact, "+sip.instance").orElseThrow());
    }

    @Test
    void withoutRegIdOutboundIsNotRequired() {
        SipMessage answer = registered(peer.flow(), register("<sip:alice@x.invalid;transport=ws>;expires=600"));
        assertEquals(200, answer.status());
        assertTrue(answer.first("require").isEmpty());
    }

    @Test
    void theTimeIsBoundedBelowAndAbove() {
        SipMessage brief = registered(peer.flow(), register(alice.contact().replace("=600", "=59")));
        assertEquals(423, brief.status());
        assertEquals("60", brief.required("min-expires"));
        SipMessage longer = registered(peer.flow(), register(alice.contact().replace("=600", "=99999")));
        assertEquals(
                "3600", Tokens.parameter(longer.required("contact"), "expires").orElseThrow());
        SipMessage header =
                registered(peer.flow(), register("<sip:alice@x.invalid>").add("Expires", "120"));
        assertEquals(
                "120", Tokens.parameter(header.required("contact"), "expires").orElseThrow());
    }

    @Test
    void oneContactAndOneOnly() {
        assertEquals(
                400,
                registered(peer.flow(), register(alice.contact() + ", <sip:other@x.invalid>"))
                        .status());
        assertEquals(
                400,
                registered(peer.flow(), alice.request("REGISTER", "sip:peer.example", "<sip:alice@example.net>"))
                        .status());
    }

    @Test
    void theNewestFlowOfADeviceWins() {
        MemoryFlow first = peer.online(alice), second = peer.online(alice);
        assertFalse(first.isOpen());
        assertTrue(second.isOpen());
        assertEquals(1, peer.edge.registrar().size());
        assertEquals(
                second, peer.edge.registrar().of(alice.device()).orElseThrow().flow());
    }

    @Test
    void theNewestDeviceOfAFlowWins() {
        MemoryFlow flow = peer.online(alice);
        flow.says(bob.register(peer.uri(), now()).bytes());
        assertEquals(200, flow.one().status());
        assertTrue(peer.edge.registrar().of(alice.device()).isEmpty());
        flow.close("gone");
        assertEquals(0, peer.edge.registrar().size());
    }

    @Test
    void twoDevicesOfOnePersonAreHereSideBySide() {
        Person laptop = world.person("alice@example.net");
        peer.online(alice);
        peer.online(laptop);
        assertEquals(2, peer.edge.registrar().size());
    }

    @Test
    void aRegistrationEndsWithItsFlowOrItsTime() {
        peer.online(alice).close("crash");
        assertEquals(0, peer.edge.registrar().size());
        MemoryFlow flow = peer.online(alice);
        world.time.pass(Duration.ofSeconds(599));
        assertTrue(peer.edge.registrar().of(alice.device()).isPresent());
        world.time.pass(Duration.ofSeconds(2));
        assertTrue(peer.edge.registrar().of(alice.device()).isEmpty());
        world.time.pass(Duration.ofSeconds(30));
        assertEquals(0, peer.edge.registrar().size());
        assertTrue(flow.isOpen());
    }

    @Test
    void expiresZeroSignsOff() {
        MemoryFlow flow = peer.online(alice);
        SipMessage answer = registered(flow, register(alice.contact().replace("=600", "=0")));
        assertEquals(200, answer.status());
        assertEquals(0, peer.edge.registrar().size());
    }

    @Test
    void aDialogOutlivesAReconnectAndARestartOfThePeer() throws SipException {
        MemoryFlow bobFlow = peer.online(bob), aliceFlow = peer.online(alice);
        peer.wishes(bobFlow, bob, List.of(TOKEN), false, List.of());
        SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, now());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        SipMessage ok = Calls.answer(there, 200, bob, "b");
        bobFlow.says(ok.bytes());
        peer.restart();
        aliceFlow = peer.online(alice);
        bobFlow = peer.online(bob);
        aliceFlow.says(Calls.within(Dialog.asking(invite, ok), "INFO").bytes());
        assertEquals("INFO", bobFlow.one().method());
        bobFlow.says(Calls.within(Dialog.answering(there, ok), "BYE").bytes());
        assertTrue(aliceFlow.heard().stream().anyMatch(m -> m.method().equals("BYE")));
    }
}
