package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Calls out of an ordinary SIP domain to people in browsers (docs/protocols/classic.md, sections 2 and 3): their whole
/// life, and that nothing of them stays behind.
class CallsToBrowsersTest {
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

    /// A call that rings in alice's browser.
    private record Ringing(SipMessage invite, SipMessage atAlices) {}

    private Ringing rings() throws Exception {
        SipMessage invite = carol.invite(alice.person.address(), "a").build();
        carol.calls(invite.edit());
        SipMessage atAlices = alice.next();
        assertEquals("INVITE", LineWorld.line(atAlices));
        alice.answers(atAlices, 180, "");
        assertEquals("180 INVITE", carol.line());
        return new Ringing(invite, atAlices);
    }

    private SipMessage connects(Ringing call) throws Exception {
        alice.answers(call.atAlices, 200, LineWorld.Browser.SDP.replace("actpass", "active"));
        assertEquals("ACK", alice.line());
        SipMessage ok = carol.next();
        assertEquals("200 INVITE", LineWorld.line(ok));
        carol.says(within(ok, "ACK", 1).toBytes());
        return ok;
    }

    private Edit within(SipMessage ok, String method, int cseq) {
        return carol.request(method, alice.person.address(), ok.callId())
                .set("To", ok.required("to"))
                .set("CSeq", cseq + " " + method);
    }

    private void hangsUp(SipMessage ok) throws Exception {
        carol.says(within(ok, "BYE", 2).toBytes());
        assertEquals("200 BYE", carol.line());
    }

    @Test
    void sheIsRungAnswersAndCarolHangsUp() throws Exception {
        Ringing call = rings();
        assertTrue(call.atAlices.required("from").startsWith("\"Carol\" <sip:carol@classic.example>;tag="));
        assertEquals(alice.person.gruu(), call.atAlices.uri());
        assertTrue(new String(call.atAlices.body(), StandardCharsets.UTF_8).contains("a=fingerprint:"));
        SipMessage ok = connects(call);
        assertTrue(new String(ok.body(), StandardCharsets.UTF_8).contains("RTP/AVP"));
        hangsUp(ok);
        SipMessage bye = alice.next();
        assertEquals("BYE", LineWorld.line(bye));
        alice.answers(bye, 200, "");
        nothingIsLeft();
    }

    @Test
    void sheHangsUp() throws Exception {
        Ringing call = rings();
        connects(call);
        String contact = world.peer.self.contact();
        alice.says(alice.request("BYE", contact.substring(1, contact.length() - 1))
                .set("From", call.atAlices.required("to") + ";tag=browser")
                .set("To", call.atAlices.required("from"))
                .set("Call-ID", call.atAlices.callId()));
        assertEquals("200 BYE", alice.line());
        SipMessage bye = carol.next();
        assertEquals("BYE", LineWorld.line(bye));
        carol.answers(bye, 200, "");
        nothingIsLeft();
    }

    private Edit cancel(SipMessage invite) {
        return carol.request("CANCEL", alice.person.address(), invite.callId()).set("Via", invite.topVia());
    }

    @Test
    void carolGivesUp() throws Exception {
        Ringing call = rings();
        carol.says(cancel(call.invite).toBytes());
        assertEquals("200 CANCEL", carol.line());
        assertEquals("487 INVITE", carol.line());
        SipMessage cancel = alice.next();
        assertEquals("CANCEL", LineWorld.line(cancel));
        alice.answers(cancel, 200, "");
        alice.answers(call.atAlices, 487, "");
        assertEquals("ACK", alice.line());
        nothingIsLeft();
    }

    /// RFC 3261, section 9.1: 64*T1 after a CANCEL nobody waits any longer.
    @Test
    void aPageThatRangAndSaysNothingToTheCancelIsNotWaitedForForEver() throws Exception {
        Ringing call = rings();
        carol.says(cancel(call.invite).toBytes());
        assertEquals("200 CANCEL", carol.line());
        assertEquals("487 INVITE", carol.line());
        assertEquals("CANCEL", alice.line());
        nothingIsLeft();
    }

    @ParameterizedTest
    @CsvSource({"486, 486", "603, 603", "403, 403", "428, 428", "415, 415", "480, 480", "302, 480"})
    void sheRefuses(int said, int heard) throws Exception {
        Ringing call = rings();
        alice.answers(call.atAlices, said, "");
        assertEquals("ACK", alice.line());
        assertEquals(heard + " INVITE", carol.line());
        nothingIsLeft();
    }

    @Test
    void anAnswerWithoutSoundEndsTheCallOnBothSides() throws Exception {
        Ringing call = rings();
        alice.answers(call.atAlices, 200, "");
        assertEquals("ACK", alice.line());
        SipMessage bye = alice.next();
        assertEquals("BYE", LineWorld.line(bye));
        alice.answers(bye, 200, "");
        assertEquals("400 INVITE", carol.line());
        nothingIsLeft();
    }

    @Test
    void aPageThatIsClosedWhileItRingsIsNotThere() throws Exception {
        rings();
        alice.flow.close("closed");
        assertEquals("480 INVITE", carol.line());
        nothingIsLeft();
    }

    @Test
    void aPageThatIsGoneWithinACallKeepsNothing() throws Exception {
        SipMessage ok = connects(rings());
        alice.flow.close("gone");
        hangsUp(ok);
        nothingIsLeft();
    }

    @Test
    void aPageWhoseConnectionBreaksWithinACallIsToldOverItsNextOne() throws Exception {
        SipMessage ok = connects(rings());
        alice.flow.close("broken");
        alice.comes();
        hangsUp(ok);
        assertEquals("BYE", alice.line());
    }

    @Test
    void nobodyAnswersForTwoMinutes() throws Exception {
        Ringing call = rings();
        world.time.pass(Duration.ofSeconds(120));
        assertEquals("480 INVITE", carol.line());
        assertEquals("CANCEL", alice.line());
        alice.answers(call.atAlices, 487, "");
        nothingIsLeft();
    }

    @Test
    void allHerPagesRingAndTheOthersHearThatItWasAnsweredElsewhere() throws Exception {
        var laptop = world.new Browser(world.world.person("alice@example.net"));
        world.publish(alice.person, laptop.person);
        laptop.wants(true);
        Ringing call = rings();
        SipMessage atLaptop = laptop.next();
        laptop.answers(atLaptop, 180, "");
        SipMessage ok = connects(call);
        SipMessage cancel = laptop.next();
        assertEquals("CANCEL", LineWorld.line(cancel));
        assertEquals(List.of("SIP;cause=200;text=\"Call completed elsewhere\""), cancel.all("reason"));
        laptop.answers(atLaptop, 487, "");
        hangsUp(ok);
        assertEquals("BYE", alice.line());
    }

    private String refused(Edit invite) throws Exception {
        SipMessage asked = invite.build();
        carol.says(asked.bytes());
        SipMessage answer = carol.next();
        // What was not acknowledged may have been said again.
        while (!answer.callId().equals(asked.callId())) answer = carol.next();
        return answer.status() + " " + answer.reason();
    }

    private Edit invite(String callId) {
        return carol.invite(alice.person.address(), callId);
    }

    @Test
    void whoHasNotSwitchedItOnDoesNotRing() throws Exception {
        alice.wants(false);
        assertEquals("403 Send a contact request", refused(invite("a")));
        assertTrue(alice.heard.isEmpty());
    }

    @Test
    void aDeviceOnNoListDoesNotRing() throws Exception {
        var ghost = world.new Browser(world.world.person("bob@example.net"));
        ghost.wants(true);
        assertEquals("403 Send a contact request", refused(carol.invite(ghost.person.address(), "a")));
        assertTrue(ghost.heard.isEmpty());
    }

    @Test
    void aCallerWhoIsFoundOrWasVerifiedIsRefused() throws Exception {
        Person real = world.world.person(LineWorld.CAROL.text());
        world.publish(real);
        assertEquals("403 Whoever has this address calls verified", refused(invite("a")));
        world.time.pass(Duration.ofHours(3));
        alice.comes();
        world.publish(alice.person);
        assertEquals("403 Whoever has this address calls verified", refused(invite("b")));
        assertTrue(alice.heard.isEmpty());
    }

    @Test
    void aCallerOfWhomSomethingForgedIsFoundIsRefused() throws Exception {
        world.forge(LineWorld.CAROL);
        assertEquals("403 Whoever has this address calls verified", refused(invite("a")));
        assertTrue(alice.heard.isEmpty());
    }

    @Test
    void aCallThatCannotBeOneDoesNotRing() throws Exception {
        assertEquals("488 Not Acceptable Here", refused(invite("a").body("application/sdp", new byte[0])));
        // RFC 3261, section 8.1.1.8: nobody knew where to hang up.
        assertEquals("400 Contact missing", refused(invite("b").remove("Contact")));
        assertTrue(alice.heard.isEmpty());
        assertEquals(0, world.bridges.size());
    }

    @Test
    void aPageHasTwoCallsAtMost() throws Exception {
        connects(rings());
        carol.calls(invite("b"));
        SipMessage second = alice.next();
        assertEquals("INVITE", LineWorld.line(second));
        alice.answers(second, 180, "");
        assertEquals("180 INVITE", carol.line());
        assertTrue(refused(invite("c")).startsWith("486 "));
        alice.answers(second, 486, "");
        assertEquals("486 INVITE", carol.line());
        assertEquals(1, world.bridges.size(), "the first goes on");
    }
}
