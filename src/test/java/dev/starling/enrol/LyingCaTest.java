package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.CaStore;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A CA that lies, stalls or talks nonsense: refused with a plain reason, nothing saved, nothing unbounded.
class LyingCaTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.now().truncatedTo(ChronoUnit.SECONDS));
    private CaStore store;
    private Issuer issuer;
    private WebServer server;
    private String base;
    private Path file;

    // What it answers; a test changes what it lies about.
    private Response directory;
    private Response newOrder;
    private Response order;
    private Response authorization;
    private Response certificate;
    private Function<Request, Response> finalize = _ -> json("{}");

    @BeforeEach
    void start() throws IOException {
        file = folder.resolve("bob.p12");
        store = CaStore.inFile(folder.resolve("ca.db"));
        issuer = Ready.issuer(folder, false, store, clock);
        var routes = new Routes();
        server = WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, clock);
        base = "http://127.0.0.1:" + server.port();
        directory = json("{'newNonce':'B/nonce','newAccount':'B/account','newOrder':'B/new'}");
        newOrder = json("{'status':'ready','finalize':'B/finalize','authorizations':['B/authz']}")
                .with("location", base + "/order");
        order = json("{'status':'valid','certificate':'B/certificate'}");
        authorization = json("{'status':'pending','challenges':[]}");
        certificate = Response.empty(404);
        routes.get("/directory", _ -> nonce(directory));
        routes.get("/nonce", _ -> nonce(Response.empty(200)));
        routes.on("POST", "/account", 16_384, _ -> nonce(json("{}").with("location", base + "/account/1")));
        routes.on("POST", "/new", 16_384, _ -> nonce(newOrder));
        routes.on("POST", "/order", 16_384, _ -> nonce(order));
        routes.on("POST", "/authz", 16_384, _ -> nonce(authorization));
        routes.on("POST", "/finalize", 16_384, request -> nonce(finalize.apply(request)));
        routes.on("POST", "/certificate", 16_384, _ -> nonce(certificate));
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        store.close();
    }

    private static Response nonce(Response response) {
        return response.with("replay-nonce", "AAAA");
    }

    /// `B` stands for the base URL, an apostrophe for a quote.
    private Response json(String text) {
        return Response.json(200, text.replace("'", "\"").replace("B/", base + "/"));
    }

    private Enrolment enrolment() {
        var verifier = new CertificateVerifier(TrustAnchors.of(issuer.root()), false);
        return new Enrolment(URI.create(base + "/directory"), verifier, clock, Duration.ofMillis(5));
    }

    private EnrolmentException refused(Reason reason, String why) {
        var enrolment = enrolment();
        var e = assertTimeout(
                Duration.ofSeconds(60),
                () -> assertThrows(
                        EnrolmentException.class,
                        () -> enrolment.enrol(Address.parse(BOB), file, (_, _) -> Optional.of("A".repeat(32)))));
        assertEquals(reason, e.reason(), e::detail);
        assertTrue(e.detail().contains(why), e::detail);
        assertFalse(Files.exists(file));
        return e;
    }

    private Beside beside() {
        return new Beside(file, URI.create(base + "/directory"), BOB);
    }

    /// As if it was tried for the first time.
    private void forget() {
        try {
            Files.deleteIfExists(Pending.file(beside()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Response issued(String address) throws Exception {
        String made =
                Ready.order(store, address, "email-code-00", clock.instant().getEpochSecond());
        issuer.issue(made, Csrs.of(address));
        String pem = Ready.chain(store, made);
        return Response.of(200, "application/pem-certificate-chain", pem.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aCertificateForAnotherKeyIsRefused() throws Exception {
        certificate = issued(BOB);
        refused(Reason.NOT_GENUINE, "it is for another key (wrong-device)");
        assertFalse(Files.exists(Pending.file(beside())));
    }

    @Test
    void aCertificateForAnotherAddressIsRefused() throws Exception {
        certificate = issued("mallory@example.net");
        refused(Reason.NOT_GENUINE, "it is for another address (wrong-name)");
    }

    @Test
    void aCertificateThatIsOverIsRefused() throws Exception {
        certificate = issued(BOB);
        clock.pass(Duration.ofDays(31));
        refused(Reason.NOT_GENUINE, "it is not in order (expired)");
    }

    // RFC 8555, section 11.4.
    @Test
    void aKeyBesideTheCertificateIsRefused() throws Exception {
        String key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        String good = new String(issued(BOB).body(), StandardCharsets.US_ASCII);
        for (String pem : List.of(key + good, good + key)) {
            certificate =
                    Response.of(200, "application/pem-certificate-chain", pem.getBytes(StandardCharsets.US_ASCII));
            refused(Reason.UNINTELLIGIBLE, "makes no sense");
            forget();
        }
    }

    @Test
    void nonsenseInPlaceOfACertificateIsRefused() {
        for (String pem : List.of("hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\u0000")) {
            certificate =
                    Response.of(200, "application/pem-certificate-chain", pem.getBytes(StandardCharsets.US_ASCII));
            refused(Reason.UNINTELLIGIBLE, "makes no sense");
        }
        certificate = Response.of(200, "application/pem-certificate-chain", new byte[0]);
        refused(Reason.NOT_GENUINE, "no-certificate");
    }

    @Test
    void nonsenseInPlaceOfJsonIsRefused() {
        for (String text : List.of("", "null", "[]", "{'newNonce':7}", "{'a':1,'a':2}", "<html>")) {
            directory = json(text);
            refused(Reason.UNINTELLIGIBLE, "makes no sense");
        }
    }

    @Test
    void answersWithoutWhatIsNeededAreRefused() {
        newOrder = json("{'status':'pending'}").with("location", base + "/order");
        refused(Reason.UNINTELLIGIBLE, "no authorizations");
        newOrder = json("{'status':'ready'}").with("location", base + "/order");
        refused(Reason.UNINTELLIGIBLE, "something is missing");
        newOrder = json("{}").with("location", base + "/order");
        refused(Reason.UNINTELLIGIBLE, "something is missing");
    }

    @Test
    void aUrlThatLeadsElsewhereIsNotFollowed() {
        for (String elsewhere :
                List.of("http://127.0.0.1:9/x", "file:///etc/passwd", "http://[", "ftp://a/", "https:///x", "x")) {
            newOrder = json("{'status':'pending','authorizations':['" + elsewhere + "']}")
                    .with("location", base + "/order");
            refused(Reason.UNINTELLIGIBLE, "URL");
        }
    }

    @Test
    void aRedirectionIsNotFollowed() {
        directory = Response.empty(302).with("location", "http://127.0.0.1:9/");
        refused(Reason.UNINTELLIGIBLE, "a redirection");
    }

    @Test
    void anEndlessAnswerIsCutOff() {
        directory = Response.streaming("application/json", out -> {
            byte[] blank = " ".repeat(8192).getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < 10_000; i++) out.write(blank);
        });
        refused(Reason.UNREACHABLE, "does not answer");
    }

    @Test
    void aCaThatNeverComesToAnEndIsLeft() {
        order = json("{'status':'processing'}");
        refused(Reason.UNREACHABLE, "takes too long");
        forget();
        order = json("{'status':'ready','finalize':'B/finalize'}");
        refused(Reason.REFUSED, "does not come to an end");
        forget();
        newOrder = json("{'status':'pending','authorizations':['B/authz']}").with("location", base + "/order");
        authorization = json("{'challenges':[{'type':'email-code-00','status':'processing'}]}");
        refused(Reason.UNREACHABLE, "takes too long");
    }

    @Test
    void aCaWithOtherChallengesIsOfNoUse() {
        newOrder = json("{'status':'pending','authorizations':['B/authz']}").with("location", base + "/order");
        authorization = json("{'challenges':[{'type':'email-reply-00','status':'pending'}]}");
        refused(Reason.REFUSED, "does not offer a code by mail");
    }

    @Test
    void whatItSaysCannotDriveTheTerminal() {
        newOrder = Response.json(
                400,
                "{\"type\":\"urn:ietf:params:acme:error:rejectedIdentifier\",\"detail\":\"no\\u001b[2J\\r\\n"
                        + "x".repeat(5000) + "\"}");
        var e = refused(Reason.REFUSED, "no");
        assertTrue(e.detail().length() <= 500);
        assertFalse(e.detail().chars().anyMatch(c -> c < 32));
    }

    @Test
    void anErrorOfWhateverStandsInFrontOfItMayPass() {
        newOrder = Response.html("<html>Bad gateway</html>");
        newOrder = new Response(502, newOrder.headers(), newOrder.body(), Optional.empty());
        refused(Reason.UNREACHABLE, "does not work now (502)");
        assertTrue(Files.exists(Pending.file(beside())));
        newOrder = new Response(404, newOrder.headers(), newOrder.body(), Optional.empty());
        refused(Reason.UNINTELLIGIBLE, "an error without a reason, 404");
        assertFalse(Files.exists(Pending.file(beside())));
    }

    @Test
    void aNonceThatIsNeverGoodIsNotTriedForEver() {
        newOrder = Response.json(
                400, "{\"type\":\"urn:ietf:params:acme:error:badNonce\",\"detail\":\"This nonce is bad.\"}");
        refused(Reason.REFUSED, "This nonce is bad.");
    }

    private static Response problem(String type) {
        return Response.json(403, "{\"type\":\"urn:ietf:params:acme:error:" + type + "\",\"detail\":\"" + type + "\"}");
    }

    private static Response html(int status) {
        var page = Response.html("<html>No</html>");
        return new Response(status, page.headers(), page.body(), Optional.empty());
    }

    /// A CA that makes the certificate, whatever it answers.
    private Function<Request, Response> making(Response answer) {
        return request -> {
            try {
                byte[] csr = Json.bytes(Json.text(Jws.parse(request.body()).json(), "csr"));
                String made =
                        Ready.order(store, BOB, "email-code-00", clock.instant().getEpochSecond());
                issuer.issue(made, csr);
                certificate = Response.of(
                        200,
                        "application/pem-certificate-chain",
                        Ready.chain(store, made).getBytes(StandardCharsets.US_ASCII));
                return answer;
            } catch (Problem | IOException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    private DeviceId device() throws Exception {
        var pending = Pending.load(beside()).orElseThrow();
        return DeviceId.ofKey(pending.device().getPublic().getEncoded());
    }

    private DeviceId enrolled() throws Exception {
        return enrolment()
                .enrol(Address.parse(BOB), file, (_, _) -> Optional.empty())
                .id();
    }

    // RFC 8555, section 7.4: an earlier request was taken in between.
    @Test
    void anOrderThatIsNotReadyAnyMoreIsReadAgain() throws Exception {
        finalize = making(problem("orderNotReady"));
        assertEquals(enrolled(), Keys.load(file).id());
        assertFalse(Files.exists(Pending.file(beside())));
    }

    @Test
    void aKeyThatMayBeCertifiedIsNotLostByWhatIsAnsweredToTheRequest() throws Exception {
        for (Response answer : List.of(problem("unauthorized"), html(404), json("[]"))) {
            finalize = making(answer);
            order = answer.status() == 200 ? html(403) : order;
            var e = assertThrows(EnrolmentException.class, this::enrolled);
            assertTrue(List.of(Reason.REFUSED, Reason.UNINTELLIGIBLE).contains(e.reason()), e::detail);
            var device = device();
            order = json("{'status':'valid','certificate':'B/certificate'}");
            finalize = making(json("{}"));
            assertEquals(device, enrolled());
            Files.delete(file);
        }
    }

    @Test
    void itIsNotLostByAnInterruptionAndAnErrorAfterItEither() throws Exception {
        finalize = making(html(502));
        refused(Reason.UNREACHABLE, "does not work now (502)");
        var device = device();
        order = html(404);
        refused(Reason.UNINTELLIGIBLE, "an error without a reason, 404");
        assertEquals(device, device());
        order = json("{'status':'valid','certificate':'B/certificate'}");
        finalize = making(json("{}"));
        assertEquals(device, enrolled());
    }

    @Test
    void anOrderThatFailedCertifiesNothingAndLeavesNothing() {
        order = json("{'status':'invalid'}");
        refused(Reason.REFUSED, "The order has failed.");
        assertFalse(Files.exists(Pending.file(beside())));
    }

    @Test
    void anOrderThatIsNeverReadyIsNotAskedForEver() throws Exception {
        order = json("{'status':'ready','finalize':'B/finalize'}");
        var asked = new AtomicInteger();
        finalize = _ -> {
            asked.incrementAndGet();
            return problem("orderNotReady");
        };
        refused(Reason.REFUSED, "orderNotReady");
        assertEquals(1, asked.get());
    }
}
