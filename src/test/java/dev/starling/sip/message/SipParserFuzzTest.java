package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Tag;
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

    private static String text(Random random, String alphabet, int max) {
        var text = new StringBuilder();
        for (int n = random.nextInt(max + 1); n > 0; n--)
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        return text.toString().strip();
    }

    /// A message of random headers is read as it was written, and is written as it was read.
    private static void roundTrip(long seed) throws SipException {
        var random = new Random(seed);
        String method = "M" + text(random, "ABCxyz-.!%*_+`'~", 10);
        Edit edit = Edit.request(method, "sip:" + text(random, "abc;=&+$,?/", 20) + "x@example.org")
                .add("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bK" + seed)
                .add(random.nextBoolean() ? "f" : "From", "<sip:alice@example.net>;tag=" + random.nextInt())
                .add("to", Tokens.quote(text(random, "ab \"\\<>;,", 20)) + " <sip:bob@example.org>")
                .add("Call-ID", "c" + seed)
                .add("CSeq", random.nextInt(Integer.MAX_VALUE) + " " + method);
        var names = new ArrayList<String>();
        var values = new ArrayList<String>();
        for (int i = random.nextInt(20); i > 0; i--) {
            names.add("X-" + text(random, "abcDEF019-", 12));
            values.add(text(random, "abc ,;<>\"\\:=\t\u00e4\u00ff", 60));
            edit.add(names.getLast(), values.getLast());
        }
        byte[] body = new byte[random.nextInt(500)];
        random.nextBytes(body);
        SipMessage message = edit.body("x/y", body).build();
        assertArrayEquals(body, message.body(), "seed " + seed);
        for (int i = 0; i < names.size(); i++) {
            int which = i;
            String name = names.get(i);
            long before = names.stream()
                    .limit(which)
                    .filter(n -> n.equalsIgnoreCase(name))
                    .count();
            assertEquals(
                    values.get(i), message.all(name.toLowerCase(Locale.ROOT)).get((int) before), "seed " + seed);
        }
        assertArrayEquals(
                message.bytes(), SipMessage.parse(message.bytes()).edit().toBytes(), "seed " + seed);
    }

    private static void altered(Random random) {
        byte[] good = MESSAGE.getBytes(StandardCharsets.ISO_8859_1);
        byte[] bytes = Arrays.copyOf(good, random.nextInt(3) == 0 ? random.nextInt(good.length) : good.length);
        for (int n = random.nextInt(8); n >= 0 && bytes.length > 0; n--)
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        try {
            SipMessage message = SipMessage.parse(bytes);
            message.from();
            message.elements("route");
            assertTrue(message.branch().startsWith("z9hG4bK"));
            // What we take, everybody takes from us in the same way.
            SipMessage again = message.edit().build();
            assertEquals(message.callId(), again.callId());
            assertEquals(message.all("route"), again.all("route"));
            assertArrayEquals(message.body(), again.body());
            SipUri.parse(message.uri());
        } catch (SipException e) {
            assertTrue(e.status() >= 400);
        }
    }

    @Test
    void hostileBytesOnlyEverGiveOurOwnRefusal() {
        var random = new Random(20261124);
        for (int i = 0; i < 20_000; i++) altered(random);
    }

    @Test
    void whatIsWrittenIsReadTheSame() throws SipException {
        for (long seed = 1; seed <= 3_000; seed++) roundTrip(seed);
    }

    @Test
    @Tag("long")
    void aMillionOfEach() throws SipException {
        var random = new Random(20261125);
        for (int i = 0; i < 1_000_000; i++) altered(random);
        for (long seed = 10_000; seed < 1_010_000; seed++) roundTrip(seed);
    }

    @Test
    void largeHostileHeadersCostNoMoreThanTheirLength() {
        String[] fillings = {
            "Via: SIP/2.0/UDP a;branch=z9hG4bK" + ", SIP/2.0/UDP b".repeat(1_500),
            "Via: SIP/2.0/UDP a;branch=z9hG4bKx" + ";p".repeat(11_000),
            "Contact: " + "<sip:a@b>,".repeat(2_000),
            "Subject: a" + "\r\n b".repeat(5_000),
            "From: \"" + "\\\"".repeat(11_000) + "\" <sip:a@b>;tag=1",
            "To: " + "<".repeat(22_000),
            "Route: " + "\"".repeat(22_000)
        };
        assertTimeout(Duration.ofSeconds(20), () -> {
            for (String filling : fillings) {
                String name = filling.substring(0, filling.indexOf(':'));
                String text = MESSAGE.replaceFirst("(?m)^(f|" + name + "): [^\\r]*\\r\\n", "")
                        .replaceFirst(
                                "Max-Forwards", java.util.regex.Matcher.quoteReplacement(filling) + "\r\nMax-Forwards");
                for (int i = 0; i < 50; i++) {
                    try {
                        SipMessage message = parse(text);
                        message.elements("contact");
                        message.branch();
                        message.edit().build();
                    } catch (SipException e) {
                        assertEquals(400, e.status());
                    }
                }
            }
        });
    }

    @Test
    void aLineBreakCannotBeWrittenIntoAHeaderAUriOrAReason() throws SipException {
        SipMessage message = parse(MESSAGE);
        Edit edit = message.edit();
        assertThrows(IllegalArgumentException.class, () -> edit.add("X", "a\r\nRoute: <sip:evil>"));
        assertThrows(IllegalArgumentException.class, () -> edit.uri("sip:x SIP/2.0\r\nRoute: <sip:evil>"));
        assertThrows(IllegalArgumentException.class, () -> Edit.response(message, 400, "a\r\nVia: x", "t"));
        assertThrows(IllegalArgumentException.class, () -> edit.add("X", "\u20ac"));
        assertEquals("a??b?", new SipException(400, "a\r\nb\u00e4").reason());
    }

    @Test
    void namesAreOneWhateverTheirCaseAndLength() {
        assertEquals("content-length", HeaderName.canonical("L"));
        assertEquals("content-length", HeaderName.canonical("CONTENT-length"));
        assertEquals("j", HeaderName.canonical("J"));
        assertEquals("x-unknown", HeaderName.canonical("X-Unknown"));
        assertEquals("a-name-of-more-than-24-letters", HeaderName.canonical("A-Name-Of-More-Than-24-Letters"));
    }

    @Test
    void parametersAreFoundOutsideQuotesAndBracketsOnly() {
        String value = "\"a;tag=1\" <sip:x;tag=2> ; flag ; TAG = \"3\\\";tag=4\" ;tag=5";
        assertEquals("3\";tag=4", Tokens.parameter(value, "tag").orElseThrow());
        assertEquals("", Tokens.parameter(value, "flag").orElseThrow());
        assertTrue(Tokens.parameter(value, "fla").isEmpty());
        assertTrue(Tokens.parameter("<sip:x>;tagged=1", "tag").isEmpty());
    }
}
