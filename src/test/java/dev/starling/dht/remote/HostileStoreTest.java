package dev.starling.dht.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtContract;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A store that hangs, lies, floods or breaks off: each call ends within its bounds and says what is wrong.
class HostileStoreTest {
    private static final String KEY = "01".repeat(20);
    private static final String CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: ([0-9]+)");
    private static final Dht.Limits SHORT = new Dht.Limits(Duration.ofMillis(700), 50, 10_000);
    private static final Duration FAR = Duration.ofSeconds(20);

    /// What the server does with one connection, after the head of the request has been read.
    private interface Script {
        void run(OutputStream out) throws IOException, InterruptedException;
    }

    private final List<AutoCloseable> open = new ArrayList<>();
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void close() throws Exception {
        never.countDown();
        for (var each : open.reversed()) each.close();
    }

    private RemoteDht store(Script script) throws IOException {
        var server = new ServerSocket(0, 50, java.net.InetAddress.getLoopbackAddress());
        open.add(server);
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> serve(socket, script));
                } catch (IOException e) {
                    return;
                }
            }
        });
        var dht = new RemoteDht(
                URI.create("http://127.0.0.1:" + server.getLocalPort() + "/"),
                (_, _, _) -> "PASSporT x",
                new RemoteDht.Patience(Duration.ofMillis(700), Duration.ofMillis(500)));
        open.add(dht);
        return dht;
    }

    private static void serve(Socket socket, Script script) {
        try (socket) {
            var in = socket.getInputStream();
            var head = new StringBuilder();
            for (int b = 0; b >= 0 && head.indexOf("\r\n\r\n") < 0; head.append((char) b)) b = in.read();
            // With its body: what is left unread would reset the connection.
            var length = LENGTH.matcher(head);
            if (length.find()) in.skipNBytes(Long.parseLong(length.group(1)));
            script.run(socket.getOutputStream());
        } catch (IOException | InterruptedException e) {
            // The client has gone: what the test is about, seen from the other side.
            Thread.currentThread().interrupt();
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static String line(int id, String text) {
        return "{\"key\":\"" + KEY + "\",\"id\":\"" + id + "\",\"data\":\""
                + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII)) + "\"}\n";
    }

    private static final String COMPLETE = "{\"key\":\"" + KEY + "\",\"complete\":true}\n";

    private static List<String> lookup(Dht dht) throws DhtException {
        var found = new ArrayList<String>();
        dht.lookup(KEY, SHORT, v -> !found.add(new String(v.data(), StandardCharsets.US_ASCII)));
        return found;
    }

    private String refused(Script script) throws IOException {
        RemoteDht dht = store(script);
        var thrown = assertTimeoutPreemptively(FAR, () -> assertThrows(DhtException.class, () -> lookup(dht)));
        assertTrue(thrown.status() == 502 || thrown.status() == 429, String.valueOf(thrown.status()));
        return String.valueOf(thrown.getMessage());
    }

    @Test
    void oneThatNeverAnswersIsGivenUp() throws IOException {
        assertTrue(refused(_ -> never.await()).contains("does not answer"));
    }

    @Test
    void oneThatAnswersHalfAndHangsIsGivenUp() throws IOException {
        assertTrue(refused(out -> {
                    write(out, CHUNKED);
                    never.await();
                })
                .contains("took too long"));
    }

    @Test
    void whatCameBeforeAHangCountsAndIsNotAll() throws IOException, DhtException {
        var dht = store(out -> {
            write(out, CHUNKED + line(1, "a") + "\n" + line(2, "b"));
            never.await();
        });
        var found = new ArrayList<Long>();
        assertFalse(dht.lookup(KEY, SHORT, v -> !found.add(v.id())));
        assertEquals(List.of(1L, 2L), found);
    }

    @Test
    void aPageInPlaceOfValuesIsNoAbsence() throws IOException {
        assertTrue(refused(out -> write(out, CHUNKED + "<html>\n<p>Welcome to our hotel network</p>\n</html>\n"))
                .contains("is no store"));
    }

    @Test
    void garbageInPlaceOfHttpIsReported() throws IOException {
        assertTrue(refused(out -> write(out, "\0\1\2\3 SSH-2.0-hello\r\n\r\n")).contains("does not answer"));
    }

    @Test
    void anErrorIsNoAbsence() throws IOException {
        for (int status : List.of(204, 302, 400, 401, 404, 429, 500, 503))
            assertTrue(
                    refused(out -> write(
                                    out,
                                    "HTTP/1.1 " + status + " X\r\nLocation: http://127.0.0.1:1/\r\n"
                                            + "Content-Length: 0\r\n\r\n"))
                            .contains(String.valueOf(status)),
                    "status " + status);
    }

    @Test
    void anEndlessStreamOfValuesIsCutAtTheLimits() throws IOException, DhtException {
        int n = lookup(store(out -> {
                    write(out, CHUNKED);
                    for (int i = 0; ; i++) write(out, line(i, "x".repeat(100)));
                }))
                .size();
        assertEquals(SHORT.values(), n);
    }

    @Test
    void anEndlessStreamOfLargeValuesIsCutAtTheBytes() throws IOException, DhtException {
        int n = lookup(store(out -> {
                    write(out, CHUNKED);
                    for (int i = 0; ; i++) write(out, line(i, "x".repeat(3000)));
                }))
                .size();
        assertEquals(3, n);
    }

    @Test
    void anEndlessStreamOfNothingIsGivenUp() throws IOException {
        String why = refused(out -> {
            write(out, CHUNKED);
            while (true) write(out, "\n\n\n\n");
        });
        assertTrue(why.contains("not values"), why);
    }

    @Test
    void oneEndlessLineIsGivenUp() throws IOException {
        String why = refused(out -> {
            write(out, CHUNKED + "{\"id\":\"1\",\"data\":\"");
            while (true) write(out, "A".repeat(8192));
        });
        assertTrue(why.contains("a line of more than"), why);
    }

    @Test
    void linesThatMakeNoSenseAreSkippedBesideOnesThatDo() throws IOException, DhtException {
        assertEquals(
                List.of("good"),
                lookup(store(out -> write(
                        out,
                        CHUNKED
                                + "nonsense\nnull\n{\"id\":5}\n{\"id\":\"-1\",\"data\":\"AAAA\"}\n{\"id\":\"1\",\"data\":\"***\"}\n[]\n"
                                + "{\"id\":\"99999999999999999999\",\"data\":\"AAAA\"}\n" + "[".repeat(30_000) + "\n"
                                + "{\"id\":\"3\",\"data\":\"AAAA\",\"expired\":true}\n" + line(4, "good")))));
    }

    @Test
    void aPutThatIsNotAnsweredIsGivenUp() throws IOException {
        RemoteDht dht = store(_ -> never.await());
        assertEquals(502, put(dht).status());
    }

    @Test
    void aPutWithAnEndlessAnswerIsGivenUp() throws IOException {
        RemoteDht dht = store(out -> {
            write(out, CHUNKED);
            while (true) write(out, "A".repeat(8192));
        });
        assertEquals(502, put(dht).status());
    }

    @Test
    void whatTheStoreRefusesKeepsItsMeaning() throws IOException {
        for (int status : List.of(400, 413, 429)) {
            RemoteDht dht = store(out -> write(out, "HTTP/1.1 " + status + " X\r\nContent-Length: 5\r\n\r\nno!!!"));
            assertEquals(status, put(dht).status());
        }
        RemoteDht dht = store(out -> write(out, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"));
        assertTrue(put(dht).away());
    }

    private static DhtException put(RemoteDht dht) {
        var value = new Dht.Value(1, Dht.Owner.local("a"), new byte[] {1});
        return assertTimeoutPreemptively(
                FAR, () -> assertThrows(DhtException.class, () -> dht.put(KEY, value, Duration.ofHours(1))));
    }

    @Test
    void aWatchWhoseStreamBreaksComesBackAndTellsWhatVanishedMeanwhile() throws Exception {
        var connections = new AtomicInteger();
        RemoteDht dht = store(out -> {
            if (connections.incrementAndGet() == 1) {
                write(out, CHUNKED + line(1, "stays") + line(2, "goes") + COMPLETE + line(3, "goes too"));
            } else {
                write(out, CHUNKED + line(1, "stays") + line(4, "new") + COMPLETE);
                never.await();
            }
        });
        var told = new DhtContract.Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of("stays", "goes"), told.untilComplete());
            assertEquals("goes too", told.next());
            assertEquals(
                    List.of("stays", "new", "gone goes", "gone goes too"),
                    List.of(told.next(), told.next(), told.next(), told.next()));
        }
    }

    @Test
    void aWatchThatFallsSilentIsOpenedAgain() throws Exception {
        var connections = new AtomicInteger();
        RemoteDht dht = store(out -> {
            write(out, CHUNKED + line(connections.incrementAndGet(), "try " + connections.get()) + COMPLETE);
            never.await();
        });
        var told = new DhtContract.Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of("try 1"), told.untilComplete());
            assertEquals("try 2", told.next());
        }
    }

    @Test
    void aWatchThatIsKeptAliveByBlankLinesIsNotOpenedAgain() throws Exception {
        var connections = new AtomicInteger();
        RemoteDht dht = store(out -> {
            connections.incrementAndGet();
            write(out, CHUNKED + COMPLETE);
            for (int i = 0; i < 8; i++) {
                Thread.sleep(200);
                write(out, "\n");
            }
            write(out, line(1, "late"));
            never.await();
        });
        var told = new DhtContract.Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of(), told.untilComplete());
            assertEquals("late", told.next());
            assertEquals(1, connections.get());
        }
    }

    @Test
    void aWatchOutlivesRefusalsAndGarbage() throws Exception {
        var connections = new AtomicInteger();
        RemoteDht dht = store(out -> {
            switch (connections.incrementAndGet()) {
                case 1 -> write(out, "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
                case 2 -> write(out, "garbage\r\n\r\n");
                default -> {
                    write(out, CHUNKED + line(1, "at last") + COMPLETE);
                    never.await();
                }
            }
        });
        var told = new DhtContract.Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of("at last"), told.untilComplete());
        }
    }

    @Test
    void linesOfKeysNobodyAskedForAndNonsenseAreSkippedInAStream() throws Exception {
        RemoteDht dht = store(out -> {
            write(
                    out,
                    CHUNKED + "{\"key\":\"" + "02".repeat(20)
                            + "\",\"id\":\"1\",\"data\":\"AAAA\"}\nnull\n[]\n{\n{\"key\":5}\n"
                            + "{\"id\":\"1\",\"data\":\"AAAA\"}\n{\"complete\":true}\n\n" + line(1, "mine") + COMPLETE);
            never.await();
        });
        var told = new DhtContract.Told();
        try (var _ = dht.watch(KEY, told)) {
            assertEquals(List.of("mine"), told.untilComplete());
        }
    }
}
