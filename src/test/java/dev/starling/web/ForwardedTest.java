package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.StandingClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Whose request it is, with and without a reverse proxy before the server.
class ForwardedTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final InetAddress FAR = InetAddress.ofLiteral("198.51.100.7");

    private static InetAddress of(boolean behindProxy, String header, InetAddress sender) {
        return new Forwarded(behindProxy).of(Map.of("x-forwarded-for", header), sender);
    }

    @Test
    void onlyTheLastWordOfAProxyOnThisMachineCounts() {
        assertEquals(FAR, of(true, "203.0.113.1, 198.51.100.7", HERE));
        assertEquals(InetAddress.ofLiteral("2001:db8::1"), of(true, "2001:DB8::1", HERE));
        assertEquals(FAR, of(true, "203.0.113.1", FAR), "no proxy of ours wrote that");
        assertEquals(HERE, of(false, "203.0.113.1", HERE));
    }

    @Test
    void nonsenseIsNobody() {
        for (String text : new String[] {"", "unknown", "localhost", "203.0.113.1,", "1.2.3.4:80", "a".repeat(5000)})
            assertEquals(HERE, of(true, text, HERE), text);
        assertEquals(HERE, new Forwarded(true).of(Map.of(), HERE));
    }

    @Test
    void aServerBehindAProxyTellsItsHandlers() throws IOException, InterruptedException {
        for (boolean behind : new boolean[] {true, false}) {
            var routes = new Routes()
                    .get(
                            "/who",
                            request -> Response.json(
                                    200, Response.quote(request.remote().getHostAddress())));
            var config = new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024, new Forwarded(behind));
            try (var server = WebServer.start(config, routes, new StandingClock());
                    var http = HttpClient.newHttpClient()) {
                var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/who"))
                        .header("X-Forwarded-For", "203.0.113.1, 198.51.100.7")
                        .build();
                String said =
                        http.send(request, HttpResponse.BodyHandlers.ofString()).body();
                assertEquals(behind ? "\"198.51.100.7\"" : "\"127.0.0.1\"", said);
            }
        }
    }
}
