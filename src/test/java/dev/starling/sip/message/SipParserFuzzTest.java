package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SipParserFuzzTest {
    private static final String MESSAGE = """
            MESSAGE sip:bob@example.net;gr=00 SIP/2.0
            Via: SIP/2.0/WS a.invalid;branch=z9hG4bKabc
            Route: <sip:peer.example.net:5061;transport=tls;pin=aa;lr>
            Max-Forwards: 70
            f: "Alice, \\"A\\"" <sip:alice@example.net>;tag=1
            To: <sip:bob@example.net>
            Call-ID: c1
            CSeq: 1 MESSAGE
            Subject: folded
             here
            Content-Length: 5

            hello""".replace("\n", "\r\n");

    private static SipMessage parse(String text) throws SipException {
        return SipMessage.parse(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void whatIsReadIsWrittenAgain() throws SipException {
        SipMessage message = parse(MESSAGE);
        assertEquals("alice@example.net", message.from().uri().substring(4));
        assertEquals("folded here", message.required("subject"));
        SipMessage again = message.edit().build();
        assertArrayEquals(message.body(), again.body());
        assertEquals("folded here", again.required("subject"));
        assertArrayEquals(again.bytes(), again.edit().toBytes());
    }

    @Test
    void hostileBytesOnlyEverGiveOurOwnRefusal() {
        byte[] good = MESSAGE.getBytes(StandardCharsets.ISO_8859_1);
        var random = new Random(20261124);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = java.util.Arrays.copyOf(good, i % 3 == 0 ? random.nextInt(good.length) : good.length);
            for (int n = random.nextInt(8); n >= 0 && bytes.length > 0; n--)
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            try {
                SipMessage message = SipMessage.parse(bytes);
                message.from();
                message.elements("route");
                SipUri.parse(message.uri());
            } catch (SipException e) {
                assertEquals(true, e.status() >= 400);
            }
        }
    }

    @Test
    void aLineBreakCannotBeWrittenIntoAHeaderOrAUri() throws SipException {
        Edit edit = parse(MESSAGE).edit();
        assertThrows(IllegalArgumentException.class, () -> edit.add("X", "a\r\nRoute: <sip:evil>"));
        assertThrows(IllegalArgumentException.class, () -> edit.uri("sip:x SIP/2.0\r\nRoute: <sip:evil>"));
    }

    @Test
    void eachDefectHasItsRefusal() {
        for (String[] bad : new String[][] {
            {"CSeq: 1 MESSAGE", "CSeq: 1 INVITE"}, {"Content-Length: 5", "Content-Length: 9"},
            {"branch=z9hG4bKabc", "branch=abc"}, {"Call-ID: c1\r\n", ""},
            {"CSeq: 1", "CSeq: 9999999999"}, {"SIP/2.0\r\n", "SIP/7.0\r\n"},
            {"Max-Forwards: 70", "Max-Forwards: 70\r\nMax-Forwards: 1"}, {"To: <", "To: \""}
        })
            assertThrows(
                    SipException.class,
                    () -> parse(MESSAGE.replaceFirst(
                            java.util.regex.Pattern.quote(bad[0]), java.util.regex.Matcher.quoteReplacement(bad[1]))),
                    bad[1]);
    }
}
