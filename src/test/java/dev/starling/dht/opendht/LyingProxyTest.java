package dev.starling.dht.opendht;

import static dev.starling.dht.opendht.Fakes.KEY;
import static dev.starling.dht.opendht.Fakes.all;
import static dev.starling.dht.opendht.Fakes.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.opendht.FakeProxy.Call;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Proxies that stall, flood, break off, hold back or invent, asked for values: beside one honest proxy each of them
/// costs a moment at most, and alone each is found out or bounded.
class LyingProxyTest {
    private static final Duration FAR = Duration.ofSeconds(20);
    private static final Dht.Limits BRIEF = new Dht.Limits(Duration.ofSeconds(2), 100, 100_000);

    @TempDir
    Path folder = Path.of("");

    private Fakes fakes = new Fakes(folder);

    @BeforeEach
    void open() {
        fakes = new Fakes(folder);
    }

    @AfterEach
    void close() {
        fakes.close();
    }

    /// Writes the body of an answer.
    private interface Body {
        void write(OutputStream out) throws IOException, InterruptedException;
    }

    private static FakeProxy.Trick body(Body body) {
        return (HttpExchange exchange, java.util.concurrent.CountDownLatch _) -> {
            exchange.sendResponseHeaders(200, 0);
            // Not closed: who closes an answer in good order ends it well.
            body.write(exchange.getResponseBody());
        };
    }

    private final Map<String, FakeProxy.Trick> tricks() {
        byte[] page = "x".repeat(1 << 16).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return Map.of(
                "stalls",
                FakeProxy.STALL,
                "has nothing",
                FakeProxy.EMPTY,
                "refuses",
                (exchange, _) -> FakeProxy.answer(exchange, 500, "no"),
                "is a web page",
                (exchange, _) -> FakeProxy.answer(exchange, 200, "<html>\n<p>Welcome</p>\n</html>\n"),
                "begins and stalls",
                (exchange, never) -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().flush();
                    never.await();
                },
                "breaks off",
                body(out -> {
                    FakeProxy.write(out, "{\"id\":\"1\",\"da");
                    out.flush();
                    throw new IOException("on purpose");
                }),
                "sends one endless line",
                body(out -> {
                    for (int i = 0; i < 1100; i++) out.write(page);
                }),
                "sends 70 MB of blank lines",
                body(out -> {
                    for (int i = 0; i < 1100; i++)
                        out.write("\n".repeat(1 << 16).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                }),
                "sends 70 MB of other things",
                body(out -> {
                    for (int i = 0; i < 70_000; i++) FakeProxy.write(out, "[" + "1,".repeat(500) + "1]\n");
                }),
                "sends 70 MB of junk values",
                body(out -> {
                    for (int i = 0; i < 70_000; i++) FakeProxy.write(out, fakes.junk(i + 10, 700));
                }));
    }

    @Test
    void besideAnHonestOneEachOfThemChangesNothing() throws Exception {
        for (var trick : tricks().entrySet()) {
            var liar = fakes.proxy();
            var honest = fakes.proxy();
            fakes.dht(honest).put(KEY, value(1, "a", "genuine"), Fakes.HOUR);
            liar.tricks.put(Call.GET, trick.getValue());
            var dht = fakes.dht(liar, honest);
            var found = new ArrayList<String>();
            long start = System.nanoTime();
            assertTimeoutPreemptively(
                    FAR,
                    () -> dht.lookup(KEY, Dht.Limits.USUAL, v -> {
                        found.add(new String(v.data(), java.nio.charset.StandardCharsets.UTF_8));
                        return found.getLast().equals("genuine");
                    }),
                    trick.getKey());
            assertTrue(found.contains("genuine"), trick.getKey());
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis < 2_000, trick.getKey() + " took " + millis + " ms");
        }
    }

    @Test
    void aFullReadBesideEachOfThemEndsInTimeWithTheGenuineValue() throws Exception {
        for (var trick : tricks().entrySet()) {
            var liar = fakes.proxy();
            var honest = fakes.proxy();
            fakes.dht(honest).put(KEY, value(1, "a", "genuine"), Fakes.HOUR);
            liar.tricks.put(Call.GET, trick.getValue());
            var dht = fakes.dht(liar, honest);
            var all = assertTimeoutPreemptively(FAR, () -> all(dht), trick.getKey());
            assertTrue(all.contains("genuine"), trick.getKey() + " " + all.size());
        }
    }

    @Test
    void aloneEachOfThemIsBoundedAndNoErrorIsTakenForAbsence() throws Exception {
        for (var trick : tricks().entrySet()) {
            var liar = fakes.proxy();
            liar.tricks.put(Call.GET, trick.getValue());
            var dht = fakes.dht(liar);
            assertTimeoutPreemptively(
                    FAR,
                    () -> {
                        switch (trick.getKey()) {
                            case "has nothing" -> assertEquals(List.of(), all(dht, BRIEF));
                            case "sends 70 MB of junk values" ->
                                assertEquals(BRIEF.values(), all(dht, BRIEF).size());
                            default -> {
                                var thrown = assertThrows(DhtException.class, () -> all(dht, BRIEF), trick.getKey());
                                assertTrue(thrown.away(), trick.getKey());
                            }
                        }
                    },
                    trick.getKey());
        }
    }

    @Test
    void whatCameBeforeABreakCounts() throws Exception {
        var proxy = fakes.proxy();
        proxy.tricks.put(Call.GET, body(out -> {
            FakeProxy.write(out, fakes.junk(1, 3) + fakes.junk(2, 3));
            out.flush();
            throw new IOException("on purpose");
        }));
        assertEquals(2, all(fakes.dht(proxy), BRIEF).size());
    }

    @Test
    void whatIsNoneOfOursIsPassedOver() throws Exception {
        var proxy = fakes.proxy();
        byte[] good = new Envelope(5, Long.MAX_VALUE, new byte[] {'g'}).bytes();
        byte[] otherVersion = good.clone();
        otherVersion[0] = 2;
        byte[] large = new Envelope(5, Long.MAX_VALUE, new byte[Dht.MAX_VALUE_BYTES + 1]).bytes();
        byte[] cut = java.util.Arrays.copyOf(good, Envelope.HEAD_BYTES - 1);
        byte[] over = new Envelope(6, fakes.clock.instant().getEpochSecond(), new byte[] {'o'}).bytes();
        proxy.tricks.put(
                Call.GET,
                (exchange, _) -> FakeProxy.answer(
                        exchange,
                        200,
                        "nonsense\nnull\n\n[]\n{\"data\":5}\n{\"id\":\"-1\",\"data\":\"AAAA\"}\n{\"id\":\"1\",\"data\":\"***\"}\n"
                                + "{\"id\":\"99999999999999999999\",\"data\":\"AAAA\"}\n" + "[".repeat(30_000) + "\n"
                                + Fakes.line(1, otherVersion) + Fakes.line(2, large) + Fakes.line(3, cut)
                                + Fakes.line(4, over)
                                + Fakes.line(9, new byte[65_000]) + Fakes.line(8, new byte[0])
                                + "{\"id\":\"7\",\"owner\":\"-----BEGIN PUBLIC KEY-----\\n?\\n\",\"sig\":\"AA==\",\"data\":\"AAAA\"}\n"
                                + Fakes.line(10, good)));
        assertEquals(List.of("g"), all(fakes.dht(proxy)));
    }

    @Test
    void aForgedHigherNumberHidesNothing() throws Exception {
        var honest = fakes.proxy();
        fakes.dht(honest).put(KEY, value(1, "a", "genuine"), Fakes.HOUR);
        var genuine = Signed.parse(fakes.network.get(KEY).getFirst()).orElseThrow();
        byte[] data = new Envelope(1, Long.MAX_VALUE, new byte[] {'f'}).bytes();
        var forged = new Signed(genuine.id(), 60_000, genuine.owner(), data, new byte[256], false);
        var liar = fakes.proxy();
        liar.tricks.put(
                Call.GET,
                (exchange, _) -> FakeProxy.answer(exchange, 200, forged.json() + "\n" + genuine.json() + "\n"));
        assertEquals(List.of("f", "genuine"), all(fakes.dht(liar)));
        assertEquals(List.of("f", "genuine"), all(fakes.dht(liar, honest)));
    }

    @Test
    void aReplacedValueThatComesLateIsNotShown() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        dht.put(KEY, value(1, "a", "old"), Fakes.HOUR);
        String old = fakes.network.get(KEY).getFirst();
        dht.put(KEY, value(1, "a", "new"), Fakes.HOUR);
        String fresh = fakes.network.get(KEY).getFirst();
        proxy.tricks.put(Call.GET, (exchange, _) -> FakeProxy.answer(exchange, 200, fresh + "\n" + old + "\n"));
        assertEquals(List.of("new"), all(dht));
    }

    @Test
    void anAbsenceIsBelievedOnlyAfterOthersWereAsked() throws Exception {
        var liars = List.of(fakes.proxy(), fakes.proxy());
        var honest = fakes.proxy();
        fakes.dht(honest).put(KEY, value(1, "a", "genuine"), Fakes.HOUR);
        for (var each : liars) each.tricks.put(Call.GET, FakeProxy.EMPTY);
        var dht = fakes.dht(liars.get(0), liars.get(1), honest);
        for (int i = 0; i < 20; i++) assertEquals(List.of("genuine"), all(dht));
    }

    @Test
    void aMissIsAskedOnceMore() throws Exception {
        var proxy = fakes.proxy();
        var dht = fakes.dht(proxy);
        dht.put(KEY, value(1, "a", "genuine"), Fakes.HOUR);
        proxy.tricks.put(Call.GET, (exchange, _) -> {
            proxy.tricks.remove(Call.GET);
            FakeProxy.answer(exchange, 200, "");
        });
        assertEquals(List.of("genuine"), all(dht));
    }

    @Test
    void twoThatKnowOfNothingAreNotAskedAgainButOneIs() throws Exception {
        var first = fakes.proxy();
        var second = fakes.proxy();
        assertEquals(List.of(), all(fakes.dht(first, second)));
        assertEquals(List.of(1, 1), List.of(first.count(Call.GET), second.count(Call.GET)));
        second.tricks.put(Call.GET, (exchange, _) -> FakeProxy.answer(exchange, 500, ""));
        assertEquals(List.of(), all(fakes.dht(first, second)));
        assertEquals(4, first.count(Call.GET) + second.count(Call.GET) - 1, "one that fails says nothing");
    }
}
