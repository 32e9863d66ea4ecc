package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.starling.acme.Json;
import dev.starling.ca.AcmeCaller;
import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.Csrs;
import dev.starling.ca.TestClock;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.CrlStore;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.Revocations;
import dev.starling.identity.TrustAnchors;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A certificate of ours that is withdrawn, as everybody else sees it: by the list that it names, over HTTP.
@org.jspecify.annotations.NullUnmarked
class WithdrawalTest {
    private static final String BOB = "bob@example.net", CAROL = "carol@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    private final Routes routes = new Routes();
    private WebServer server;
    private String base;
    private CertificateAuthority ca;
    /// What stands in front of a CA: it hands plain HTTP on, also that of old clients (HTTP/1.0).
    private HttpServer proxy;

    @BeforeEach
    void start() throws Exception {
        proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, clock);
        base = "http://127.0.0.1:" + server.port();
        proxy.createContext("/acme/crl/", this::handOn);
        proxy.start();
        ca = open(
                folder.resolve("ca"),
                ListPlace.said("http://127.0.0.1:" + proxy.getAddress().getPort()));
        ca.mount(routes, base);
        // Made by a timer of the CA's own, at its start.
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!ca.standing().lists() && System.nanoTime() < until) Thread.onSpinWait();
    }

    private void handOn(HttpExchange exchange) throws IOException {
        var url = URI.create(base + exchange.getRequestURI());
        try (exchange;
                var http = HttpClient.newHttpClient()) {
            var answer = http.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofByteArray());
            exchange.sendResponseHeaders(answer.statusCode(), answer.body().length);
            exchange.getResponseBody().write(answer.body());
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private CertificateAuthority open(Path where, ListPlace place) throws Exception {
        return new CertificateAuthority(where, CertificateAuthority.Settings.LOCAL.with(place), clock);
    }

    @AfterEach
    void stop() throws Exception {
        proxy.stop(0);
        server.close();
        ca.close();
    }

    /// The chain, leaf first.
    private List<X509Certificate> certified(String address) throws Exception {
        try (var caller = new AcmeCaller(base).registered();
                var http = HttpClient.newHttpClient()) {
            var order = caller.order(address);
            var mailbox = URI.create(base + "/mailbox/api/" + address);
            var challenge = caller.challenge(order);
            String mails = http.send(HttpRequest.newBuilder(mailbox).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            var mail = (Map<?, ?>) ((List<?>) Json.object(("{\"all\":" + mails + "}").getBytes(StandardCharsets.UTF_8))
                            .get("all"))
                    .getFirst();
            assertEquals(
                    200,
                    caller.answer(challenge, code(String.valueOf(mail.get("text"))))
                            .status());
            assertEquals(200, caller.finish(order, Csrs.of(address)).status());
            String pem = caller.post(caller.post(order.header("location"), "").text("certificate"), "")
                    .http()
                    .body();
            Files.writeString(folder.resolve(address + ".pem"), pem);
            var chain = new ArrayList<X509Certificate>();
            for (Certificate each : CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))))
                chain.add((X509Certificate) each);
            return chain;
        }
    }

    private static String code(String mail) {
        return mail.lines()
                .map(String::strip)
                .filter(each -> each.matches("[A-Za-z0-9_-]{32}"))
                .findFirst()
                .orElseThrow();
    }

    private void withdraw(X509Certificate leaf) {
        String serial = leaf.getSerialNumber().toString(16);
        var command = new picocli.CommandLine(new CaTools.RevokeCommand());
        assertEquals(
                0,
                command.execute(
                        serial, "--reason", "1", "--data", folder.resolve("ca").toString()));
    }

    private String verdict(Revocations known, List<X509Certificate> chain) {
        var verifier = new CertificateVerifier(TrustAnchors.limited(List.of(ca.anchor(base))), true, known);
        try {
            var _ = verifier.verify(chain.stream().map(Keys::encoded).toList(), clock.instant());
            return "ok";
        } catch (IdentityException e) {
            return e.reason();
        }
    }

    @Test
    void everybodyWhoAsksForTheListRefusesItAnHourLaterAtMost() throws Exception {
        var bob = certified(BOB);
        var carol = certified(CAROL);
        try (var download = CrlDownload.of(true)) {
            var known = new CrlStore(download, Runnable::run, clock);
            assertEquals("ok", verdict(known, bob));
            withdraw(bob.getFirst());
            assertEquals("ok", verdict(known, bob), "the list that is here is of before");
            clock.pass(Duration.ofHours(1));
            assertEquals("revoked", verdict(known, bob));
            assertEquals("ok", verdict(known, carol));
            assertEquals(1, known.size());
            // Whoever comes later knows it from the first look on.
            assertEquals("revoked", verdict(new CrlStore(download, Runnable::run, clock), bob));
        }
    }

    @Test
    void outOfLocalModeNobodyAsksAPrivateAddressAndNobodyIsStopped() throws Exception {
        var bob = certified(BOB);
        withdraw(bob.getFirst());
        try (var download = CrlDownload.of(false)) {
            assertEquals("ok", verdict(new CrlStore(download, Runnable::run, clock), bob));
        }
    }

    @Test
    void aListThatAStrangerNamesIsNotAskedFor() throws Exception {
        var bob = certified(BOB);
        var asked = new ArrayList<String>();
        var known = new CrlStore(
                url -> {
                    asked.add(url);
                    throw new IOException("nobody");
                },
                Runnable::run,
                clock);
        try (var other = open(folder.resolve("other"), ListPlace.NONE)) {
            var stranger = new CertificateVerifier(TrustAnchors.of(other.root()), true, known);
            var chain = bob.stream().map(Keys::encoded).toList();
            var e = org.junit.jupiter.api.Assertions.assertThrows(
                    IdentityException.class, () -> stranger.verify(chain, clock.instant()));
            assertEquals("unknown-anchor", e.reason());
        }
        assertEquals(List.of(), asked);
        assertEquals("ok", verdict(known, bob), "who cannot be asked stops nobody");
        assertEquals(1, asked.size());
    }

    @Test
    void opensslFetchesTheListItself() throws Exception {
        var bob = certified(BOB);
        var _ = certified(CAROL);
        withdraw(bob.getFirst());
        Files.writeString(folder.resolve("root.pem"), ca.rootPem());
        String of = openssl(BOB), other = openssl(CAROL);
        assertTrue(of.contains("certificate revoked"), of);
        assertTrue(other.endsWith(": OK\n"), other);
    }

    private String openssl(String address) throws Exception {
        String file = address + ".pem";
        var process = new ProcessBuilder(
                        "openssl",
                        "verify",
                        "-x509_strict",
                        "-purpose",
                        "smimesign",
                        "-crl_check",
                        "-crl_download",
                        "-CAfile",
                        "root.pem",
                        "-untrusted",
                        file,
                        file)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }
}
