package dev.starling.trace.hep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.Vectors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Packets against bytes that were written from the specification: `vectors/hep.json`.
class HepVectorsTest {
    private static final int CASES = 20_000;

    private final Map<String, Object> vectors;

    HepVectorsTest() throws IOException, ParseException {
        vectors = Vectors.read("hep");
    }

    private static long number(Map<String, Object> map, String name) {
        return Objects.requireNonNull((Number) map.get(name)).longValue();
    }

    private static InetSocketAddress end(Map<String, Object> each, String name) {
        return new InetSocketAddress(
                InetAddress.ofLiteral(Vectors.text(each, name)), (int) number(each, name + "Port"));
    }

    private static Capture capture(Map<String, Object> each) {
        return new Capture(
                Boolean.TRUE.equals(each.get("udp")),
                end(each, "from"),
                end(each, "to"),
                Instant.ofEpochSecond(number(each, "seconds"), number(each, "micros") * 1000),
                Vectors.text(each, "correlation"),
                Vectors.hex(each.get("payload")));
    }

    @Test
    void whatIsWrittenIsWhatTheSpecificationSays() throws ParseException {
        for (var each : Vectors.cases(vectors, "good")) {
            byte[] key = Vectors.text(each, "key").getBytes(StandardCharsets.UTF_8);
            byte[] packet = capture(each).chunks(number(each, "agent"), key).write();
            assertEquals(each.get("packet"), HexFormat.of().formatHex(packet), Vectors.text(each, "name"));
        }
    }

    @Test
    void whatIsReadIsWhatWasWritten() throws Exception {
        for (var each : Vectors.cases(vectors, "good")) {
            var expected = capture(each);
            var read = Capture.of(Chunks.read(Vectors.hex(each.get("packet"))));
            assertArrayEquals(expected.payload(), read.payload());
            assertEquals(expected.from(), read.from());
            assertEquals(expected.to(), read.to());
            assertEquals(expected.at(), read.at());
            assertEquals(expected.udp(), read.udp());
            assertEquals(expected.correlationId(), read.correlationId());
        }
    }

    @Test
    void whatIsWrongIsRefused() throws ParseException {
        for (var each : Vectors.cases(vectors, "bad"))
            assertThrows(
                    IOException.class,
                    () -> Capture.of(Chunks.read(Vectors.hex(each.get("packet")))),
                    Vectors.text(each, "name"));
    }

    @Test
    void twoFamiliesBecomeOne() throws Exception {
        var four = new InetSocketAddress("192.0.2.1", 1);
        var six = new InetSocketAddress("2001:db8::1", 2);
        var chunks = new Capture(false, four, six, Instant.EPOCH, "", new byte[1]).chunks(0, new byte[0]);
        assertEquals(10, chunks.number(Chunks.GENERIC, 1, 0));
        assertEquals(
                "00000000000000000000ffffc0000201",
                HexFormat.of().formatHex(chunks.value(Chunks.GENERIC, 5).orElseThrow()));
        assertEquals(four.getAddress(), Capture.of(chunks).from().getAddress());
    }

    @Test
    void aStreamIsPacketAfterPacket() throws Exception {
        byte[] one = Vectors.hex(Vectors.cases(vectors, "good")[0].get("packet"));
        byte[] two = new byte[2 * one.length];
        System.arraycopy(one, 0, two, 0, one.length);
        System.arraycopy(one, 0, two, one.length, one.length);
        var in = new ByteArrayInputStream(two);
        assertTrue(Chunks.next(in).isPresent());
        assertTrue(Chunks.next(in).isPresent());
        assertTrue(Chunks.next(in).isEmpty());
        var cut = new ByteArrayInputStream(two, 0, two.length - 1);
        Chunks.next(cut);
        assertThrows(IOException.class, () -> Chunks.next(cut));
    }

    @Test
    void whateverComesIsReadOrRefused() throws ParseException {
        byte[] packet = Vectors.hex(Vectors.cases(vectors, "good")[1].get("packet"));
        var mutations = new Mutations(7, List.of(packet));
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            try {
                Capture.of(Chunks.read(mutations.next()));
            } catch (IOException e) {
                refused++;
            }
        }
        assertTrue(refused > CASES / 10 && refused < CASES, "refused " + refused);
    }
}
