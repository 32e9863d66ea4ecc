package dev.starling.sip.dialog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// RFC 3261, sections 12 and 13: both ends of a dialog.
class Rfc3261DialogTest {
    private static Edit invite() {
        return Edit.request("INVITE", "sip:bob@example.org")
                .add("Via", "SIP/2.0/TLS a.example;branch=z9hG4bKa")
                .add("From", "\"Alice; or not\" <sip:alice@example.net>;tag=a1")
                .add("To", "Bob <sip:bob@example.org>")
                .add("Call-ID", "c1")
                .add("CSeq", "314 INVITE")
                .add("Contact", "<sip:alice@host.example;ob>")
                .add("Record-Route", "<sip:p2.example;lr>, <sip:p1.example;lr>");
    }

    private static Edit answer(SipMessage invite, int status, String tag) {
        return Edit.response(invite, status, "x", tag)
                .add("Contact", "<sip:bob@desk.example>")
                .add("Record-Route", "<sip:p2.example;lr>")
                .add("Record-Route", "<sip:p1.example;lr>");
    }

    private static Dialog caller(int status) throws SipException {
        SipMessage invite = invite().build();
        return Dialog.asking(invite, answer(invite, status, "b1").build());
    }

    private static Dialog callee(int status) throws SipException {
        SipMessage invite = invite().build();
        return Dialog.answering(invite, answer(invite, status, "b1").build());
    }

    private static SipMessage whole(Edit edit) throws SipException {
        return edit.prepend("Via", "SIP/2.0/TLS z.example;branch=z9hG4bKz").build();
    }

    private static int refusal(org.junit.jupiter.api.function.Executable what) {
        return assertThrows(SipException.class, what).status();
    }

    @Test
    void bothEndsAgreeOnTheDialogAndSeeItFromTheirSide() throws SipException {
        assertEquals(new DialogId("c1", "a1", "b1"), caller(200).id());
        assertEquals(new DialogId("c1", "b1", "a1"), callee(200).id());
        assertEquals(
                List.of("<sip:p1.example;lr>", "<sip:p2.example;lr>"),
                caller(200).routes());
        assertEquals(
                List.of("<sip:p2.example;lr>", "<sip:p1.example;lr>"),
                callee(200).routes());
        assertEquals("sip:bob@desk.example", caller(200).target());
        assertEquals("sip:alice@host.example;ob", callee(200).target());
        assertTrue(caller(180).early());
        assertFalse(callee(200).early());
    }

    @Test
    void aRequestInADialogHasWhatSection12211Says() throws SipException {
        var bye = caller(200).request("BYE");
        SipMessage sent = whole(bye.request());
        assertEquals("sip:bob@desk.example", sent.uri());
        assertEquals(List.of("<sip:p1.example;lr>", "<sip:p2.example;lr>"), sent.elements("route"));
        assertEquals("\"Alice; or not\" <sip:alice@example.net>;tag=a1", sent.required("from"));
        assertEquals("Bob <sip:bob@example.org>;tag=b1", sent.required("to"));
        assertEquals("315 BYE", sent.required("cseq"));
        assertEquals("316 INFO", whole(bye.dialog().request("INFO").request()).required("cseq"));
        assertEquals("1 BYE", whole(callee(200).request("BYE").request()).required("cseq"));
    }

    @Test
    void whatOneEndSendsTheOtherEndTakes() throws SipException {
        Dialog atBob = callee(200);
        var first = caller(200).request("INFO");
        SipMessage info = whole(first.request());
        Dialog after = atBob.received(info);
        assertEquals(315, after.remoteCseq());
        assertEquals(500, refusal(() -> after.received(info)), "the same number again");
        SipMessage older = info.edit().set("CSeq", "3 INFO").build();
        assertEquals(500, refusal(() -> after.received(older)));
        assertEquals(
                320, after.received(info.edit().set("CSeq", "320 INFO").build()).remoteCseq(), "gaps are allowed");
    }

    @Test
    void whatBelongsToAnotherDialogIs481() throws SipException {
        SipMessage bye = whole(caller(200).request("BYE").request());
        Dialog atBob = callee(200);
        for (Edit other : List.of(
                bye.edit().set("Call-ID", "c2"),
                bye.edit().set("To", "<sip:bob@example.org>;tag=b2"),
                bye.edit().set("To", "<sip:bob@example.org>"),
                bye.edit().set("From", "<sip:alice@example.net>;tag=a2"))) {
            SipMessage request = other.build();
            assertEquals(481, refusal(() -> atBob.received(request)), request.required("to"));
        }
    }

    @Test
    void aReinviteMovesTheTargetAndAnInfoDoesNot() throws SipException {
        var again = caller(200).request("INVITE");
        SipMessage moved = whole(again.request().add("Contact", "<sip:alice@elsewhere.example>"));
        assertEquals("sip:alice@elsewhere.example", callee(200).received(moved).target());
        SipMessage info = whole(caller(200).request("INFO").request().add("Contact", "<sip:eve@example.com>"));
        assertEquals("sip:alice@host.example;ob", callee(200).received(info).target());
        SipMessage ok = Edit.response(moved, 200, "OK", "")
                .add("Contact", "<sip:bob@new.example>")
                .build();
        assertEquals("sip:bob@new.example", again.dialog().refreshed(ok).target());
        assertEquals(
                List.of("<sip:p1.example;lr>", "<sip:p2.example;lr>"),
                again.dialog().refreshed(ok).routes());
    }

    @Test
    void theAckOfA2xxHasTheNumberOfItsInviteAndCountsForNothing() throws SipException {
        Dialog atAlice = caller(200);
        var info = atAlice.request("INFO");
        SipMessage ack = whole(info.dialog().ack(314));
        assertEquals("314 ACK", ack.required("cseq"));
        assertEquals(List.of("<sip:p1.example;lr>", "<sip:p2.example;lr>"), ack.elements("route"));
        Dialog atBob = callee(200).received(whole(info.request()));
        assertEquals(315, atBob.received(ack).remoteCseq());
    }

    @Test
    void theFinalAnswerSettlesTheRouteOfAnEarlyDialog() throws SipException {
        Dialog early = caller(183);
        SipMessage ok = Edit.response(invite().build(), 200, "OK", "b1")
                .add("Contact", "<sip:bob@phone.example>")
                .add("Record-Route", "<sip:p9.example;lr>")
                .build();
        Dialog confirmed = early.confirmed(ok);
        assertFalse(confirmed.early());
        assertEquals(List.of("<sip:p9.example;lr>"), confirmed.routes());
        assertEquals("sip:bob@phone.example", confirmed.target());
        assertEquals(
                confirmed.routes(),
                confirmed.confirmed(answer(invite().build(), 200, "b1").build()).routes());
    }

    @Test
    void aStrictRouterGoesIntoTheRequestUri() throws SipException {
        SipMessage invite = invite().remove("Record-Route")
                .add("Record-Route", "<sip:loose.example;lr>, <sip:strict.example>")
                .build();
        SipMessage ok = Edit.response(invite, 200, "OK", "b1")
                .add("Contact", "<sip:bob@desk.example>")
                .add("Record-Route", "<sip:loose.example;lr>, <sip:strict.example>")
                .build();
        SipMessage bye = whole(Dialog.asking(invite, ok).request("BYE").request());
        assertEquals("sip:strict.example", bye.uri());
        assertEquals(List.of("<sip:loose.example;lr>", "<sip:bob@desk.example>"), bye.elements("route"));
    }

    @Test
    void withoutTagContactOrReadableRoutesThereIsNoDialog() throws SipException {
        SipMessage invite = invite().build();
        SipMessage noContact = Edit.response(invite, 200, "OK", "b1").build();
        assertEquals(400, refusal(() -> Dialog.asking(invite, noContact)));
        SipMessage noTag = answer(invite, 100, "").build();
        assertEquals(400, refusal(() -> Dialog.asking(invite, noTag)));
        SipMessage two = answer(invite, 200, "b1")
                .add("Contact", "<sip:other@desk.example>")
                .build();
        assertEquals(400, refusal(() -> Dialog.asking(invite, two)));
        SipMessage badRoute =
                answer(invite, 200, "b1").add("Record-Route", "<http://x>").build();
        assertEquals(416, refusal(() -> Dialog.asking(invite, badRoute)));
        var many = answer(invite, 200, "b1");
        for (int i = 0; i < 17; i++) many.add("Record-Route", "<sip:p" + i + ".example;lr>");
        SipMessage tooMany = many.build();
        assertEquals(400, refusal(() -> Dialog.asking(invite, tooMany)));
    }

    @Test
    void anAddressWithoutBracketsGetsThem() throws SipException {
        SipMessage invite = invite().set("From", "sip:alice@example.net;tag=a1").build();
        SipMessage bye = whole(Dialog.asking(invite, answer(invite, 200, "b1").build())
                .request("BYE")
                .request());
        assertEquals("<sip:alice@example.net>;tag=a1", bye.required("from"));
    }

    /// What an [Acceptance] does while nobody acknowledges, with the time at which it does it.
    private static List<String> unacknowledged(Duration ackAfter) {
        var acceptance = new Acceptance();
        var log = new ArrayList<String>();
        Duration now = Duration.ZERO;
        List<Acceptance.Action> actions = acceptance.start();
        while (!actions.isEmpty()) {
            Duration wait = Duration.ZERO;
            for (var action : actions) {
                switch (action) {
                    case Acceptance.Action.Send _ -> log.add(now.toMillis() + " 2xx");
                    case Acceptance.Action.Abandon _ -> log.add(now.toMillis() + " bye");
                    case Acceptance.Action.Wait(Duration after) -> wait = after;
                }
            }
            if (wait.isZero()) break;
            if (now.plus(wait).compareTo(ackAfter) > 0) acceptance.acknowledged();
            now = now.plus(wait);
            actions = acceptance.due();
        }
        assertTrue(acceptance.isOver());
        return log;
    }

    @Test
    void a2xxIsRepeatedUntilItsAckOr32Seconds() {
        assertEquals(List.of("0 2xx"), unacknowledged(Duration.ofMillis(100)));
        assertEquals(List.of("0 2xx", "500 2xx", "1500 2xx"), unacknowledged(Duration.ofMillis(2_000)));
        assertEquals(
                List.of(
                        "0 2xx",
                        "500 2xx",
                        "1500 2xx",
                        "3500 2xx",
                        "7500 2xx",
                        "11500 2xx",
                        "15500 2xx",
                        "19500 2xx",
                        "23500 2xx",
                        "27500 2xx",
                        "31500 2xx",
                        "32000 bye"),
                unacknowledged(Duration.ofDays(1)));
    }
}
