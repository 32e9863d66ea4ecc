package dev.starling.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Tap;
import dev.starling.trace.hep.Chunks;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The operator's way into a running server.
@Timeout(60)
class TraceSocketTest {
    @TempDir
    Path data;

    private final Tap tap = new Tap();
    private TraceSocket socket;

    @BeforeEach
    void open() throws IOException {
        socket = new TraceSocket(data, tap);
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("not within 20 s");
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static Sighting next(InputStream in) throws IOException {
        return Sighting.read(Chunks.next(in).orElseThrow());
    }

    /// A stream that has begun.
    private InputStream watching() throws IOException {
        InputStream in = Trace.live(data);
        assertEquals("", next(in).notice());
        return in;
    }

    @Test
    void nobodyElseCanOpenIt() throws IOException {
        Path file = TraceSocket.file(data);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())));
    }

    @Test
    void aFolderThatIsOpenToOthersIsClosed() throws IOException {
        socket.close();
        Path folder = TraceSocket.file(data).getParent();
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        socket = new TraceSocket(data, tap);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    }

    @Test
    void whatPassesIsShownWithoutItsSecrets() throws Exception {
        try (var in = watching()) {
            tap.in(Passing.client(1), Passing.options(5).bytes());
            var sighting = next(in);
            String text = new String(sighting.capture().payload(), java.nio.charset.StandardCharsets.US_ASCII);
            assertTrue(text.startsWith("OPTIONS ") && text.endsWith("\r\n\r\nxxxxx"), text);
            assertFalse(text.contains("do not tell"), text);
            assertEquals("options@example.net", sighting.capture().correlationId());
        }
    }

    @Test
    void whoLeavesIsForgottenThoughNothingPasses() throws Exception {
        watching().close();
        until(() -> !tap.isWatched() && socket.watchers() == 0);
    }

    @Test
    void fourMayWatchAndTheFifthIsToldSo() throws Exception {
        var open = new ArrayList<InputStream>();
        for (int i = 0; i < TraceSocket.MAX_WATCHERS; i++) open.add(watching());
        try (var fifth = Trace.live(data)) {
            assertTrue(next(fifth).notice().startsWith("As many watch"));
            assertTrue(Chunks.next(fifth).isEmpty());
        }
        open.removeFirst().close();
        until(() -> socket.watchers() < TraceSocket.MAX_WATCHERS);
        watching().close();
        for (var each : open) each.close();
    }

    @Test
    void whoReadsSlowlyHoldsNobodyUpAndIsToldHowManyHeMissed() throws Exception {
        int all = 4 * Pending.MAX_MESSAGES;
        try (var in = watching()) {
            var passed = Passing.options(1000);
            for (int i = 0; i < all; i++) tap.in(passed.ends(), passed.bytes());
            long lost = 0, came = 0;
            while (lost + came < all) {
                var next = next(in);
                lost += next.lost();
                came++;
                if (lost > 0 && lost + came == all) break;
            }
            assertEquals(all, lost + came);
            assertTrue(lost >= all / 4, "lost " + lost);
        }
    }

    @Test
    void aSocketLeftByAServerThatWasKilledIsReplaced() throws Exception {
        socket.close();
        Path file = TraceSocket.file(data);
        try (var left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(file));
        }
        assertTrue(Files.exists(file), "the file stays behind");
        socket = new TraceSocket(data, tap);
        watching().close();
    }

    @Test
    void theSocketOfAServerThatRunsIsLeftAlone() throws Exception {
        assertThrows(IOException.class, () -> new TraceSocket(data, new Tap()));
        watching().close();
    }

    @Test
    void theOperatorSeesWhatHeAskedFor() throws Exception {
        var lines = new ArrayList<String>();
        var begun = new CountDownLatch(1);
        var filter = new Filter(List.of("options@"), List.of("ALICE@example.net"), List.of("options"));
        var ladder = new Ladder(() -> new Style(80, false, false), false, ZoneOffset.UTC);
        var copy = new ByteArrayOutputStream();
        var trace = new Trace(filter, ladder, copy, lines::addAll);
        try (var in = Trace.live(data)) {
            var showing = Thread.ofVirtual().start(() -> {
                try {
                    trace.show(in, begun::countDown);
                } catch (IOException e) {
                    lines.add(String.valueOf(e.getMessage()));
                }
            });
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            tap.in(Passing.client(1), Passing.bytes("BYE sip:b@h SIP/2.0\nCall-ID: other\nCSeq: 1 BYE\n"));
            tap.in(Passing.client(1), Passing.options(0).bytes());
            until(() -> lines.size() >= 4);
            socket.close();
            assertTrue(showing.join(Duration.ofSeconds(20)), "the server's end is the end");
        }
        assertTrue(lines.getLast().contains("OPTIONS (1)"), lines::toString);
        assertFalse(String.join("", lines).contains("BYE"), lines::toString);
        var again = new ArrayList<String>();
        var same = new Ladder(() -> new Style(80, false, false), false, ZoneOffset.UTC);
        new Trace(filter, same, OutputStream.nullOutputStream(), again::addAll)
                .show(new ByteArrayInputStream(copy.toByteArray()), () -> {});
        assertEquals(lines, again, "what was saved");
    }
}
