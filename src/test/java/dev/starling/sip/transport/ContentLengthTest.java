package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What follows the body of a datagram is cut off (RFC 3261, section 18.3); whatever is odd is left to the parser.
class ContentLengthTest {
    private static String cut(String text) {
        return new String(ContentLength.cut(text.getBytes(StandardCharsets.ISO_8859_1)), StandardCharsets.ISO_8859_1);
    }

    @Test
    void whatFollowsTheBodyIsCutOff() {
        for (String name : List.of("Content-Length", "content-LENGTH", "l", "L ", "Content-Length\t")) {
            String message = "\r\nM sip:x SIP/2.0\r\nA: b\r\n" + name + ": 4\r\nB: c\r\n\r\nbody";
            assertEquals(message, cut(message));
            assertEquals(message, cut(message + "\r\nM sip:x SIP/2.0\r\n"));
        }
        assertEquals("M\nl:0\n\n", cut("M\nl:0\n\nmore"));
    }

    @Test
    void whatIsOddStaysAsItIs() {
        for (String odd : List.of(
                "",
                "\r\n",
                "M sip:x SIP/2.0",
                "M\r\nl: 1\r\nno end",
                "M\r\n\r\nno length",
                "M\r\nl: 4\r\n\r\nshort".substring(0, 14),
                "M\r\nl: 1\r\nContent-Length: 1\r\n\r\ntwice",
                "M\r\nl: -1\r\n\r\nnegative",
                "M\r\nl: 1\r\n 2\r\n\r\nfolded, so the parser reads 1 2".replace("l: 1\r\n", "l:\r\n 1\r\n"),
                "M\r\nl: 9999999\r\n\r\nlong",
                "M\r\nl\r\n\r\nno colon")) assertEquals(odd, cut(odd));
    }
}
