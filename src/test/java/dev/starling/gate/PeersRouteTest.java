package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.StandingClock;
import dev.starling.sip.locating.Srv;
import dev.starling.web.RateLimit;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Where the DNS says that the peers of a domain are: the answers of a real server, sound and hostile ones.
class PeersRouteTest {
    private static final Duration FAR = Duration.ofSeconds(20);
    private static final String GATES = "_sips._ws.example.net", SIP = "_sips._tcp.example.net";

    private final StandingClock clock = new StandingClock();
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>(List.of(http));
    private final FakeDns dns = dns();
    private int burst = 1000;
    private Duration patience = Duration.ofMillis(250), inAll = Duration.ofMillis(1500);

    private FakeDns dns() {
        try {
            var made = new FakeDns();
            open.add(made);
            return made;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() throws Exception {
        for (var each : open.reversed()) each.close();
    }

    private URI server(boolean local) throws IOException {
        var routes = new Routes();
        var config = new PeersRoute.Config(local, inAll, new RateLimit(60, burst, clock));
        new PeersRoute(new Dns(Optional.of(dns.place()), patience), config, clock, new Random(1)).mount(routes);
        var server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 65_535), routes, clock);
        open.add(server);
        return URI.create("http://127.0.0.1:" + server.port() + "/");
    }

    private HttpResponse<String> ask(URI server, String query) throws Exception {
        var request = HttpRequest.newBuilder(server.resolve("/peers?" + query)).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private List<?> peers(URI server) throws Exception {
        var answer = ask(server, "domain=example.net");
        assertEquals(200, answer.statusCode(), answer.body());
        return Objects.requireNonNull(
                (List<?>) JSONObjectUtils.parse(answer.body()).get("peers"));
    }

    private void isUnknown(URI server) {
        assertTimeoutPreemptively(FAR, () -> {
            var answer = ask(server, "domain=example.net");
            assertEquals(502, answer.statusCode(), answer.body());
            assertTrue(answer.body().contains("Nothing is known"), answer.body());
        });
    }

    /// In its time, and nobody is named.
    private void namesNobody(URI server) {
        assertTimeoutPreemptively(FAR, () -> {
            var answer = ask(server, "domain=example.net");
            boolean none = answer.statusCode() == 200 && answer.body().equals("{\"peers\":[]}");
            assertTrue(none || answer.statusCode() == 502, answer.statusCode() + answer.body());
        });
    }

    @Test
    void gatesComeByPriorityWithTheirPorts() throws Exception {
        dns.tell(GATES, FakeDns.srv("20 0 443 c.example.net", "10 0 443 A.Example.NET", "15 0 8443 b.example.net"));
        assertEquals(
                List.of("https://a.example.net/", "https://b.example.net:8443/", "https://c.example.net/"),
                peers(server(false)));
        assertEquals(List.of(GATES), dns.asked);
    }

    @Test
    void whereOnlySipOverTlsIsNamedTheGateIsAtTheUsualPort() throws Exception {
        dns.tell(SIP, FakeDns.srv("10 0 5061 sip.example.net"));
        assertEquals(List.of("https://sip.example.net/"), peers(server(false)));
        assertEquals(List.of(GATES, SIP), dns.asked);
    }

    @Test
    void ofOnePriorityEachIsFirstAsOftenAsItsWeightSays() {
        var records = List.of(
                new Srv(1, 30, 1, "a"), new Srv(1, 10, 1, "b"), new Srv(1, 0, 1, "c"), new Srv(2, 1000, 1, "d"));
        var random = new Random(7);
        int[] first = new int[4];
        for (int i = 0; i < 4000; i++) {
            var turn = Srv.inTurn(records, 9, random);
            assertEquals(records.getLast(), turn.getLast());
            assertEquals(Set.copyOf(records), Set.copyOf(turn));
            first[records.indexOf(turn.getFirst())]++;
        }
        assertTrue(first[0] > 2700 && first[0] < 3100, Arrays.toString(first));
        assertTrue(first[1] > 850 && first[1] < 1100, Arrays.toString(first));
        assertTrue(first[2] > 40 && first[2] < 200, Arrays.toString(first));
    }

    @Test
    void aDomainWithoutSuchServersOrThatSaysSoHasNone() throws Exception {
        assertEquals(List.of(), peers(server(false)));
        dns.tell(GATES, q -> FakeDns.message(q, 0, 1, List.of(new byte[] {0, 0, 0, 0, 0, 0, 0})));
        assertEquals(List.of(), peers(server(false)));
    }

    @Test
    void privateAndNonsensicalTargetsAreLeftOutExceptInLocalMode() throws Exception {
        dns.tell(
                GATES,
                FakeDns.srv(
                        "1 0 8787 127.0.0.1",
                        "2 0 80 localhost",
                        "3 0 80 printer.local",
                        "4 0 80 10.0.0.7",
                        "5 0 80 192.168.1.1",
                        "6 0 80 0x7f.1",
                        "7 0 0 noport.example.net",
                        "8 0 80 a\"},{\"x.example.net",
                        "8 0 80 user@evil.example.net",
                        "8 0 80 a b.example.net",
                        "8 0 80 a/b?c.example.net",
                        "9 0 443 good.example.net"));
        assertEquals(List.of("https://good.example.net/"), peers(server(false)));
        assertEquals("http://127.0.0.1:8787/", peers(server(true)).getFirst());
        assertEquals("http://good.example.net:443/", peers(server(true)).getLast());
    }

    @Test
    void aThousandAnswersGiveEight() throws Exception {
        dns.tell(
                GATES,
                FakeDns.srv(IntStream.range(0, 1000)
                        .mapToObj(i -> i + " 5 443 p" + i + ".example.net")
                        .toArray(String[]::new)));
        assertEquals(8, peers(server(false)).size());
    }

    @Test
    void silenceAndRefusalsAreNoAbsence() throws Exception {
        URI server = server(false);
        for (var answer : List.of(FakeDns.SILENCE, FakeDns.error(2), FakeDns.error(5))) {
            dns.tell(GATES, answer);
            isUnknown(server);
            clock.pass(Duration.ofMinutes(1));
        }
    }

    @Test
    void brokenAnswersNameNobody() throws Exception {
        URI server = server(false);
        byte[] self = {0, 1, 0, 1, 0, 80, (byte) 0xc0, 0x0c};
        List<FakeDns.Answer> broken = List.of(
                // More answers than there are.
                q -> FakeDns.message(q, 0, 65_535, List.of()),
                // A target that points at itself: its own place in the message.
                q -> {
                    byte[] all = FakeDns.message(q, 0, 1, List.of(self.clone()));
                    all[all.length - 1] = (byte) (all.length - 2);
                    return all;
                },
                // A record cut off.
                q -> Arrays.copyOf(
                        FakeDns.message(q, 0, 1, List.of(self)), FakeDns.message(q, 0, 1, List.of(self)).length - 5),
                // Somebody else's question.
                q -> {
                    byte[] all = FakeDns.srv("1 1 443 evil.example.net").to(q);
                    all[0] ^= 1;
                    return all;
                },
                q -> new byte[] {1, 2, 3});
        for (var answer : broken) {
            dns.tell(GATES, answer);
            namesNobody(server);
            clock.pass(Duration.ofMinutes(1));
        }
    }

    @Test
    void anAnswerThatDripsIsGivenUp() throws Exception {
        dns.dripMillis = 200;
        dns.tell(
                GATES,
                FakeDns.srv(IntStream.range(0, 50)
                        .mapToObj(i -> "1 1 443 p" + i + ".example.net")
                        .toArray(String[]::new)));
        namesNobody(server(false));
    }

    @Test
    void anAnswerIsRememberedForMinutesAndAFailureForSeconds() throws Exception {
        URI server = server(false);
        dns.tell(GATES, FakeDns.error(2));
        isUnknown(server);
        int tries = dns.asked.size();
        isUnknown(server);
        assertEquals(tries, dns.asked.size());
        clock.pass(Duration.ofSeconds(21));
        dns.tell(GATES, FakeDns.srv("1 0 443 a.example.net"));
        for (int i = 0; i < 5; i++) assertEquals(List.of("https://a.example.net/"), peers(server));
        assertEquals(tries + 1, dns.asked.size());
        clock.pass(Duration.ofMinutes(6));
        dns.tell(GATES, FakeDns.srv("1 0 443 b.example.net"));
        assertEquals(List.of("https://b.example.net/"), peers(server));
    }

    @Test
    void whatIsNoPublicDomainIsNotAskedFor() throws Exception {
        URI server = server(false);
        for (String query : List.of(
                "",
                "domain=",
                "domain=com",
                "domain=a@b.example",
                "domain=10.0.0.1",
                "domain=printer.local",
                "domain=db.corp.internal",
                "domain=example.net/x",
                "domain=-a.example.net",
                "domain=" + "a.".repeat(200) + "net",
                "name=example.net")) assertEquals(400, ask(server, query).statusCode(), query);
        assertEquals(List.of(), dns.asked);
    }

    @Test
    void oneNetworkAsksOnlySoOften() throws Exception {
        burst = 3;
        URI server = server(false);
        for (int i = 0; i < 3; i++)
            assertEquals(200, ask(server, "domain=example.net").statusCode());
        var refused = ask(server, "domain=example.net");
        assertEquals(429, refused.statusCode());
        assertEquals("10", refused.headers().firstValue("retry-after").orElse(""));
    }

    @Test
    void onlySoManyQuestionsWaitAtOnce() throws Exception {
        // Long enough for all to have come on a busy computer.
        patience = Duration.ofSeconds(3);
        inAll = Duration.ofSeconds(4);
        URI server = server(false);
        var asked = IntStream.range(0, 40)
                .mapToObj(i -> {
                    dns.tell("_sips._ws.d" + i + ".example", FakeDns.SILENCE);
                    var request = HttpRequest.newBuilder(server.resolve("/peers?domain=d" + i + ".example"))
                            .build();
                    return http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
                })
                .toList();
        var statuses = asked.stream()
                .map(CompletableFuture::join)
                .map(HttpResponse::statusCode)
                .toList();
        assertEquals(16, statuses.stream().filter(each -> each == 502).count(), statuses.toString());
        assertEquals(24, statuses.stream().filter(each -> each == 503).count(), statuses.toString());
    }
}
