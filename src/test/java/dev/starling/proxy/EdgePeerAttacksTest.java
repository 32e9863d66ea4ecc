package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What others may try at a peer, with requests that are signed as well as they can sign them.
class EdgePeerAttacksTest {
    private static final byte[] TOKEN = new byte[32];
    private final World world = new World();
    private final World.TestPeer one = world.peer("one"), two = world.peer("two");
    private final Person alice = world.person("alice@example.net"),
            bob = world.person("bob@example.org"),
            eve = world.person("eve@example.com");

    @AfterEach
    void end() {
        world.close();
    }

    private Instant now() {
        return world.time.instant();
    }

    private MemoryFlow bobOnline(World.TestPeer peer) {
        MemoryFlow flow = peer.online(bob);
        peer.wishes(flow, bob, List.of(TOKEN), false, List.of());
        return flow;
    }

    private int status(MemoryFlow flow, SipMessage request) {
        flow.says(request.bytes());
        return flow.one().status();
    }

    /// A call between alice and bob, both at the first peer.
    private record Call(MemoryFlow aliceFlow, MemoryFlow bobFlow, SipMessage invite, SipMessage there, SipMessage ok) {
        Dialog atAlice() throws SipException {
            return Dialog.asking(invite, ok);
        }
    }

    private Call call() {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice);
        SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, now());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        SipMessage ok = Calls.answer(there, 200, bob, "b");
        bobFlow.says(ok.bytes());
        aliceFlow.heard();
        return new Call(aliceFlow, bobFlow, invite, there, ok);
    }

    @Test
    void nobodyRegistersAnothersAddress() throws SipException {
        Edit edit = eve.request("REGISTER", "sip:peer.example", "<sip:bob@example.org>")
                .add("Contact", eve.contact());
        assertEquals(403, status(one.flow(), eve.signed(edit, one.uri(), Person.NO_TOKEN, now())));
        Edit named = eve.request("REGISTER", "sip:peer.example", "<sip:bob@example.org>")
                .set("From", "<sip:bob@example.org>;tag=1")
                .add("Contact", eve.contact());
        assertEquals(438, status(one.flow(), eve.signed(named, one.uri(), Person.NO_TOKEN, now())));
        assertTrue(one.edge.registrar().of(eve.device()).isEmpty());
    }

    @Test
    void aClientSpeaksForItsOwnAddressOnly() {
        bobOnline(one);
        MemoryFlow flow = one.online(eve);
        for (String method : List.of("INVITE", "MESSAGE", "SUBSCRIBE"))
            assertEquals(403, status(flow, alice.signedTo(bob, method, TOKEN, now())), method);
    }

    @Test
    void aTokenForOneCalleeIsNoneForAnother() throws SipException {
        MemoryFlow bobFlow = bobOnline(one);
        Person carol = world.person("carol@example.org");
        MemoryFlow carolFlow = one.online(carol);
        one.wishes(carolFlow, carol, List.of(TOKEN), false, List.of());
        SipMessage forBob = alice.signedTo(bob, "MESSAGE", TOKEN, now());
        MemoryFlow aliceFlow = one.online(alice);
        assertEquals(438, status(aliceFlow, forBob.edit().uri(carol.gruu()).build()));
        assertEquals(List.of(), carolFlow.heard());
        aliceFlow.says(forBob.bytes());
        assertEquals("MESSAGE", bobFlow.one().method());
    }

    @Test
    void anAlteredRequestIsNotPassedOn() throws SipException {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice);
        SipMessage message = alice.signedTo(bob, "MESSAGE", TOKEN, now());
        SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, now());
        String swapped = "v=0\r\na=fingerprint:sha-256 " + "CD:".repeat(31) + "CD\r\n";
        for (SipMessage altered : List.of(
                message.edit().body("", new byte[] {9}).build(),
                message.edit().set("Call-ID", "another").build(),
                message.edit().set("CSeq", "2 MESSAGE").build(),
                message.edit().set("Starling-Token", "AQ" + "A".repeat(41)).build(),
                invite.edit().set("Contact", "<sip:eve@example.com>").build(),
                invite.edit()
                        .body("", swapped.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                        .build())) assertEquals(438, status(aliceFlow, altered), altered.toString());
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void aFingerprintThatNoSignatureCanNameIsRefusedLikeAnyOtherThatIsNotCovered() throws SipException {
        bobOnline(one);
        MemoryFlow aliceFlow = one.online(alice);
        byte[] sdp = "v=0\r\na=fingerprint:sh\u00e4 AB:CD\r\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, now());
        assertEquals(438, status(aliceFlow, invite.edit().body("", sdp).build()));
    }

    @Test
    void anIdentityIsUsedOnceAtEachPeerThatSeesIt() {
        MemoryFlow bobFlow = bobOnline(one);
        MemoryFlow aliceFlow = one.online(alice);
        SipMessage message = alice.signedTo(bob, "MESSAGE", TOKEN, now());
        aliceFlow.says(message.bytes());
        assertEquals(1, bobFlow.heard().size());
        aliceFlow.close("a new transaction");
        MemoryFlow again = one.online(alice);
        assertEquals(403, status(again, message));
        var stranger = one.peerFlow("cd".repeat(32));
        assertEquals(403, status(stranger, message));
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void serversDoNotRegisterOrPublish() {
        var flow = one.peerFlow(two.self.id().hex());
        assertEquals(403, status(flow, alice.register(one.uri(), now())));
        byte[] body = World.consentBody(List.of(TOKEN), true, List.of());
        assertEquals(
                403,
                status(flow, alice.publish(one.uri(), "starling-consent", "application/cbor", body, now(), Map.of())));
        assertEquals(405, status(flow, options()));
    }

    private SipMessage options() {
        try {
            return alice.request("OPTIONS", "sip:one.example", "<sip:one.example>")
                    .build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void noPeerForwardsForStrangers() throws SipException {
        Edit edit = alice.to(bob, "MESSAGE", TOKEN).add("Route", two.route());
        SipMessage message = alice.signed(edit, bob.gruu(), TOKEN, now());
        assertEquals(403, status(one.flow(), message), "a client that has not registered");
        assertEquals(403, status(one.peerFlow("ef".repeat(32)), message), "another peer");
        SipMessage inDialog =
                message.edit().set("To", "<sip:bob@example.org>;tag=x").build();
        assertEquals(403, status(one.peerFlow("ef".repeat(32)), inDialog), "with a tag of its own making");
        assertEquals(List.of(), one.connections);
    }

    @Test
    void onlyServersNamedWithTheirKeyAreConnectedTo() {
        MemoryFlow flow = one.online(alice);
        for (String route : List.of(
                "<sip:two.example:5061;transport=tls;lr>",
                "<sip:two.example;transport=tls;pin=" + two.self.id().hex() + ";lr>",
                "<sip:two.example:5061;pin=" + two.self.id().hex() + ";lr>",
                "<sip:two.example:5061;transport=tcp;pin=" + two.self.id().hex() + ";lr>",
                "<sip:two.example:5061;transport=tls;pin=" + two.self.id().hex().toUpperCase(java.util.Locale.ROOT)
                        + ";lr>")) {
            Edit edit = alice.to(bob, "MESSAGE", TOKEN).add("Route", route);
            assertEquals(403, status(flow, alice.signed(edit, bob.gruu(), TOKEN, now())), route);
        }
        assertEquals(List.of(), one.connections);
    }

    @Test
    void aClientOpensOnlySoManyNewConnections() {
        MemoryFlow flow = one.online(alice);
        int refused = 0;
        for (int i = 0; i < 80; i++) {
            String route = "<sip:h" + i + ".example:5061;transport=tls;pin="
                    + bob.device().hex() + ";lr>";
            Edit edit = alice.to(bob, "MESSAGE", TOKEN).add("Route", route);
            if (status(flow, alice.signed(edit, bob.gruu(), TOKEN, now())) == 503) refused++;
        }
        assertEquals(60, one.connections.size());
        assertEquals(20, refused);
    }

    @Test
    void aFlowTokenSeenInOneDialogIsOfNoUseInAnother() throws SipException {
        Call call = call();
        MemoryFlow eveFlow = one.online(eve);
        var bye = Edit.request("BYE", bob.gruu());
        for (String route : call.ok.all("record-route")) bye.add("Route", route);
        bye.add("From", "<sip:eve@example.com>;tag=1").add("To", "<sip:bob@example.org>;tag=b");
        SipMessage elsewhere = Calls.sendable(bye.add("Call-ID", "another").add("CSeq", "9 BYE"));
        assertEquals(403, status(eveFlow, elsewhere));
        var forged = new Self(one.self.id(), one.self.host(), one.self.port(), new byte[32]);
        SipMessage guessed = elsewhere
                .edit()
                .remove("Route")
                .add("Route", "<" + one.self.routeUri(forged.token(bob.device(), "another")) + ">")
                .build();
        assertEquals(403, status(eveFlow, guessed));
        SipMessage ofAnotherDevice = elsewhere
                .edit()
                .uri(eve.gruu())
                .remove("Route")
                .add("Route", "<" + one.self.routeUri(one.self.token(bob.device(), "another")) + ">")
                .build();
        assertEquals(481, status(eveFlow, ofAnotherDevice));
        assertEquals(List.of(), call.bobFlow.heard());
    }

    @Test
    void aThirdPartyCannotCancelAcknowledgeOrEndACall() throws SipException {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice), eveFlow = one.online(eve);
        SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, now());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        bobFlow.says(Calls.answer(there, 180, bob, "b").bytes());
        // Eve knows everything about the INVITE, and repeats its Via.
        var cancel = Edit.request("CANCEL", invite.uri()).add("Via", invite.topVia());
        for (String name : List.of("from", "to", "call-id")) cancel.add(name, invite.required(name));
        assertEquals(481, status(eveFlow, cancel.add("CSeq", "1 CANCEL").build()));
        var ack = Edit.request("ACK", invite.uri()).add("Via", invite.topVia());
        for (String name : List.of("from", "to", "call-id")) ack.add(name, invite.required(name));
        eveFlow.says(ack.add("CSeq", "1 ACK").toBytes());
        assertEquals(List.of(), eveFlow.heard(), "an ACK is never answered");
        SipMessage ok = Calls.answer(there, 200, bob, "b");
        SipMessage bye = Calls.within(Dialog.asking(invite, ok), "BYE");
        assertEquals(403, status(eveFlow, bye), "not her address");
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void whoLostHisPeerEndsHisCallByAnotherWayWhenTheDeviceKnowsHim() throws SipException {
        Call call = call();
        call.aliceFlow.close("her peer died");
        MemoryFlow other = one.online(alice);
        Edit bye = Calls.within(call.atAlice(), "BYE").edit().remove("Route");
        SipMessage unsigned = bye.build();
        assertEquals(481, status(other, unsigned));
        SipMessage withToken = bye.remove("Via")
                .prepend("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bKother")
                .add("Starling-Token", "A".repeat(43))
                .build();
        String identity = alice.identity(withToken, bob.gruu(), TOKEN, now(), Map.of());
        other.says(withToken.edit().add("Identity", identity).build().bytes());
        assertEquals("BYE", call.bobFlow.one().method());
    }

    @Test
    void aRecordRouteThatLeadsElsewhereIsRefused() {
        bobOnline(one);
        Edit spoofed = alice.to(bob, "SUBSCRIBE", TOKEN)
                .add(
                        "Record-Route",
                        "<sip:victim.example:443;transport=tls;pin="
                                + two.self.id().hex() + ";lr>");
        SipMessage request = alice.signed(spoofed, bob.gruu(), TOKEN, now());
        assertEquals(403, status(one.online(alice), request));
        var peer = one.peerFlow("ab".repeat(32));
        assertEquals(403, status(peer, request));
        assertEquals(403, status(peer, alice.signedTo(bob, "INVITE", TOKEN, now())), "none at all");
        assertEquals(List.of(), one.connections);
    }

    @Test
    void aSpoofedViaSendsNoAnswerAnywhereElse() throws SipException {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice), eveFlow = one.online(eve);
        Edit edit = alice.to(bob, "MESSAGE", TOKEN)
                .remove("Via")
                .prepend("Via", "SIP/2.0/TLS victim.example:5061;branch=z9hG4bKy;received=192.0.2.9;rport=7");
        aliceFlow.says(alice.signed(edit, bob.gruu(), TOKEN, now()).bytes());
        bobFlow.says(Calls.answer(bobFlow.one(), 200, bob, "b").bytes());
        assertEquals(200, aliceFlow.one().status());
        assertEquals(List.of(), eveFlow.heard());
        assertEquals(List.of(), one.connections);
    }

    @Test
    void aForgedAnswerGoesThroughUnsignedForTheClientToJudge() throws SipException {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice);
        aliceFlow.says(alice.signedTo(bob, "MESSAGE", TOKEN, now()).bytes());
        SipMessage forged = Calls.answer(bobFlow.one(), 200, bob, "b")
                .edit()
                .add("Identity", "not.a.token;info=<cid:x5c>")
                .build();
        bobFlow.says(forged.bytes());
        SipMessage back = aliceFlow.one();
        assertEquals(forged.all("identity"), back.all("identity"));
        assertEquals(forged.all("contact"), back.all("contact"));
    }

    @Test
    void aDeviceIsFoundByItsGruuAloneNotByTheSameTextInTheUserPart() throws SipException {
        MemoryFlow bobFlow = bobOnline(one), aliceFlow = one.online(alice);
        String tricky = "sip:x;gr=" + bob.device().hex() + "@example.org;gr=" + "0".repeat(64);
        Edit edit = alice.to(bob, "MESSAGE", TOKEN).uri(tricky);
        aliceFlow.says(alice.signed(edit, tricky, TOKEN, now()).bytes());
        assertFalse(aliceFlow.one().status() == 200);
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void twoIdentitiesAreRefusedBeforeAnybodyCanReadTheOther() throws SipException {
        bobOnline(one);
        MemoryFlow flow = one.online(alice);
        SipMessage message = alice.signedTo(bob, "MESSAGE", TOKEN, now());
        flow.says(message.edit().add("Identity", "a.b.c").toBytes());
        SipMessage answer = flow.one();
        assertEquals(400, answer.status());
        assertEquals("Bad identity twice", answer.reason());
        assertTrue(flow.isOpen(), "one bad request does not end a connection");
    }

    @Test
    void oneClientCannotTakeThePlacesOfOthers() {
        MemoryFlow bobFlow = bobOnline(two);
        MemoryFlow flow = one.online(alice);
        int refused = 0;
        // Nobody answers these, so each keeps its place.
        for (int i = 0; i < 1_100; i++) {
            flow.says(Calls.sendable(Edit.request("NOTIFY", "sip:one.example")
                            .add("From", "<sip:alice@example.net>;tag=1")
                            .add("To", "<sip:one.example>")
                            .add("Call-ID", "c" + i)
                            .add("CSeq", "1 NOTIFY"))
                    .bytes());
            world.time.pass(java.time.Duration.ofMillis(1));
            refused +=
                    (int) flow.heard().stream().filter(m -> m.status() == 503).count();
        }
        assertTrue(refused > 0, "more than a client's share of requests a second");
        Person carol = world.person("carol@example.org");
        MemoryFlow other = one.online(carol);
        Edit edit = carol.to(bob, "MESSAGE", TOKEN).add("Route", two.route());
        other.says(carol.signed(edit, bob.gruu(), TOKEN, now()).bytes());
        assertEquals("MESSAGE", bobFlow.one().method());
    }
}
