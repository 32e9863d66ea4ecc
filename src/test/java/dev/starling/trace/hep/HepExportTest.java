package dev.starling.trace.hep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Tap;
import dev.starling.trace.Passing;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What leaves for a collector, and what does not.
@Timeout(60)
class HepExportTest {
    private final Tap tap = new Tap();
    private DatagramSocket collector;
    private HepExport export;

    @BeforeEach
    void open() throws IOException {
        collector = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        collector.setSoTimeout(20_000);
        var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), collector.getLocalPort());
        export = HepExport.start(tap, new HepExport.Config(at, 77, "pass".getBytes(StandardCharsets.UTF_8)));
    }

    @AfterEach
    void close() {
        export.close();
        collector.close();
    }

    private Chunks next() throws IOException {
        var packet = new DatagramPacket(new byte[65_535], 65_535);
        collector.receive(packet);
        return Chunks.read(Arrays.copyOf(packet.getData(), packet.getLength()));
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("not within 20 s");
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    @Test
    void aMessageLeavesWithoutItsSecrets() throws Exception {
        var passed = Passing.options(7);
        tap.in(passed.ends(), passed.bytes());
        var chunks = next();
        var capture = Capture.of(chunks);
        String text = new String(capture.payload(), StandardCharsets.US_ASCII);
        assertTrue(text.contains("Authorization: xxxxxx xxxxxxxxxxxx xxx xxxxx\r\n"), text);
        assertTrue(text.endsWith("\r\n\r\nxxxxxxx"), text);
        assertEquals(passed.ends().remote(), capture.from());
        assertEquals(passed.ends().local(), capture.to());
        assertEquals("options@example.net", capture.correlationId());
        assertEquals(77, chunks.number(Chunks.GENERIC, 0xc, 0));
        assertEquals("pass", chunks.text(Chunks.GENERIC, 0xe));
        tap.out(passed.ends(), passed.bytes());
        assertEquals(passed.ends().remote(), Capture.of(next()).to());
        until(() -> export.sent() == 2);
    }

    @Test
    void whatCannotBeReadOrIsTooLongIsDroppedAndCounted() throws Exception {
        var ends = Passing.options(0).ends();
        tap.in(ends, "Authorization: who knows".getBytes(StandardCharsets.US_ASCII));
        // The longest that SIP takes here, and the other chunks.
        int header = Passing.options(10_000).bytes().length - 10_000;
        tap.in(ends, Passing.options(65_535 - header).bytes());
        tap.in(ends, Passing.options(0).bytes());
        assertEquals("options@example.net", Capture.of(next()).correlationId());
        until(() -> export.sent() == 1 && export.dropped() == 2);
    }

    @Test
    void aFloodIsBoundedAndHoldsNobodyUp() throws Exception {
        var passed = Passing.options(0);
        int all = 20_000;
        for (int i = 0; i < all; i++) tap.in(passed.ends(), passed.bytes());
        until(() -> export.sent() + export.dropped() == all);
        assertTrue(export.dropped() > 0, "dropped " + export.dropped());
        assertTrue(export.sent() > 0, "sent " + export.sent());
    }

    @Test
    void aCollectorThatIsGoneChangesNothing() throws Exception {
        collector.close();
        var passed = Passing.options(0);
        for (int i = 0; i < 100; i++) tap.in(passed.ends(), passed.bytes());
        until(() -> export.sent() + export.dropped() == 100);
    }

    @Test
    void itsEndIsTheEndOfWatching() {
        assertTrue(tap.isWatched());
        export.close();
        assertFalse(tap.isWatched());
    }

    @Test
    void thePasswordIsInNoText() {
        var config = new HepExport.Config(new InetSocketAddress(1), 1, "hunter2".getBytes(StandardCharsets.UTF_8));
        assertFalse(
                config.toString().contains("hunter2") || config.toString().contains("[" + (int) 'h'), config::toString);
    }
}
