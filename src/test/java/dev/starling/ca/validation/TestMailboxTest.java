package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.JSONArrayUtils;
import dev.starling.ca.TestClock;
import dev.starling.web.InProcess;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Local mode's mailbox page: what hostile mail, and hostile pages, can do with it.
class TestMailboxTest {
    private final TestMailbox mailbox = new TestMailbox(new TestClock(Instant.parse("2026-11-24T12:00:00Z")));
    private final Routes routes = new Routes();

    @BeforeEach
    void mount() {
        mailbox.mount(routes);
    }

    private Response get(String path, String from, Map<String, String> headers) throws Exception {
        var all = new HashMap<>(Map.of("host", "127.0.0.1:8787"));
        all.putAll(headers);
        return InProcess.answer(routes, new Request("GET", path, "", all, new byte[0], InetAddress.ofLiteral(from)));
    }

    private Response get(String path) throws Exception {
        return get(path, "127.0.0.1", Map.of());
    }

    private static String text(Response response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    @Test
    void hostileMailIsShownAndNeverRun() throws Exception {
        String hostile = "<script>alert(1)</script><img src=x onerror='a'>\"&amp;";
        mailbox.send("o'hara@example.net", hostile, hostile);
        var page = get("/mailbox/");
        assertEquals(200, page.status());
        String body = text(page).replaceFirst("(?s).*Nobody's address", "");
        for (String dangerous : List.of("<script", "<img", "onerror='", "o'hara", "\"&amp;\""))
            assertFalse(body.contains(dangerous), dangerous);
        assertTrue(body.contains(
                "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;amp;"));
        assertEquals(
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                page.headers().get("content-security-policy"));
        assertEquals("no-store", page.headers().get("cache-control"));
        assertFalse(text(page).contains("http"), "no link out");
    }

    @Test
    void theApiIsJsonWhateverTheMailSays() throws Exception {
        String hostile = "\"}],\u2028</script>\n\\";
        mailbox.send("bob@example.net", hostile, hostile);
        var list = JSONArrayUtils.parse(text(get("/mailbox/api/bob%40example.net")));
        assertEquals(List.of(Map.of("to", "bob@example.net", "subject", hostile, "text", hostile)), list);
        assertEquals("[]", text(get("/mailbox/api/carol%40example.net")));
    }

    @Test
    void itAnswersThisComputerOnly() throws Exception {
        mailbox.send("bob@example.net", "ACME: secret", "secret");
        for (String path : List.of("/mailbox/", "/mailbox/api/", "/mailbox/bob@example.net")) {
            assertEquals(403, get(path, "192.0.2.1", Map.of()).status());
            // A name that some other site's page points at the loopback (DNS rebinding).
            for (String host : List.of("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""))
                assertEquals(403, get(path, "127.0.0.1", Map.of("host", host)).status(), host);
            assertEquals(
                    403,
                    get(path, "127.0.0.1", Map.of("sec-fetch-site", "cross-site"))
                            .status());
            assertEquals(200, get(path, "::1", Map.of("host", "[::1]:8787")).status());
            assertEquals(
                    200, get(path, "127.0.0.1", Map.of("host", "localhost")).status());
            var opened = Map.of("sec-fetch-site", "cross-site", "sec-fetch-mode", "navigate");
            assertEquals(200, get(path, "127.0.0.1", opened).status());
        }
    }

    @Test
    void itKeepsTheNewest500Mails() throws Exception {
        for (int i = 0; i < TestMailbox.MAX_MAILS + 10; i++) mailbox.send("bob@example.net", "no " + i + ".", "");
        String all = text(get("/mailbox/api/"));
        assertEquals(TestMailbox.MAX_MAILS, JSONArrayUtils.parse(all).size());
        assertTrue(all.contains("no 509.") && !all.contains("no 9."));
    }

    @Test
    void anAddressThatCannotBeDecodedIsRefused() throws Exception {
        assertEquals(400, get("/mailbox/%zz").status());
    }
}
