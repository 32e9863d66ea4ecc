package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.ca.front.Origin;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.NameServer;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What everybody may read of a CA on the open internet, and how often.
class OpenReadsTest {
    @TempDir
    Path folder;

    @Test
    void aNetworkThatReadsWithoutEndIsAskedToWait() throws Exception {
        var clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
        var server = new SmtpMailer.Config(
                "127.0.0.1",
                1,
                SmtpMailer.Security.PLAIN,
                "",
                "",
                "acme@ca.example",
                SmtpMailer.Config.PATIENCE,
                Optional.empty());
        var mail = new MailSettings(
                server,
                "https://ca.example",
                Optional.empty(),
                Optional.empty(),
                DkimPolicy.PRACTICAL,
                NameServer.SYSTEM);
        var settings = new CertificateAuthority.Settings(Optional.of(mail), Optional.empty(), "");
        var routes = new Routes();
        try (var ca = new CertificateAuthority(folder, settings, clock);
                var web = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 64), routes, clock);
                var client = HttpClient.newHttpClient()) {
            ca.mount(routes, "https://ca.example", new Origin(true));
            int answered = 0;
            while (answered < 1_000 && read(client, web.port(), "203.0.113.1", "/acme/log/checkpoint") != 429)
                answered++;
            assertEquals(300, answered);
            for (String each :
                    new String[] {"/acme/proof/1", "/acme/crl/" + "0".repeat(40) + ".crl", "/acme/log/tile/0/000"})
                assertEquals(429, read(client, web.port(), "203.0.113.1", each), each);
            assertEquals(404, read(client, web.port(), "198.51.100.1", "/acme/proof/1"), "another network");
        }
    }

    private static int read(HttpClient client, int port, String from, String path) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("X-Forwarded-For", from)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
