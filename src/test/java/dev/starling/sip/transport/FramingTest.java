package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FramingTest {
    private static Framing framing(String stream) {
        return new Framing(new ByteArrayInputStream(stream.getBytes(StandardCharsets.US_ASCII)), () -> {});
    }

    @Test
    void messagesAreFoundByTheirLength() throws IOException {
        var framing = framing("A\r\nContent-Length: 2\r\n\r\nhi\r\n\r\nB\r\nl: 0\r\n\r\n");
        assertEquals(
                "A\r\nContent-Length: 2\r\n\r\nhi",
                new String(framing.next().orElseThrow(), StandardCharsets.US_ASCII));
        assertEquals("B\r\nl: 0\r\n\r\n", new String(framing.next().orElseThrow(), StandardCharsets.US_ASCII));
        assertTrue(framing.next().isEmpty());
    }

    @Test
    void aFoldedLineIsNoLength() throws IOException {
        var framing = framing("A\r\nSubject: x\r\n Content-Length: 1\r\nContent-Length: 4\r\n\r\nbody");
        assertTrue(new String(framing.next().orElseThrow(), StandardCharsets.US_ASCII).endsWith("body"));
        assertTrue(framing.next().isEmpty());
    }

    @Test
    void whatCannotBeFramedEndsTheStream() {
        for (String bad : new String[] {
            "A\r\n\r\n",
            "A\r\nContent-Length: x\r\n\r\n",
            "A\r\nContent-Length: 999999\r\n\r\n",
            "A\r\nl: 1\r\nl: 2\r\n\r\nxx",
            "A\r\nl: 9\r\n\r\nx"
        }) assertThrows(IOException.class, () -> framing(bad).next(), bad);
    }
}
