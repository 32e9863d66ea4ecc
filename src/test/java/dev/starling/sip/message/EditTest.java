package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What is built is what a parser would find in its bytes, although none looks for it.
class EditTest {
    private static final List<String> NAMES = List.of(
            "Via", "v", "FROM", "t", "Call-ID", "cseq", "Contact", "Route", "X-Odd", "m", "Subject", "Content-Length");

    private static Edit plain() {
        return Edit.request("MESSAGE", "sip:bob@example.net")
                .add("Via", "SIP/2.0/UDP a.invalid;branch=z9hG4bK1")
                .add("From", "<sip:alice@example.net>;tag=1")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "c")
                .add("CSeq", "1 MESSAGE");
    }

    private static void assertSame(SipMessage built) throws SipException {
        SipMessage read = SipMessage.parse(built.bytes());
        for (String name : List.of(
                "via", "from", "to", "call-id", "cseq", "contact", "route", "x-odd", "subject", "content-length"))
            assertEquals(read.all(name), built.all(name), name);
        assertEquals(read.uri(), built.uri());
        assertEquals(read.method(), built.method());
        assertEquals(read.status(), built.status());
        assertArrayEquals(read.body(), built.body());
        assertArrayEquals(read.edit().toBytes(), built.edit().toBytes());
        assertArrayEquals(
                read.masked(java.util.Set.of("route", "subject")), built.masked(java.util.Set.of("route", "subject")));
    }

    @Test
    void whatIsBuiltIsWhatAParserFinds() throws SipException {
        int built = 0;
        for (int seed = 0; seed < 4_000; seed++) {
            var random = new Random(seed);
            Edit edit = plain();
            for (int i = random.nextInt(6); i > 0; i--) {
                String name = NAMES.get(random.nextInt(NAMES.size()));
                var value = new StringBuilder();
                for (int n = random.nextInt(12); n > 0; n--)
                    value.append(" \t,;\"<>=a\u00e9:\\\u0001\u007f".charAt(random.nextInt(14)));
                if (random.nextBoolean()) edit.add(name, value.toString());
                else edit.prepend(name, value.toString());
            }
            edit.body("", new byte[random.nextInt(5)]);
            try {
                SipMessage message = edit.build();
                assertSame(message);
                assertSame(message.edit().set("Subject", "changed").build());
                built++;
            } catch (SipException e) {
                assertThrows(SipException.class, () -> SipMessage.parse(edit.toBytes()), "seed " + seed);
            }
        }
        assertTrue(built > 400, built + " were messages");
    }

    @Test
    void anAnswerIsWhatAParserFinds() throws SipException {
        SipMessage request = plain().build();
        SipMessage answer = Edit.response(request, 200, "OK", "t")
                .add("Contact", "<sip:x@y>")
                .build();
        assertSame(answer);
        assertEquals("<sip:bob@example.net>;tag=t", answer.required("to"));
        request.rest();
        assertEquals("c", request.callId(), "it is read anew");
    }

    @Test
    void foldedLinesGoOutInOnePiece() throws SipException {
        String folded = new String(plain().add("Subject", "one").toBytes(), StandardCharsets.ISO_8859_1)
                .replace("Subject: one", "Subject : one\r\n  two");
        SipMessage read = SipMessage.parse(folded.getBytes(StandardCharsets.ISO_8859_1));
        SipMessage again = read.edit().build();
        assertEquals("one two", again.required("subject"));
        assertSame(again);
    }

    @Test
    void noValueBreaksALine() {
        for (String bad : List.of("a\r\nRoute: <sip:evil>", "a\nb", "a\rb", "\u0100")) {
            assertThrows(IllegalArgumentException.class, () -> plain().add("Subject", bad));
            assertThrows(IllegalArgumentException.class, () -> Edit.request("MESSAGE", "sip:" + bad));
            assertThrows(IllegalArgumentException.class, () -> Edit.request(bad, "sip:bob@example.net"));
            assertThrows(IllegalArgumentException.class, () -> plain().uri(bad));
        }
        for (String bad : List.of("a\u0000b", "\u007f"))
            assertThrows(SipException.class, plain().add("Subject", bad)::build);
        for (String name : List.of("", "a b", "\u00e9"))
            assertThrows(SipException.class, plain().add(name, "x")::build);
        assertThrows(SipException.class, plain().uri("sip:a b")::build);
        assertThrows(SipException.class, plain().uri("sip:\u0000")::build);
        assertThrows(SipException.class, plain().remove("From")::build, "what must be there is looked for");
        assertThrows(SipException.class, plain().add("From", "<sip:eve@example.net>;tag=2")::build);
    }

    @Test
    void noneIsLongerThanOthersTake() throws SipException {
        Edit lines = plain();
        for (int i = 6; i < SipMessage.MAX_LINES; i++) lines.add("X-Odd", "" + i);
        assertSame(lines.build());
        assertThrows(SipException.class, lines.add("X-Odd", "more")::build);
        String half = "x".repeat(SipMessage.MAX_HEADER_BYTES / 2);
        assertSame(plain().add("X-Odd", half).build());
        assertThrows(SipException.class, plain().add("X-Odd", half).add("X-Odd", half)::build);
        assertThrows(SipException.class, plain().body("", new byte[SipMessage.MAX_BYTES])::build);
    }
}
