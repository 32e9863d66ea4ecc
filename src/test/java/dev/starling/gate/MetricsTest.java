package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static HttpResponse<String> get(WebServer server, String path, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (headers.length > 0) request.headers(headers);
        try (var http = HttpClient.newHttpClient()) {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void itCountsAnswersOutcomesAndTheJvmAndNamesNobody() throws Exception {
        var routes = new Routes();
        try (var metrics = new Metrics()) {
            metrics.gauge("starling.clients", "Registered devices", () -> 7);
            metrics.mount(routes);
            var config = new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024);
            try (var server = WebServer.start(config, routes, Clock.systemUTC())) {
                assertEquals(404, get(server, "/nothing/alice@example.net").statusCode());
                metrics.dht(DhtRoutes.Outcome.REFUSED_QUOTA);
                String text = get(server, "/metrics").body();
                assertTrue(text.contains("\nstarling_clients 7.0\n"), text);
                assertTrue(text.contains("starling_http_answers_total{status=\"4xx\"} 1.0"), text);
                assertTrue(text.contains("starling_dht_requests_total{outcome=\"refused_quota\"} 1.0"), text);
                assertTrue(text.contains("starling_dht_requests_total{outcome=\"put\"} 0.0"), text);
                for (String meter : new String[] {"jvm_memory_used_bytes", "jvm_threads_live_threads", "jvm_gc_"})
                    assertTrue(text.contains(meter), meter);
                assertFalse(text.contains("example"), text);
                assertFalse(
                        Pattern.compile("[0-9a-f]{32}|127\\.0").matcher(text).find(), text);
                assertTrue(get(server, "/metrics").body().contains("starling_http_answers_total{status=\"2xx\"} 1.0"));
            }
        }
    }

    @Test
    void aRequestThatAProxyPassedOnIsNotFromThisComputer() throws Exception {
        var routes = new Routes();
        try (var metrics = new Metrics()) {
            metrics.mount(routes);
            var config = new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024);
            try (var server = WebServer.start(config, routes, Clock.systemUTC())) {
                assertEquals(
                        403,
                        get(server, "/metrics", "X-Forwarded-For", "192.0.2.1").statusCode());
                assertEquals(
                        403,
                        get(server, "/metrics", "Forwarded", "for=192.0.2.1").statusCode());
                assertEquals(200, get(server, "/metrics").statusCode());
            }
        }
    }
}
