package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of what a phone asks.
class PhoneLineTest {
    private static final byte[] SDP = Desk.SDP.getBytes(StandardCharsets.US_ASCII);

    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private Desk desk;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        desk = new Desk(folder);
    }

    @AfterEach
    void end() {
        desk.close();
    }

    @Test
    void whoIsCalledForbidsIt() throws Exception {
        desk.alice.on("INVITE", _ -> {
            throw new SipException(403, "Send a contact request");
        });
        desk.asks(desk.phone.invite(Desk.ALICE));
        SipMessage heard = desk.phone.answer();
        assertEquals("603 Send a contact request", heard.status() + " " + heard.reason());
        assertEquals("399 starling \"Send a contact request\"", heard.required("warning"));
    }

    /// Alice's device answers at once; how often it was called.
    private AtomicInteger alicePicksUp() {
        var called = new AtomicInteger();
        desk.alice.on("INVITE", incoming -> {
            called.incrementAndGet();
            var _ = incoming.answer(200, "OK", edit -> edit.body("application/sdp", SDP));
        });
        desk.alice.on("ACK", _ -> {});
        desk.alice.on("BYE", incoming -> {
            ended.add(incoming.request().method());
            var _ = incoming.answer(200, "OK");
        });
        return called;
    }

    private SipMessage called() throws Exception {
        desk.asks(desk.phone.invite(Desk.ALICE));
        SipMessage ok = desk.phone.answer();
        assertEquals(200, ok.status());
        return ok;
    }

    private Edit within(SipMessage ok, String method) {
        return desk.phone
                .request(method, "sip:bob@198.51.100.1")
                .set("To", ok.required("to"))
                .set("CSeq", (method.equals("ACK") ? ok.cseq() : desk.phone.cseq()) + " " + method);
    }

    @Test
    void anInviteThatComesAgainCallsOnceAndIsAnsweredAgain() throws Exception {
        var called = alicePicksUp();
        Edit invite = desk.phone.invite(Desk.ALICE);
        desk.asks(invite.copy());
        desk.asks(invite.copy());
        assertEquals(200, desk.phone.answer().status());
        desk.asks(invite.copy());
        assertEquals(1, called.get());
    }

    @Test
    void anAnswerThatNobodyAcknowledgesIsSaidAgainFor32SecondsAndThenTheCallEndsOnBothSides() throws Exception {
        alicePicksUp();
        called();
        desk.it.timers.await(Duration.ofMillis(500));
        desk.it.timers.pass(Duration.ofSeconds(31));
        // RFC 3261, section 13.3.1.4: after 0.5, 1.5, 3.5, 7.5 s and then each 4 s.
        long again =
                desk.phone.heard.stream().filter(each -> each.status() == 200).count();
        assertEquals(9, again);
        assertEquals(Optional.empty(), Optional.ofNullable(ended.poll()));
        desk.it.timers.pass(Duration.ofSeconds(2));
        assertEquals("BYE", ended.poll(20, TimeUnit.SECONDS));
        SipMessage last = desk.phone.next();
        while (!last.isRequest()) last = desk.phone.next();
        assertEquals("BYE", last.method(), "to the phone");
    }

    @Test
    void onceAcknowledgedItIsNotSaidAgain() throws Exception {
        alicePicksUp();
        SipMessage ok = called();
        desk.asks(within(ok, "ACK"));
        desk.it.timers.pass(Duration.ofSeconds(40));
        assertEquals(List.of(), List.copyOf(desk.phone.heard));
        assertEquals(Optional.empty(), Optional.ofNullable(ended.poll()));
    }

    @Test
    void onceAcknowledgedWithTheBranchOfTheInviteItIsNotSaidAgainEither() throws Exception {
        alicePicksUp();
        Edit invite = desk.phone.invite(Desk.ALICE);
        desk.asks(invite.copy());
        SipMessage ok = desk.phone.answer();
        desk.asks(within(ok, "ACK").set("Via", invite.copy().build().topVia()));
        desk.it.timers.pass(Duration.ofSeconds(40));
        assertEquals(List.of(), List.copyOf(desk.phone.heard));
    }

    @Test
    void theAnswerToANewOfferIsSaidAgainUntilItIsAcknowledged() throws Exception {
        alicePicksUp();
        SipMessage ok = called();
        desk.asks(within(ok, "ACK"));
        desk.asks(within(ok, "INVITE").body("application/sdp", SDP));
        SipMessage again = desk.phone.answer();
        assertEquals(200, again.status());
        saidAgain(1);
        desk.asks(within(ok, "ACK"));
        saidAgain(2);
        desk.asks(within(again, "ACK"));
        desk.it.timers.pass(Duration.ofSeconds(40));
        assertEquals(2, desk.phone.heard.size(), "the ACK of the first INVITE meant another answer, this one means it");
        assertEquals(Optional.empty(), Optional.ofNullable(ended.poll()));
    }

    private void saidAgain(int times) throws InterruptedException {
        for (int i = 0; i < 500 && desk.phone.heard.size() < times; i++) {
            desk.it.timers.pass(Duration.ofMillis(100));
            Thread.sleep(5);
        }
        assertEquals(times, desk.phone.heard.size());
    }

    @Test
    void aCancelThatComesAfterTheAnswerChangesNothing() throws Exception {
        alicePicksUp();
        Edit invite = desk.phone.invite(Desk.ALICE);
        desk.asks(invite.copy());
        SipMessage ok = desk.phone.answer();
        SipMessage sent = invite.copy().build();
        desk.asks(Edit.request("CANCEL", sent.uri())
                .add("Via", sent.topVia())
                .add("Max-Forwards", "70")
                .add("From", sent.required("from"))
                .add("To", sent.required("to"))
                .add("Call-ID", sent.callId())
                .add("CSeq", sent.cseq() + " CANCEL"));
        SipMessage toCancel = desk.phone.answer();
        assertEquals("200 CANCEL", toCancel.status() + " " + toCancel.cseqMethod());
        desk.asks(within(ok, "ACK"));
        Edit bye = within(ok, "BYE");
        desk.asks(bye);
        assertEquals(200, desk.phone.answer().status(), "the call was there");
        assertEquals("BYE", ended.poll(20, TimeUnit.SECONDS));
    }

    @Test
    void keysByInfoWouldBeLostSoTheyAreRefusedAndTheCallGoesOn() throws Exception {
        alicePicksUp();
        SipMessage ok = called();
        desk.asks(within(ok, "ACK"));
        byte[] five = "Signal=5\r\nDuration=160\r\n".getBytes(StandardCharsets.US_ASCII);
        desk.asks(within(ok, "INFO").body("application/dtmf-relay", five));
        SipMessage answer = desk.phone.answer();
        assertEquals("415 ", answer.status() + " " + answer.required("accept"));
        desk.asks(within(ok, "BYE"));
        assertEquals(200, desk.phone.answer().status());
    }

    @Test
    void withinACallThatIsUnknownNothingIsDone() throws Exception {
        for (String method : List.of("BYE", "INFO", "OPTIONS", "INVITE")) {
            Edit request = desk.phone.request(method, "sip:bob@198.51.100.1");
            desk.asks(request.set("To", "<sip:alice@example.net>;tag=nobody"));
            assertEquals(481, desk.phone.answer().status(), method);
        }
    }

    @Test
    void aSecondOfferBeforeTheFirstWasAnsweredIsTurnedAway() throws Exception {
        alicePicksUp();
        SipMessage ok = called();
        desk.asks(within(ok, "ACK"));
        desk.alice.on("INVITE", incoming -> incoming.server().onCancel(_ -> {}));
        desk.asks(within(ok, "INVITE").body("application/sdp", SDP));
        desk.asks(within(ok, "INVITE").body("application/sdp", SDP));
        assertEquals(500, desk.phone.answer().status());
    }

    @Test
    void methodsExtensionsAndHopsAreLookedAtFirst() throws Exception {
        for (String method : List.of("REFER", "SUBSCRIBE", "UPDATE", "PRACK", "X-ODD")) {
            desk.asks(desk.phone.request(method, "sip:alice@example.net"));
            SipMessage answer = desk.phone.answer();
            assertEquals(405, answer.status(), method);
            assertEquals(PhoneLine.ALLOW, answer.required("allow"));
        }
        desk.asks(desk.phone.invite(Desk.ALICE).add("Require", "100rel, replaces"));
        SipMessage answer = desk.phone.answer();
        assertEquals("420 100rel, replaces", answer.status() + " " + answer.required("unsupported"));
        desk.asks(desk.phone.invite(Desk.ALICE).set("Max-Forwards", "0"));
        assertEquals(483, desk.phone.answer().status());
    }
}
