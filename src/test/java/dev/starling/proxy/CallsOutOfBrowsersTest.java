package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Address;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Calls of people in browsers to an ordinary SIP domain by way of their peer (docs/protocols/classic.md, section 3):
/// their whole life, and that nothing of them stays behind.
class CallsOutOfBrowsersTest {
    private LineWorld world;
    private LineWorld.Browser alice;
    private LineWorld.Carol carol;
    private int transactions;

    @BeforeEach
    void open(@TempDir Path folder) throws Exception {
        world = new LineWorld(folder);
        alice = world.browser("alice@example.net");
        carol = world.carol;
        world.time.pass(Duration.ofSeconds(40));
        transactions = world.peer.edge.transactions();
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void nothingIsLeft() throws InterruptedException {
        String none = "bridges 0, transactions " + transactions + " and 0", left = "";
        for (int i = 0; i < 200 && !left.equals(none); i++) {
            if (i % 100 == 4) world.time.pass(Duration.ofSeconds(33));
            Thread.sleep(10);
            left = "bridges " + world.bridges.size() + ", transactions " + world.peer.edge.transactions() + " and "
                    + world.edge.size();
        }
        assertEquals(none, left);
    }

    /// A call that rings at carol's.
    private record Ringing(SipMessage invite, SipMessage atCarols, SipMessage early) {}

    private Ringing rings() throws Exception {
        SipMessage invite = alice.calls(LineWorld.CAROL);
        SipMessage atCarols = carol.next();
        assertEquals("INVITE", LineWorld.line(atCarols));
        carol.answers(atCarols, 180, "");
        SipMessage early = alice.next();
        assertEquals("180 INVITE", LineWorld.line(early));
        return new Ringing(invite, atCarols, early);
    }

    /// One that she has answered; what alice heard.
    private SipMessage connects(Ringing call) throws Exception {
        carol.answers(call.atCarols, 200, LineWorld.Carol.SDP);
        assertEquals("ACK", carol.line());
        SipMessage ok = alice.next();
        assertEquals("200 INVITE", LineWorld.line(ok));
        alice.says(alice.within(call.invite, ok, "ACK", 1));
        return ok;
    }

    private SipMessage cancel(SipMessage invite) throws Exception {
        return dev.starling.sip.message.Edit.request("CANCEL", invite.uri())
                .add("Via", invite.topVia())
                .add("Max-Forwards", "70")
                .add("From", invite.required("from"))
                .add("To", invite.required("to"))
                .add("Call-ID", invite.callId())
                .add("CSeq", "1 CANCEL")
                .build();
    }

    @Test
    void sheIsRungAnswersAndAliceHangsUp() throws Exception {
        Ringing call = rings();
        assertTrue(call.atCarols.required("from").startsWith("<sip:alice@example.net>;tag="));
        assertTrue(text(call.atCarols).contains("RTP/AVP"));
        assertTrue(call.atCarols.first("identity").isEmpty(), "what alice signed ends at her peer");
        assertFalse(call.early.hasSdp());
        assertEquals(world.peer.self.contact(), call.early.required("contact"));
        SipMessage ok = connects(call);
        assertTrue(text(ok).contains("a=fingerprint:"));
        alice.says(alice.within(call.invite, ok, "BYE", 2));
        assertEquals("200 BYE", alice.line());
        SipMessage bye = carol.next();
        assertEquals("BYE", LineWorld.line(bye));
        carol.answers(bye, 200, "");
        nothingIsLeft();
        assertTrue(carol.hearsNothing());
    }

    private static String text(SipMessage message) {
        return new String(message.body(), StandardCharsets.UTF_8);
    }

    @Test
    void sheHangsUp() throws Exception {
        Ringing call = rings();
        SipMessage ok = connects(call);
        carol.says(carol.request("BYE", alice.person.address(), call.atCarols.callId())
                .set("From", call.atCarols.required("to") + ";tag=carol")
                .set("To", call.atCarols.required("from"))
                .toBytes());
        assertEquals("200 BYE", carol.line());
        SipMessage bye = alice.next();
        assertEquals("BYE", LineWorld.line(bye));
        assertEquals(ok.callId(), bye.callId());
        alice.answers(bye, 200, "");
        nothingIsLeft();
    }

    @Test
    void aliceGivesUpBeforeSheAnswers() throws Exception {
        Ringing call = rings();
        alice.says(cancel(call.invite));
        assertEquals("200 CANCEL", alice.line());
        assertEquals("487 INVITE", alice.line());
        SipMessage cancel = carol.next();
        assertEquals("CANCEL", LineWorld.line(cancel));
        carol.answers(cancel, 200, "");
        carol.answers(call.atCarols, 487, "");
        assertEquals("ACK", carol.line());
        nothingIsLeft();
    }

    @Test
    void byByeTooBeforeSheAnswers() throws Exception {
        Ringing call = rings();
        alice.says(alice.within(call.invite, call.early, "BYE", 2));
        assertEquals("200 BYE", alice.line());
        assertEquals("487 INVITE", alice.line());
        assertEquals("CANCEL", carol.line());
    }

    /// RFC 3261, section 9.1: 64*T1 after a CANCEL nobody waits any longer.
    @Test
    void aServerThatRangAndSaysNothingToTheCancelIsNotWaitedForForEver() throws Exception {
        Ringing call = rings();
        alice.says(cancel(call.invite));
        assertEquals("200 CANCEL", alice.line());
        assertEquals("CANCEL", carol.line());
        nothingIsLeft();
    }

    @Test
    void aliceGaveUpWhileSheWasLookedFor() throws Exception {
        SipMessage invite = alice.invite(LineWorld.CAROL);
        alice.says(invite);
        alice.says(cancel(invite));
        assertEquals("200 CANCEL", alice.line());
        assertEquals("487 INVITE", alice.line());
        nothingIsLeft();
    }

    @Test
    void nobodyAnswersForThreeMinutes() throws Exception {
        rings();
        world.time.pass(Duration.ofSeconds(179));
        world.time.pass(Duration.ofSeconds(1));
        assertEquals("CANCEL", carol.line());
        assertEquals("408 INVITE", alice.line());
        nothingIsLeft();
    }

    @ParameterizedTest
    @CsvSource({"486, 486", "603, 603", "404, 404", "403, 603", "401, 480", "407, 480", "302, 480", "488, 488"})
    void sheRefuses(int said, int heard) throws Exception {
        Ringing call = rings();
        carol.answers(call.atCarols, said, "");
        assertEquals("ACK", carol.line());
        assertEquals(heard + " INVITE", alice.line());
        nothingIsLeft();
        assertTrue(carol.hearsNothing());
    }

    @Test
    void anAnswerWithoutSoundEndsTheCallOnBothSides() throws Exception {
        Ringing call = rings();
        carol.answers(call.atCarols, 200, "");
        // By UDP in no order.
        var heard = List.of(carol.next(), carol.next());
        assertEquals(Set.of("ACK", "BYE"), heard.stream().map(LineWorld::line).collect(Collectors.toSet()));
        for (SipMessage each : heard) if (each.method().equals("BYE")) carol.answers(each, 200, "");
        assertEquals("400 INVITE", alice.line());
        nothingIsLeft();
    }

    @Test
    void aPageThatIsClosedWhileItRingsStopsTheRinging() throws Exception {
        Ringing call = rings();
        alice.flow.close("closed");
        SipMessage cancel = carol.next();
        assertEquals("CANCEL", LineWorld.line(cancel));
        carol.answers(cancel, 200, "");
        carol.answers(call.atCarols, 487, "");
        assertEquals("ACK", carol.line());
        nothingIsLeft();
    }

    @Test
    void aPageWhoseConnectionBreaksWithinACallGoesOnOverItsNextOne() throws Exception {
        Ringing call = rings();
        SipMessage ok = connects(call);
        alice.flow.close("broken");
        assertTrue(carol.hearsNothing());
        alice.comes();
        alice.says(alice.within(call.invite, ok, "BYE", 2));
        assertEquals("200 BYE", alice.line());
        SipMessage bye = carol.next();
        assertEquals("BYE", LineWorld.line(bye));
        carol.answers(bye, 200, "");
        nothingIsLeft();
    }

    @Test
    void whenSheHangsUpOnAPageThatIsGoneNothingIsKept() throws Exception {
        Ringing call = rings();
        connects(call);
        alice.flow.close("gone");
        carol.says(carol.request("BYE", alice.person.address(), call.atCarols.callId())
                .set("From", call.atCarols.required("to") + ";tag=carol")
                .set("To", call.atCarols.required("from"))
                .toBytes());
        assertEquals("200 BYE", carol.line());
        nothingIsLeft();
    }

    @Test
    void anAnswerThatThePageDoesNotAcknowledgeEndsAfter32Seconds() throws Exception {
        Ringing call = rings();
        carol.answers(call.atCarols, 200, LineWorld.Carol.SDP);
        assertEquals("ACK", carol.line());
        assertEquals("200 INVITE", alice.line());
        for (int i = 0; i < 100 && world.bridges.size() > 0; i++) {
            Thread.sleep(5);
            world.time.pass(Duration.ofSeconds(1));
        }
        SipMessage last = alice.next();
        while (!last.isRequest()) last = alice.next();
        assertEquals("BYE", LineWorld.line(last));
        assertEquals("BYE", carol.line());
    }

    @Test
    void aThirdCallAtOnceIsOneTooMany() throws Exception {
        Ringing first = rings();
        connects(first);
        Ringing second = rings();
        alice.calls(LineWorld.CAROL);
        assertEquals("486 INVITE", alice.line());
        assertEquals(2, world.bridges.size());
        SipMessage ok = connects(second);
        alice.says(alice.within(second.invite, ok, "BYE", 2));
        assertEquals("200 BYE", alice.line());
        assertEquals("BYE", carol.line());
        rings();
    }

    @Test
    void theSameCallByAnotherWayIsMerged() throws Exception {
        Ringing call = rings();
        alice.says(alice.signed(
                call.invite
                        .edit()
                        .remove("Identity")
                        .set("Via", "SIP/2.0/WS x.invalid;branch=" + TransactionLayer.branch()),
                LineWorld.CAROL.uri()));
        assertEquals("482 INVITE", alice.line());
    }

    @Test
    void whoIsFoundWasVerifiedOrIsForgedIsNotCalled() throws Exception {
        Person dora = world.world.person("dora@classic.example");
        world.publish(dora);
        assertEquals("403 Found here: not called unverified", refused(dora.address()));
        world.time.pass(Duration.ofHours(3));
        alice.comes();
        world.publish(alice.person);
        assertEquals("403 Verified before and not found now: not called unverified", refused(dora.address()));
        Address eve = world.world.person("eve@classic.example").address();
        world.forge(eve);
        assertEquals("404 Nothing genuine is known of this address", refused(eve));
        assertTrue(carol.hearsNothing());
        assertEquals(0, world.bridges.size());
    }

    private String refused(Address whom) throws InterruptedException {
        alice.calls(whom);
        SipMessage answer = alice.next();
        return answer.status() + " " + answer.reason();
    }

    @Test
    void aNewOfferOfThePageIsSignedOrRefused() throws Exception {
        Ringing call = rings();
        SipMessage ok = connects(call);
        var offer = alice.within(call.invite, ok, "INVITE", 2)
                .body("application/sdp", LineWorld.Browser.SDP.getBytes(StandardCharsets.US_ASCII));
        alice.says(offer.copy());
        assertEquals("428 INVITE", alice.line());
        var again = offer.copy()
                .set("CSeq", "3 INVITE")
                .set("Via", "SIP/2.0/WS x.invalid;branch=" + TransactionLayer.branch());
        alice.says(alice.signed(again, again.copy().build().uri()));
        SipMessage answer = alice.next();
        assertEquals("200 INVITE", LineWorld.line(answer));
        assertTrue(answer.hasSdp());
        assertTrue(carol.hearsNothing(), "it concerned alice alone");
    }
}
