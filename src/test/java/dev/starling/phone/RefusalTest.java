package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.starling.sip.message.SipException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a phone would take for a word about its password, it does not hear of others.
class RefusalTest {
    @Test
    void whoIsCalledForbidsItAndThePhoneHearsThatItWasDeclinedAndWhy() {
        var heard = Refusal.heard(new SipException(403, "Send a \"contact\" request"));
        assertEquals(603, heard.status());
        assertEquals("Send a \"contact\" request", heard.reason());
        assertEquals(
                List.of(new SipException.Header("Warning", "399 starling \"Send a 'contact' request\"")),
                heard.headers());
    }

    @Test
    void aChallengeOfAnotherServerIsNotPassedOn() {
        for (int status : new int[] {401, 407}) {
            var challenge = new SipException.Header("Proxy-Authenticate", "Digest realm=\"elsewhere\"");
            var heard = Refusal.heard(new SipException(status, "Who are you", challenge));
            assertEquals(480, heard.status());
            assertEquals(
                    List.of("Warning"),
                    heard.headers().stream().map(SipException.Header::name).toList());
        }
    }

    @Test
    void everythingElseIsHeardAsItIs() {
        for (int status : new int[] {400, 404, 480, 486, 488, 503, 603}) {
            var said = new SipException(status, "x", new SipException.Header("Retry-After", "10"));
            assertSame(said, Refusal.heard(said));
        }
    }
}
