package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// INFO (RFC 6086) on its way through two peers: candidates of a call (RFC 8840) while it rings and once it is
/// answered.
class Rfc6086Test {
    private static final byte[] TOKEN = new byte[32];
    private static final String B64_TOKEN =
            Base64.getUrlEncoder().withoutPadding().encodeToString(TOKEN);
    private static final byte[] CANDIDATES =
            "a=ice-pwd:0123456789012345678901\r\na=ice-ufrag:abcd\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n"
                    .getBytes(StandardCharsets.US_ASCII);
    private final World world = new World();
    private final World.TestPeer one = world.peer("one"), two = world.peer("two");
    private final Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
    private MemoryFlow aliceFlow = one.flow(), bobFlow = two.flow();
    private SipMessage invite = alice.signedTo(bob, "INVITE", TOKEN, world.time.instant());

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

    private record Ends(Dialog atAlice, Dialog atBob) {}

    /// The call after an answer of that status.
    private Ends answered(int status) throws SipException {
        invite = alice.signed(
                alice.to(bob, "INVITE", TOKEN).add("Route", two.route()), bob.gruu(), TOKEN, world.time.instant());
        aliceFlow.says(invite.bytes());
        SipMessage there = bobFlow.one();
        SipMessage answer = Calls.answer(there, status, bob, "b");
        bobFlow.says(answer.bytes());
        aliceFlow.heard();
        return new Ends(Dialog.asking(invite, answer), Dialog.answering(there, answer));
    }

    private static Edit withCandidates(SipMessage info) {
        return info.edit()
                .add("Info-Package", "trickle-ice")
                .add("Content-Disposition", "Info-Package")
                .body("application/trickle-ice-sdpfrag", CANDIDATES);
    }

    private void passes(Dialog dialog, MemoryFlow from, Person sender, MemoryFlow to, Person receiver)
            throws SipException {
        Edit info = withCandidates(Calls.within(dialog, "INFO"));
        from.says(sender.signed(info, receiver.gruu(), Person.NO_TOKEN, world.time.instant())
                .bytes());
        SipMessage there = to.one();
        assertEquals("INFO", there.method());
        assertEquals("trickle-ice", there.required("info-package"));
        assertEquals(info.build().callId(), there.callId());
        assertArrayEquals(CANDIDATES, there.body());
        assertEquals(List.of(), there.elements("route"), "the Routes are used up");
        to.says(Calls.answer(there, 200, receiver, "").bytes());
        assertEquals(200, from.one().status());
    }

    @Test
    void infoGoesBothWaysWhileTheCallRings() throws SipException {
        Ends call = answered(180);
        passes(call.atAlice, aliceFlow, alice, bobFlow, bob);
        passes(call.atBob, bobFlow, bob, aliceFlow, alice);
    }

    @Test
    void infoGoesBothWaysOnceTheCallIsAnswered() throws SipException {
        Ends call = answered(200);
        passes(call.atAlice, aliceFlow, alice, bobFlow, bob);
        passes(call.atBob, bobFlow, bob, aliceFlow, alice);
    }

    @Test
    void aRefusalOfTheDeviceComesBackAsItIs() throws SipException {
        Ends call = answered(180);
        aliceFlow.says(Calls.within(call.atAlice, "INFO").bytes());
        SipMessage there = bobFlow.one();
        bobFlow.says(Calls.answer(there, 469, bob, "")
                .edit()
                .add("Recv-Info", "trickle-ice")
                .build()
                .bytes());
        SipMessage answer = aliceFlow.one();
        assertEquals(469, answer.status());
        assertEquals("trickle-ice", answer.required("recv-info"));
    }

    @Test
    void infoOutsideADialogReachesNobody() throws SipException {
        Edit outside = withCandidates(
                alice.request("INFO", bob.gruu(), "<sip:bob@example.org>").build());
        aliceFlow.says(outside.add("Route", two.route()).toBytes());
        assertEquals(405, aliceFlow.one().status());
        Edit guessed = withCandidates(alice.request("INFO", bob.gruu(), "<sip:bob@example.org>;tag=guessed")
                .build());
        aliceFlow.says(guessed.add("Route", two.route()).toBytes());
        assertEquals(481, aliceFlow.one().status());
        assertEquals(List.of(), bobFlow.heard());
    }

    @Test
    void whoLostTheDialogsPeerGoesOnByAnotherWayWhenTheDeviceKnowsHim() throws SipException {
        Ends call = answered(200);
        aliceFlow.close("her peer died");
        bobFlow.heard();
        MemoryFlow other = two.online(alice);
        for (String method : List.of("INVITE", "INFO", "ACK")) {
            Edit request = Calls.within(call.atAlice, method).edit().remove("Route");
            other.says(request.build().bytes());
            // An ACK is never answered; neither goes on.
            assertEquals(
                    method.equals("ACK") ? List.of() : List.of(481),
                    other.heard().stream().map(SipMessage::status).toList(),
                    method);
            assertEquals(List.of(), bobFlow.heard(), method);
            SipMessage known = request.set("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bK" + method)
                    .add("Starling-Token", B64_TOKEN)
                    .build();
            String identity = alice.identity(known, bob.gruu(), TOKEN, world.time.instant(), Map.of());
            other.says(known.edit().add("Identity", identity).build().bytes());
            assertEquals(method, bobFlow.one().method());
            other.heard();
        }
    }

    @Test
    void aReinviteIsVerifiedAndRoutedLikeAnythingInTheDialog() throws SipException {
        Ends call = answered(200);
        SipMessage plain = Calls.within(call.atBob, "INVITE");
        bobFlow.says(plain.bytes());
        assertEquals(428, bobFlow.one().status(), "nobody signed it");
        Edit offer = Calls.within(call.atBob, "INVITE").edit().add("Contact", "<" + bob.gruu() + ">");
        bobFlow.says(bob.signed(offer, alice.gruu(), Person.NO_TOKEN, world.time.instant())
                .bytes());
        SipMessage there = aliceFlow.one();
        assertEquals("INVITE", there.method());
        assertEquals(List.of(), there.elements("record-route"), "the route set stays");
        aliceFlow.says(Calls.answer(there, 200, alice, "").bytes());
        assertEquals(
                List.of(100, 200),
                bobFlow.heard().stream().map(SipMessage::status).toList());
    }
}
