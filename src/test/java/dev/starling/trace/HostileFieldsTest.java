package dev.starling.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Tap;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Nothing that strangers write into SIP reaches the terminal as anything but printable text.
class HostileFieldsTest {
    private static final List<String> EVIL = List.of(
            "\u001b[2J",
            "\u001b]0;owned\u0007",
            "\u009b31m",
            "\u0090q",
            "\u00e2\u0080\u00ae",
            "\u0007",
            "\u007f",
            "\u00ff",
            "\t");
    private static final int CASES = 3_000;

    private static void onlyPrintable(List<String> lines, int width) {
        for (String line : lines) {
            assertTrue(line.chars().allMatch(c -> c >= ' ' && c <= '~'), () -> "not printable: " + line);
            assertTrue(line.length() <= width || line.startsWith("    "), line);
        }
    }

    private static List<String> shown(Tap.Passed passed) throws SipException {
        return new Ladder(() -> new Style(100, false, false), true, ZoneOffset.UTC).on(Sighting.of(passed, 0));
    }

    @Test
    void escapeSequencesInEveryFieldAreOnlyQuestionMarks() throws SipException {
        for (String evil : EVIL) {
            String text = """
                    INVITE sip:bob@example.net SIP/2.0
                    From: "%1$s" <sip:%1$s@%1$s>;tag=%1$s
                    To: <sip:b%1$sb@example.net>;tag=%1$s
                    Call-ID: %1$s
                    CSeq: 1 INV%1$sITE
                    Event: %1$s
                    Reason: %1$s;cause=200
                    Contact: <sip:x@h;gr=%1$s>
                    Content-Type: application/sdp

                    v=0
                    m=audio 1 RTP/AVP 0
                    a=rtpmap:1 o%1$spus/8000
                    a=rtpmap:2 opus%1$s/8000
                    """.formatted(evil);
            onlyPrintable(shown(Passing.passed(true, Passing.client(1), 0, text)), 100);
            String status = "SIP/2.0 200 O" + evil + "K\nFrom: <sip:a@h>\nTo: <sip:b@h>\nCall-ID: c\nCSeq: 1 BYE\n";
            onlyPrintable(shown(Passing.passed(false, Passing.client(1), 0, status)), 100);
        }
    }

    @Test
    void nothingOfABodyIsShownButNamesOfCodecs() throws SipException {
        String text = """
                INVITE sip:b@h SIP/2.0
                From: <sip:a@h>
                To: <sip:b@h>
                Call-ID: c
                CSeq: 1 INVITE
                Content-Type: application/sdp

                v=0
                s=private
                c=IN IP4 198.51.100.99
                a=ice-pwd:hunter2
                a=candidate:1 1 udp 1 10.0.0.7 1 typ host
                m=audio 9 RTP/AVP 8
                """;
        String all = String.join("\n", shown(Passing.passed(true, Passing.client(1), 0, text)));
        assertTrue(all.contains("offer: PCMA"), all);
        for (String secret : List.of("private", "198.51.100.99", "hunter2", "10.0.0.7"))
            assertTrue(!all.contains(secret), all);
    }

    @Test
    void whateverComesIsShownOrSaidToBeNoMessage() throws SipException {
        var random = new Random(4);
        byte[] good = Passing.options(20).bytes();
        var ladder = new Ladder(() -> new Style(80, false, false), true, ZoneOffset.UTC);
        for (int i = 0; i < CASES; i++) {
            byte[] bytes = good.clone();
            for (int n = random.nextInt(6); n >= 0; n--) bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            var passed = new Tap.Passed(
                    Tap.Direction.IN,
                    Passing.client(i),
                    bytes,
                    Passing.options(0).at());
            onlyPrintable(ladder.on(Sighting.of(passed, 0)), 80);
        }
    }

    @Test
    void aNoticeOfTheServerIsPrintableToo() {
        assertEquals("a?[2Jb?", Printable.of("a\u001b[2Jb\u202e"));
        assertEquals("ab~", Printable.of("abcd", 3));
        assertEquals(0, "\n".getBytes(StandardCharsets.US_ASCII).length - 1);
    }
}
