package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AboutPageTest {
    private static String page(AboutPage.Operator operator, String query, boolean relays) throws Exception {
        var facts = new AboutPage.Facts(operator, "peer.example.net", "ca.example.net", "00ff", relays);
        var routes = new Routes();
        new AboutPage(facts).mount(routes);
        try (var server = WebServer.start(
                        new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, Clock.systemUTC());
                var http = HttpClient.newHttpClient()) {
            var there = URI.create("http://127.0.0.1:" + server.port() + "/about" + query);
            var answer = http.send(
                    HttpRequest.newBuilder(there)
                            .header("accept-language", "fr-FR, de-AT;q=0.8, en;q=0.5")
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode());
            assertTrue(answer.headers()
                    .firstValue("content-security-policy")
                    .orElse("")
                    .startsWith("default-src 'none'"));
            return answer.body();
        }
    }

    private static AboutPage.Operator operator(String text) {
        return new AboutPage.Operator(text, text, text);
    }

    @Test
    void itSpeaksTheLanguageThatIsAskedForOrElseTheBrowsers() throws Exception {
        assertTrue(page(operator("x"), "", true).contains("<html lang=\"de\">"));
        assertTrue(page(operator("x"), "?lang=en", true).contains("<html lang=\"en\">"));
        assertEquals("en", AboutPage.language("lang=xx", Optional.of("fr")));
        assertEquals("de", AboutPage.language("", Optional.of("de")));
        assertEquals("en", AboutPage.language("", Optional.empty()));
    }

    @Test
    void itSaysWhoRunsTheServerOrThatNobodySaid() throws Exception {
        var club = new AboutPage.Operator("Example Club", "peers@example.net", "One.\\nTwo.");
        String said = page(club, "?lang=en", true);
        assertTrue(said.contains("<b>Example Club</b>"));
        assertTrue(said.contains("href=\"mailto:peers@example.net\""));
        assertTrue(said.contains("<p dir=\"auto\">One.</p>\n<p dir=\"auto\">Two.</p>"));
        assertTrue(page(AboutPage.Operator.UNKNOWN, "?lang=en", true).contains("has not said who they are"));
        assertTrue(page(AboutPage.Operator.UNKNOWN, "?lang=de", true).contains("hat nicht gesagt"));
        var web = new AboutPage.Operator("", "https://example.net/imprint", "");
        assertTrue(page(web, "?lang=en", true).contains("<a href=\"https://example.net/imprint\" rel=\"noopener\">"));
    }

    @Test
    void whatAnOperatorWritesIsText() throws Exception {
        for (String hostile : new String[] {
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "javascript:alert(1)",
            "https://a.example/\"onclick=\"x",
            "{key} {nameless} <!-- page -->",
            "$1 \\0"
        })
            for (String language : new String[] {"en", "de"}) {
                String said = page(operator(hostile), "?lang=" + language, true);
                assertFalse(said.contains("<script") || said.contains("<img"), said);
                assertFalse(
                        Pattern.compile("<[^>]*(javascript:|onclick|onerror)")
                                .matcher(said)
                                .find(),
                        said);
                assertEquals(1, Pattern.compile("00ff").matcher(said).results().count(), "no holes of its own");
            }
        assertTrue(page(operator("a\u202eb"), "?lang=en", true).contains("a⟨U+202E⟩b"));
    }

    @Test
    void nothingIsLeftOpenInAnyLanguage() throws Exception {
        for (String language : new String[] {"en", "de"})
            for (boolean relays : new boolean[] {true, false}) {
                String said = page(operator("x"), "?lang=" + language, relays);
                assertFalse(Pattern.compile("\\{[a-z]+}").matcher(said).find(), language);
                assertFalse(said.contains("<!-- "), language);
                assertTrue(said.contains("peer.example.net") && said.contains("ca.example.net"));
            }
    }

    @Test
    void bothLanguagesHaveTheSameParts() throws Exception {
        assertEquals(shape("en"), shape("de"));
    }

    /// The tags and holes of a page, without its words.
    private static String shape(String language) throws IOException {
        try (var in =
                java.util.Objects.requireNonNull(AboutPage.class.getResourceAsStream("about." + language + ".html"))) {
            String all = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            var shape = new StringBuilder();
            Pattern.compile("</?[a-z0-9]+|<!-- [a-z]+ -->|\\{[a-z]+}")
                    .matcher(all)
                    .results()
                    .forEach(part -> shape.append(part.group()).append(' '));
            return shape.toString();
        }
    }
}
