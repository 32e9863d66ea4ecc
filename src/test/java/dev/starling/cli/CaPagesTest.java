package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.DomainLook;
import dev.starling.identity.TrustAnchors;
import dev.starling.web.InProcess;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a CA says of itself: its page, its health, its numbers, and its limits by the command.
class CaPagesTest {
    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
    private final Routes routes = new Routes();
    private CertificateAuthority ca;

    @BeforeEach
    void start() throws Exception {
        ca = new CertificateAuthority(folder, CertificateAuthority.Settings.LOCAL, clock);
        ca.mountPages(routes, "https://ca.example");
        CaMetrics.mount(ca, routes);
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    private Response get(String path, String from, Map<String, String> headers) throws Exception {
        var all = new HashMap<>(headers);
        return InProcess.answer(routes, new Request("GET", path, "", all, new byte[0], InetAddress.ofLiteral(from)));
    }

    private static String text(Response response) {
        return new String(response.body(), StandardCharsets.UTF_8);
    }

    @Test
    void thePageSaysHowToKnowTheCa() throws Exception {
        String page = text(get("/", "203.0.113.1", Map.of()));
        for (String each : new String[] {
            "<html lang=\"en\">",
            TrustAnchors.fingerprint(ca.root()),
            ca.logKey().text(),
            "https://ca.example/acme/directory",
            "0 certificates so far"
        }) assertTrue(page.contains(each), each);
        assertFalse(java.util.regex.Pattern.compile("\\{[a-z]+}").matcher(page).find(), "a hole is left");
        String german = text(get("/", "203.0.113.1", Map.of("accept-language", "de-AT,en")));
        assertTrue(german.contains("<html lang=\"de\">") && german.contains("Zertifizierungsstelle"));
        assertEquals(404, get("/x", "203.0.113.1", Map.of()).status());
    }

    @Test
    void healthIsWellUntilAListIsOver() throws Exception {
        // Made by a timer of the CA's own, at its start.
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!ca.standing().lists() && System.nanoTime() < until) Thread.onSpinWait();
        var well = get("/health", "203.0.113.1", Map.of());
        assertEquals("200 {\"store\":\"ok\",\"lists\":\"ok\",\"mail\":\"ok\"}", well.status() + " " + text(well));
        clock.pass(Duration.ofDays(2));
        var ill = get("/health", "203.0.113.1", Map.of());
        assertEquals(503, ill.status());
        assertTrue(text(ill).contains("a list of withdrawn certificates is over"));
        assertTrue(text(get("/", "203.0.113.1", Map.of())).contains("out of date"));
    }

    @Test
    void theNumbersAreForThisComputerOnly() throws Exception {
        var said = get("/metrics", "127.0.0.1", Map.of());
        assertTrue(text(said).contains("starling_ca_certificates 0.0"), text(said));
        assertTrue(text(said).contains("starling_ca_mails_troubled 0.0"));
        assertEquals(
                403,
                get("/metrics", "127.0.0.1", Map.of("x-forwarded-for", "203.0.113.1"))
                        .status());
        assertEquals(403, get("/metrics", "203.0.113.1", Map.of()).status());
    }

    private static String printed(Object command, String... words) {
        var out = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertEquals(0, new picocli.CommandLine(command).execute(words));
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theCommandShowsWhatIsUsed() {
        String said =
                printed(new CaLimitsCommand(), "bob@example.net", "--data", folder.toString(), "--limit", "address=7");
        assertTrue(said.contains("address            0 of 7"), said);
    }

    @Test
    void theListShowsWhatTheDnsSaidBeforeEachCertificate() throws Exception {
        Path other = folder.resolve("other");
        try (var store = CaStore.inFile(Files.createDirectory(other).resolve("ca.db"))) {
            long now = clock.instant().getEpochSecond();
            var issuer = Ready.issuer(other, false, store, clock);
            String order = Ready.order(store, "bob@example.net", "email-code-00", now);
            issuer.issue(order, Csrs.of("bob@example.net"));
            String[] words = {"bob@example.net", "--data", other.toString()};
            assertFalse(printed(new CaTools.ListCommand(), words).contains("DNS"));
            store.change(session -> session.domains()
                    .put(order, new DomainLook("example.net", "allowed", "mx.example.net", "", "secure", now)));
            String said = printed(new CaTools.ListCommand(), words);
            assertTrue(
                    said.contains("    DNS at 2026-11-30T12:00:00Z  mail mx.example.net  CAA none  DNSSEC secure\n"),
                    said);
        }
    }

    @Test
    void aLimitThatDoesNotExistIsNamed() {
        assertEquals(9, Limits.USUAL.with("address", 9).perAddress());
        assertEquals(Limits.USUAL.perDomain(), Limits.USUAL.with("address", 9).perDomain());
        var e = assertThrows(IllegalArgumentException.class, () -> Limits.USUAL.with("mail", 9));
        assertTrue(String.valueOf(e.getMessage()).contains("There are: address"));
        assertThrows(IllegalArgumentException.class, () -> Limits.USUAL.with("all", 0));
    }
}
