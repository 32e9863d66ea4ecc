package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/// The CA's clock is set while people prove their mailboxes: by some seconds, or by somebody who lies about the time.
class ClockJumpTest extends AcmeTest {
    private static final Duration YEAR = Duration.ofDays(365);

    private String status(AcmeCaller.Reply order) throws Exception {
        return bob.post(order.header("location"), "").text("status");
    }

    private String code() {
        return ca.letters.last().code();
    }

    @Test
    void someSecondsBackChangeNothing() throws Exception {
        var order = bob.order(BOB);
        ca.clock.pass(Duration.ofSeconds(-5));
        assertEquals("valid", bob.answer(bob.challenge(order), code()).text("status"));
        ca.clock.pass(Duration.ofSeconds(-5));
        assertEquals("ready", status(order));
        ca.clock.pass(Duration.ofSeconds(-5));
        assertEquals(200, bob.finish(order, Csrs.of(BOB)).status());
        assertEquals("valid", status(order));
    }

    @Test
    void whileTheClockIsFarBackNothingIsProvenAndNothingIsLost() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        ca.clock.pass(YEAR.negated());
        assertEquals("invalid", bob.answer(challenge, code()).text("status"));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        ca.clock.pass(YEAR);
        assertEquals("valid", bob.answer(challenge, code()).text("status"));
        assertEquals(200, bob.finish(order, Csrs.of(BOB)).status());
    }

    @Test
    void whileTheClockIsFarAheadNothingIsProvenAndNothingIsLost() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        ca.clock.pass(Duration.ofDays(2));
        assertEquals("invalid", bob.answer(challenge, code()).text("status"));
        assertEquals("invalid", status(order));
        ca.clock.pass(Duration.ofDays(-2));
        assertEquals("pending", status(order));
        assertEquals("valid", bob.answer(challenge, code()).text("status"));
    }

    /// It would be good until the wrong time and 90 days.
    @Test
    void aProofOfAWrongFutureIsNoneToday() throws Exception {
        ca.clock.pass(YEAR);
        var order = proven(BOB);
        assertEquals("ready", status(order));
        ca.clock.pass(YEAR.negated());
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        int mails = ca.letters.all.size();
        assertEquals("pending", bob.order(BOB).text("status"), "the mailbox is to be proven");
        assertEquals(mails + 1, ca.letters.all.size());
    }

    /// The order and its mail are of today, and the answer came while the clock was ahead by less than a day.
    @Test
    void aProofThatTheClockMadeTooLongIsAskedForAnew() throws Exception {
        var order = bob.order(BOB);
        ca.clock.pass(Duration.ofHours(23));
        assertEquals("valid", bob.answer(bob.challenge(order), code()).text("status"));
        ca.clock.pass(Duration.ofHours(-23));
        refused(403, "orderNotReady", bob.finish(order, Csrs.of(BOB)));
        ca.clock.pass(Duration.ofHours(23));
        assertEquals(200, bob.finish(order, Csrs.of(BOB)).status());
    }

    @Test
    void aCodeOfAWrongFutureIsGoodForNothingToday() throws Exception {
        ca.clock.pass(YEAR);
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        String code = code();
        ca.clock.pass(YEAR.negated());
        assertEquals("invalid", bob.answer(challenge, code).text("status"));
        assertEquals("invalid", status(order));
        assertTrue(ca.stored(session -> session.certificates().count()) == 0);
    }
}
