package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Messages come out of a stream as they went in, however the network cuts it; what is altered on the way gives our
/// own refusal, and never a message that the parser reads with another length.
class FramingFuzzTest {
    /// Gives what it holds in pieces of random length.
    private static final class Pieces extends InputStream {
        private final ByteArrayInputStream whole;
        private final Random random;

        Pieces(byte[] whole, Random random) {
            this.whole = new ByteArrayInputStream(whole);
            this.random = random;
        }

        @Override
        public int read() {
            return whole.read();
        }

        @Override
        public int read(byte[] into, int from, int length) {
            return whole.read(into, from, Math.min(length, 1 + random.nextInt(1 + random.nextInt(3_000))));
        }
    }

    private static byte[] message(Random random, int number) {
        byte[] body = new byte[random.nextInt(4) == 0 ? random.nextInt(40_000) : random.nextInt(40)];
        random.nextBytes(body);
        String head = "MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TLS a.example;branch=z9hG4bK" + number
                + "\r\nFrom: <sip:alice@example.net>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: c\r\n"
                + "CSeq: 1 MESSAGE\r\nSubject: " + "x".repeat(random.nextInt(2_000)) + "\r\n folded\r\n"
                + (random.nextBoolean() ? "Content-Length: " : "l : ") + body.length + "\r\n\r\n";
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(body);
        return bytes.toByteArray();
    }

    private static void whole(long seed) throws IOException, SipException {
        var random = new Random(seed);
        var sent = new ArrayList<byte[]>();
        var stream = new ByteArrayOutputStream();
        int pings = 0;
        for (int i = 0; i < 20; i++) {
            for (int n = random.nextInt(3); n > 0; n--, pings++)
                stream.writeBytes("\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            sent.add(message(random, i));
            stream.writeBytes(sent.getLast());
        }
        var heard = new AtomicInteger();
        var framing = new Framing(new Pieces(stream.toByteArray(), random), heard::incrementAndGet);
        for (byte[] each : sent) {
            byte[] found = framing.next().orElseThrow();
            assertArrayEquals(each, found, "seed " + seed);
            SipMessage.parse(found);
        }
        assertTrue(framing.next().isEmpty());
        assertEquals(pings, heard.get());
    }

    private static void altered(long seed) {
        var random = new Random(seed);
        byte[] stream = message(random, 1);
        for (int n = 1 + random.nextInt(6); n > 0; n--)
            stream[random.nextInt(Math.min(400, stream.length))] =
                    (byte) (random.nextBoolean() ? "\r\n: l5".charAt(random.nextInt(6)) : random.nextInt(256));
        List<byte[]> found = new ArrayList<>();
        try {
            var framing = new Framing(new Pieces(stream, random), () -> {});
            for (Optional<byte[]> next = framing.next(); next.isPresent(); next = framing.next()) found.add(next.get());
        } catch (IOException e) {
            assertTrue(e.getMessage() != null, "a reason");
        }
        for (byte[] each : found) {
            try {
                SipMessage message = SipMessage.parse(each);
                assertEquals(message.number("content-length", -1), message.bodyLength(), "seed " + seed);
            } catch (SipException e) {
                assertTrue(e.status() >= 400);
            }
        }
    }

    @Test
    void messagesComeOutAsTheyWentIn() throws IOException, SipException {
        for (int seed = 1; seed <= 100; seed++) whole(seed);
    }

    @Test
    void alteredStreamsGiveOurOwnRefusal() {
        for (int seed = 1; seed <= 20_000; seed++) altered(seed);
    }

    @Test
    @Tag("long")
    void aMillionAlteredStreamsGiveOurOwnRefusal() throws IOException, SipException {
        for (int seed = 1_000; seed < 3_000; seed++) whole(seed);
        for (int seed = 100_000; seed < 1_100_000; seed++) altered(seed);
    }
}
