package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/// What the log says of a message: its method and the id of its call, whatever that is made of, and nobody's address.
class ShownTest {
    private static String shown(String callId) throws SipException {
        String text = "INVITE sip:bob@example.net SIP/2.0\r\nFrom: <sip:alice@example.net>;tag=1\r\n"
                + "Subject: secret\r\nCSeq: 1 INVITE\r\n" + callId + "\r\n\r\n";
        return SipMessage.read(text.getBytes(StandardCharsets.ISO_8859_1)).toString();
    }

    @Test
    void aRequestIsNamedByItsMethodAndItsCall() throws Exception {
        assertEquals("INVITE of call 3f0c-1@a.example", shown("Call-ID: 3f0c-1@a.example"));
        assertEquals("INVITE of call 3f0c", shown("i: 3f0c"));
        assertEquals("INVITE of call unknown", shown("X: y"));
    }

    @Test
    void aHostileIdIsBoundedAndEscaped() throws Exception {
        assertEquals("INVITE of call a%FF%20b%85", shown("Call-ID: a\u00ff b\u0085"));
        assertTrue(shown("Call-ID: " + "x".repeat(5_000)).length() < 120);
        assertTrue(shown("Call-ID: " + "\u009b".repeat(5_000)).length() < 300);
    }

    @Test
    void anAnswerIsNamedByItsStatusAndWhatItAnswers() throws Exception {
        String text = "SIP/2.0 486 Busy\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n\r\n";
        assertEquals(
                "486 to INVITE of call c1",
                SipMessage.read(text.getBytes(StandardCharsets.ISO_8859_1)).toString());
    }
}
