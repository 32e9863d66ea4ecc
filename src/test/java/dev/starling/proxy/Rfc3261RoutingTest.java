package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// RFC 3261, section 16, as far as an edge proxy that never forks does it: two peers, a client at each.
class Rfc3261RoutingTest {
    private static final byte[] TOKEN = new byte[32];
    private final World world = new World();
    private final World.TestPeer one = world.peer("one"), two = world.peer("two");
    private final Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
    private MemoryFlow aliceFlow = one.flow(), bobFlow = two.flow();

    @BeforeEach
    void online() {
        aliceFlow = one.online(alice);
        bobFlow = two.online(bob);
        two.wishes(bobFlow, bob, List.of(TOKEN), false, List.of());
    }

    @AfterEach
    void end() {
        world.close();
    }

    private SipMessage signed(String method, String... routes) {
        var edit = alice.to(bob, method, TOKEN);
        for (String route : routes) edit.add("Route", route);
        return alice.signed(edit, bob.gruu(), TOKEN, world.time.instant());
    }

    private SipMessage invited() {
        aliceFlow.says(signed("INVITE", two.route()).bytes());
        return bobFlow.one();
    }

    @Test
    void aRequestIsPassedOnWithOneHopLessOneViaMoreAndItsRouteTaken() {
        aliceFlow.says(signed("MESSAGE", two.route()).bytes());
        SipMessage there = bobFlow.one();
        assertEquals("68", there.required("max-forwards"));
        List<String> vias = there.elements("via");
        assertEquals(3, vias.size());
        assertTrue(vias.get(0).startsWith("SIP/2.0/TLS two.example:5061;branch=z9hG4bK"), vias.get(0));
        assertTrue(vias.get(1).startsWith("SIP/2.0/TLS one.example:5061;branch=z9hG4bK"), vias.get(1));
        assertEquals(List.of(), there.elements("route"));
        assertEquals(List.of(), there.elements("record-route"), "a MESSAGE makes no dialog");
    }

    @Test
    void anInviteIsRecordRoutedByEachPeerAndTheCallerHears100AtOnce() throws SipException {
        aliceFlow.says(signed("INVITE", two.route()).bytes());
        assertEquals(100, aliceFlow.heard().getFirst().status());
        List<String> recorded = bobFlow.one().elements("record-route");
        assertEquals(2, recorded.size());
        assertEquals("two.example", NameAddr.parse(recorded.get(0)).sipUri().host());
        assertEquals("one.example", NameAddr.parse(recorded.get(1)).sipUri().host());
        assertTrue(NameAddr.parse(recorded.get(0)).sipUri().parameter("lr").isPresent());
    }

    @Test
    void anAnswerGoesBackAlongTheViasUnchangedButForOurs() {
        SipMessage there = invited();
        aliceFlow.heard();
        SipMessage ringing = Calls.answer(there, 180, bob, "b");
        bobFlow.says(ringing.bytes());
        SipMessage back = aliceFlow.one();
        assertEquals(180, back.status());
        assertEquals(1, back.elements("via").size());
        assertEquals(ringing.all("record-route"), back.all("record-route"));
        assertEquals(ringing.required("to"), back.required("to"));
    }

    @Test
    void aCallRunsFromInviteToByeBothWaysAlongTheRouteSet() throws SipException {
        SipMessage invite = signed("INVITE", two.route());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        SipMessage ok = Calls.answer(there, 200, bob, "b");
        bobFlow.says(ok.bytes());
        aliceFlow.heard();
        Dialog atAlice = Dialog.asking(invite, ok), atBob = Dialog.answering(there, ok);
        aliceFlow.says(Calls.sendable(atAlice.ack(1)).bytes());
        SipMessage ack = bobFlow.one();
        assertEquals("ACK", ack.method());
        atBob.received(ack);
        var info = atBob.request("INFO");
        bobFlow.says(Calls.sendable(info.request()).bytes());
        SipMessage asked = aliceFlow.one();
        assertEquals("INFO", asked.method());
        atAlice.received(asked);
        aliceFlow.says(Calls.answer(asked, 200, alice, "").bytes());
        assertEquals(200, bobFlow.one().status());
        aliceFlow.says(Calls.within(atAlice, "BYE").bytes());
        SipMessage bye = bobFlow.one();
        assertEquals("BYE", bye.method());
        bobFlow.says(Calls.answer(bye, 200, bob, "").bytes());
        assertEquals(200, aliceFlow.one().status());
        world.time.pass(Duration.ofSeconds(33));
        assertEquals(0, one.edge.transactions() + two.edge.transactions());
    }

    @Test
    void atZeroHopsTheAnswerIs483ButNotForWhatIsMeantForThePeerItself() throws SipException {
        SipMessage none =
                signed("MESSAGE", two.route()).edit().set("Max-Forwards", "0").build();
        aliceFlow.says(none.bytes());
        assertEquals(483, aliceFlow.one().status());
        assertEquals(List.of(), bobFlow.heard());
        SipMessage register = alice.register(one.uri(), world.time.instant())
                .edit()
                .set("Max-Forwards", "0")
                .build();
        aliceFlow.says(register.bytes());
        assertEquals(200, aliceFlow.one().status());
    }

    @Test
    void theHopsRunOutAtTheSecondPeerToo() throws SipException {
        SipMessage last =
                signed("MESSAGE", two.route()).edit().set("Max-Forwards", "1").build();
        aliceFlow.says(last.bytes());
        assertEquals(483, aliceFlow.one().status());
    }

    @Test
    void aRequestThatComesBackWhileItWaitsIsALoop() throws SipException {
        aliceFlow.says(signed("MESSAGE", two.route()).bytes());
        SipMessage there = bobFlow.one();
        // Somebody sends it round again: its Vias are still those of requests that wait.
        SipMessage again = there.edit()
                .prepend("Via", "SIP/2.0/TLS three.example:5061;branch=z9hG4bKx")
                .remove("Identity")
                .build();
        again = again.edit()
                .add("Identity", alice.identity(again, bob.gruu(), TOKEN, world.time.instant(), java.util.Map.of()))
                .build();
        var third = two.peerFlow("ab".repeat(32));
        third.says(again.bytes());
        assertEquals(482, third.one().status());
    }

    @Test
    void twoPeersNamedInTurnDoNotSendARequestToAndFro() {
        aliceFlow.says(signed("MESSAGE", two.route(), one.route(), two.route(), one.route())
                .bytes());
        assertEquals(403, aliceFlow.one().status());
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void anUnknownExtensionForProxiesIs420AndNamed() throws SipException {
        SipMessage asks = signed("MESSAGE", two.route())
                .edit()
                .add("Proxy-Require", "teleport, time-travel")
                .build();
        aliceFlow.says(asks.bytes());
        SipMessage answer = aliceFlow.one();
        assertEquals(420, answer.status());
        assertEquals("teleport, time-travel", answer.required("unsupported"));
    }

    @Test
    void aDeviceThatSaysNothingIs408After32Seconds() {
        aliceFlow.says(signed("MESSAGE", two.route()).bytes());
        world.time.pass(Duration.ofMillis(31_900));
        assertEquals(List.of(), aliceFlow.heard());
        world.time.pass(Duration.ofMillis(200));
        assertEquals(408, aliceFlow.one().status());
    }

    @Test
    void timerCEndsWhatRingsForEverAndIsSetAnewByEachRinging() {
        SipMessage there = invited();
        aliceFlow.heard();
        for (int i = 0; i < 3; i++) {
            bobFlow.says(Calls.answer(there, 180, bob, "b").bytes());
            world.time.pass(Duration.ofSeconds(180));
            assertEquals(180, aliceFlow.one().status(), "round " + i);
        }
        world.time.pass(Duration.ofSeconds(11));
        assertEquals(408, aliceFlow.one().status());
        assertEquals("CANCEL", bobFlow.one().method());
    }

    @Test
    void aCancelGoesHopByHopOnceSomethingRings() {
        SipMessage invite = signed("INVITE", two.route());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        aliceFlow.heard();
        aliceFlow.says(cancel(invite).bytes());
        assertEquals(200, aliceFlow.one().status());
        assertEquals(List.of(), bobFlow.heard(), "section 9.1: not before a provisional answer");
        bobFlow.says(Calls.answer(there, 180, bob, "b").bytes());
        SipMessage cancel = bobFlow.one();
        assertEquals("CANCEL", cancel.method());
        assertEquals(there.branch(), cancel.branch());
        assertEquals("SIP;cause=200;text=\"Call completed elsewhere\"", cancel.required("reason"));
        bobFlow.says(Calls.answer(cancel, 200, bob, "b").bytes());
        bobFlow.says(Calls.answer(there, 487, bob, "b").bytes());
        assertEquals("ACK", bobFlow.one().method());
        assertEquals(
                List.of(180, 487),
                aliceFlow.heard().stream().map(SipMessage::status).toList());
    }

    private static SipMessage cancel(SipMessage invite) {
        try {
            var cancel = dev.starling.sip.message.Edit.request("CANCEL", invite.uri())
                    .add("Via", invite.topVia());
            for (String name : List.of("From", "To", "Call-ID"))
                cancel.add(name, invite.required(name.toLowerCase(java.util.Locale.ROOT)));
            return cancel.add("CSeq", "1 CANCEL")
                    .add("Max-Forwards", "70")
                    .add("Reason", "SIP;cause=200;text=\"Call completed elsewhere\"")
                    .build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whenTheCallerIsGoneNobodyNeedRing() {
        SipMessage there = invited();
        bobFlow.says(Calls.answer(there, 180, bob, "b").bytes());
        aliceFlow.close("crash");
        assertEquals("CANCEL", bobFlow.one().method());
    }

    @Test
    void whenTheCalleeIsGoneTheCallerHears480AtOnce() {
        invited();
        aliceFlow.heard();
        bobFlow.close("crash");
        assertEquals(480, aliceFlow.one().status());
        aliceFlow.says(signed("MESSAGE", two.route()).bytes());
        assertEquals(480, aliceFlow.one().status());
    }

    @Test
    void aServerThatCannotBeReachedIs480() {
        String nowhere = two.route().replace("two.example", "nowhere.example");
        aliceFlow.says(signed("MESSAGE", nowhere).bytes());
        assertEquals(480, aliceFlow.one().status());
    }

    @Test
    void anAnswerThatMatchesNothingOrComesFromElsewhereIsDropped() {
        SipMessage there = invited();
        aliceFlow.heard();
        SipMessage ok = Calls.answer(there, 200, bob, "b");
        var eve = two.flow();
        eve.says(ok.bytes());
        assertEquals(List.of(), aliceFlow.heard(), "another flow, though the branch is right");
        bobFlow.says(ok.bytes());
        assertEquals(200, aliceFlow.one().status());
    }
}
