package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What phones say, and what becomes of it.
class PhoneEdgeTest {
    private static final String ALICE = "sip:alice@example.org";

    @TempDir
    Path folder;

    private PhoneWorld world;
    private TestPhone bob;

    @BeforeEach
    void begin() {
        world = new PhoneWorld(folder.resolve("phones.db"));
        bob = world.phone("bob", "UDP", "192.0.2.7", 5062);
    }

    @AfterEach
    void end() {
        world.close();
    }

    private PhoneWorld.Asked invite() {
        assertEquals(List.of(), bob.proven(bob.request("INVITE", ALICE)), "only Trying at first");
        return PhoneWorld.next(world.asked);
    }

    private static SipMessage answer(SipMessage request, int status) {
        return PhoneWorld.built(Edit.response(request, status, "x", "ours"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"INVITE", "MESSAGE", "BYE", "SUBSCRIBE", "REFER", "X-ODD"})
    void nothingIsDoneForAStranger(String method) {
        SipMessage challenge = bob.answer(bob.request(method, ALICE));
        assertEquals(407, challenge.status());
        assertEquals(2, challenge.all("proxy-authenticate").size());
        assertEquals(0, world.edge.transactions(), "and nothing is kept");
        assertTrue(world.asked.isEmpty());
    }

    @Test
    void whatAPhoneAsksComesToTheUserWithItsAccountOnce() {
        Edit message = bob.request("MESSAGE", ALICE).body("text/plain", "hi".getBytes(StandardCharsets.US_ASCII));
        Edit proven = bob.withCredentials(message, bob.answer(message), 1);
        assertEquals(List.of(), bob.answers(proven));
        var asked = PhoneWorld.next(world.asked);
        assertEquals("bob", asked.account());
        assertEquals(ALICE, asked.request().uri());
        assertEquals(List.of(), bob.answers(proven), "sent again, not asked again");
        asked.server().respond(answer(asked.request(), 202));
        assertEquals(202, PhoneWorld.heard(bob.flow).getFirst().status());
        assertEquals(202, bob.answers(proven).getFirst().status());
        assertTrue(world.asked.isEmpty());
    }

    @Test
    void anInviteIsAnsweredAtOnceAndAgainUntilItIsAcknowledged() {
        var asked = invite();
        asked.server().respond(answer(asked.request(), 486));
        assertEquals(1, PhoneWorld.heard(bob.flow).size());
        world.time.pass(Duration.ofMillis(1_600));
        assertEquals(2, PhoneWorld.heard(bob.flow).size(), "UDP loses: timer G");
        Edit ack = Edit.request("ACK", ALICE)
                .add("Via", asked.request().topVia())
                .add("From", asked.request().required("from"))
                .add("To", "<" + ALICE + ">;tag=ours")
                .add("Call-ID", asked.request().callId())
                .add("CSeq", asked.request().cseq() + " ACK");
        assertEquals(List.of(), bob.answers(ack));
        world.time.pass(Duration.ofSeconds(40));
        assertEquals(List.of(), PhoneWorld.heard(bob.flow));
        assertTrue(world.acknowledged.isEmpty());
        assertEquals(0, world.edge.transactions());
    }

    @Test
    void aCancelReachesItsInviteUnchallenged() throws SipException {
        var asked = invite();
        BlockingQueue<List<String>> cancelled = new LinkedBlockingQueue<>();
        asked.server().onCancel(cancelled::add);
        asked.server()
                .respond(Edit.response(asked.request(), 180, "Ringing", "ours").build());
        assertEquals(180, PhoneWorld.heard(bob.flow).getLast().status());
        Edit cancel = bob.request("CANCEL", ALICE)
                .set("Via", asked.request().topVia())
                .set("CSeq", asked.request().cseq() + " CANCEL")
                .add("Reason", "SIP;cause=200");
        SipMessage answer = bob.answer(cancel);
        assertEquals(200, answer.status());
        // RFC 3261, section 9.2: with the tag of the INVITE's answers.
        assertEquals(Optional.of("ours"), answer.toTag());
        assertEquals(List.of("SIP;cause=200"), PhoneWorld.next(cancelled));
        Edit stray = bob.request("CANCEL", ALICE);
        assertEquals(481, bob.answer(stray).status());
        TestPhone other = world.phone("carol", "UDP", "192.0.2.9", 5060);
        Edit theirs = other.request("CANCEL", ALICE)
                .set("Via", asked.request().topVia())
                .set("CSeq", asked.request().cseq() + " CANCEL");
        assertEquals(481, other.answer(theirs).status(), "from another phone it means nothing");
    }

    @Test
    void theAckOfAnAnswerComesToTheUser() {
        var asked = invite();
        asked.server().respond(answer(asked.request(), 200));
        Edit ack = bob.request("ACK", "sip:198.51.100.1:5060").set("Call-ID", "ack");
        assertEquals(List.of(), bob.answers(ack));
        assertEquals("ack", PhoneWorld.next(world.acknowledged).callId());
        TestPhone stranger = world.phone("carol", "UDP", "192.0.2.66", 5060);
        assertEquals(List.of(), stranger.answers(stranger.request("ACK", ALICE)));
        assertTrue(world.acknowledged.isEmpty());
    }

    @Test
    void withinADialogThatIsKnownAPhoneIsNotChallengedOverItsFlow() {
        bob.register();
        Edit bye = bob.request("BYE", "sip:198.51.100.1:5060").set("To", "<" + ALICE + ">;tag=ours");
        assertEquals(407, bob.answer(bye).status());
        String callId = PhoneWorld.built(bye).callId();
        world.dialogs.add(new DialogId(callId, "ours", "1928301774"));
        assertEquals(List.of(), bob.answers(bye));
        assertEquals("bob", PhoneWorld.next(world.asked).account());
        TestPhone elsewhere = world.phone("bob", "UDP", "203.0.113.5", 5060);
        assertEquals(407, elsewhere.answer(bye).status());
    }

    @Test
    void fromIsTheAccountsOwn() {
        Edit forged = bob.request("INVITE", ALICE).set("From", "<sip:carol@example.net>;tag=1");
        assertEquals(403, bob.proven(forged).getFirst().status());
        assertTrue(world.asked.isEmpty());
        assertEquals(1, world.offences.count("Phone names an address that is not its own"));
    }

    @Test
    void optionsAreAnswered() {
        SipMessage answer = bob.answer(bob.request("OPTIONS", "sip:example.net"));
        assertEquals(200, answer.status());
        assertTrue(answer.required("allow").contains("INVITE"));
    }

    @Test
    void whatWeSendNamesUsAndIsSentAgainByUdpUntilItIsAnswered() throws SipException {
        bob.register();
        PhoneWorld.heard(bob.flow);
        Binding binding = world.registrar.of("bob").getFirst();
        BlockingQueue<SipMessage> responses = new LinkedBlockingQueue<>();
        Edit invite = Edit.request("INVITE", binding.contact())
                .add("From", "<" + ALICE + ">;tag=a")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "out")
                .add("CSeq", "1 INVITE")
                .add("Contact", world.edge.contact(binding.flow(), "alice"));
        var sent = world.edge.send(invite, binding, responses::add);
        world.time.pass(Duration.ofMillis(1_600));
        List<SipMessage> heard = PhoneWorld.heard(bob.flow);
        assertEquals(3, heard.size(), "at 0, 0.5 and 1.5 s");
        SipMessage request = heard.getFirst();
        assertTrue(request.topVia().startsWith("SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK"));
        assertEquals("70", request.required("max-forwards"));
        assertEquals("<sip:alice@198.51.100.1:5060>", request.required("contact"));
        world.edge.received(bob.flow, answer(request, 180).bytes());
        assertEquals(180, PhoneWorld.next(responses).status());
        world.edge.cancel(sent, List.of("SIP;cause=200"));
        assertEquals("CANCEL", PhoneWorld.heard(bob.flow).getFirst().method());
        world.edge.received(bob.flow, answer(request, 487).bytes());
        assertEquals(487, PhoneWorld.next(responses).status());
        assertEquals("ACK", PhoneWorld.heard(bob.flow).getFirst().method());
        TestPhone tcp = world.phone("bob", "TCP", "192.0.2.7", 40_000);
        assertEquals("<sip:x@198.51.100.1:5060;transport=tcp>", world.edge.contact(tcp.flow, "x"));
    }

    @Test
    void aPhoneThatRangAndIsGoneTimesOutAfterTheCancel() throws SipException {
        BlockingQueue<SipMessage> responses = new LinkedBlockingQueue<>();
        Edit invite = Edit.request("INVITE", "sip:bob@192.0.2.7:5062")
                .add("From", "<" + ALICE + ">;tag=a")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "out")
                .add("CSeq", "1 INVITE");
        var sent = world.edge.send(invite, bob.flow, responses::add);
        SipMessage request = PhoneWorld.heard(bob.flow).getFirst();
        world.edge.received(bob.flow, answer(request, 180).bytes());
        assertEquals(180, PhoneWorld.next(responses).status());
        world.time.pass(Duration.ofSeconds(60));
        assertTrue(responses.isEmpty(), "it may ring for long");
        world.edge.cancel(sent, List.of());
        world.time.pass(Duration.ofSeconds(33));
        assertEquals(408, PhoneWorld.next(responses).status());
    }

    @Test
    void aPhoneThatSaysNothingTimesOut() throws SipException {
        BlockingQueue<SipMessage> responses = new LinkedBlockingQueue<>();
        Edit message = Edit.request("MESSAGE", "sip:bob@192.0.2.7:5062")
                .add("From", "<" + ALICE + ">;tag=a")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "out")
                .add("CSeq", "1 MESSAGE");
        var _ = world.edge.send(message, bob.flow, responses::add);
        world.time.pass(Duration.ofSeconds(33));
        assertEquals(408, PhoneWorld.next(responses).status());
        assertEquals(11, PhoneWorld.heard(bob.flow).size());
        assertEquals(0, world.edge.transactions());
    }

    @Test
    void aConnectionThatEndsIsToldWithWhatItLeft() {
        TestPhone tcp = world.phone("bob", "TCP", "192.0.2.7", 40_000);
        tcp.proven(tcp.request("INVITE", ALICE));
        PhoneWorld.next(world.asked);
        tcp.flow.close("gone");
        assertEquals(1, PhoneWorld.next(world.ended).size());
        assertEquals(0, world.edge.transactions());
    }

    @Test
    void whatIsNoMessageEndsAConnectionAndIsDroppedByUdp() {
        TestPhone tcp = world.phone("bob", "TCP", "192.0.2.7", 40_000);
        world.edge.received(tcp.flow, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertFalse(tcp.flow.open);
        world.edge.received(bob.flow, new byte[] {1, 2, 3});
        assertTrue(bob.flow.sent.isEmpty());
        assertEquals(2, world.offences.count("Not SIP"));
        Edit bad = bob.request("MESSAGE", ALICE).set("Max-Forwards", "x");
        assertEquals(400, bob.answers(bad).getFirst().status());
    }

    @Test
    void anExtensionOfProxiesIsRefusedByName() {
        SipMessage answer = bob.proven(bob.request("INVITE", ALICE).add("Proxy-Require", "sec-agree, x"))
                .getFirst();
        assertEquals(420, answer.status());
        assertEquals("sec-agree, x", answer.required("unsupported"));
    }

    @Test
    void anAccountHasSoManyCalls() {
        int refused = 0;
        for (int i = 0; i < 50; i++)
            for (SipMessage each : bob.proven(bob.request("INVITE", ALICE).set("Call-ID", "c" + i)))
                if (each.status() == 503 && each.required("retry-after").equals("60")) refused++;
        assertEquals(50 - (int) Gatekeeper.CALLS.atOnce(), refused);
        assertTrue(world.log.lines().stream().anyMatch(l -> l.contains("192.0.2.0/24") && l.contains("bob: calls")));
        TestPhone carol = world.phone("carol", "UDP", "192.0.2.8", 5060);
        assertEquals(List.of(), carol.proven(carol.request("INVITE", ALICE)), "others go on");
    }
}
