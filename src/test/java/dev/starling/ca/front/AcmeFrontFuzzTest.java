package dev.starling.ca.front;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.ca.AcmeCaller;
import dev.starling.ca.Letters;
import dev.starling.ca.TestCa;
import dev.starling.ca.registration.Limits;
import dev.starling.web.InProcess;
import dev.starling.web.Request;
import dev.starling.web.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Hostile requests: every one gets an answer below 500, soon. In process, where an unchecked exception comes through
/// and fails the test; and some over a real socket.
class AcmeFrontFuzzTest {
    private static final List<String> PATHS = List.of(
            "/acme/directory",
            "/acme/new-nonce",
            "/acme/new-account",
            "/acme/new-order",
            "/acme/account/",
            "/acme/orders/",
            "/acme/order/",
            "/acme/authz/",
            "/acme/challenge/",
            "/acme/finalize/",
            "/acme/certificate/",
            "/acme/",
            "/");
    private static final List<String> METHODS = List.of("POST", "POST", "POST", "GET", "HEAD", "PUT", "DELETE", "X");

    @TempDir
    Path folder;

    private TestCa ca;
    private final ECKey key = AcmeCaller.newKey();
    private String kid = "";
    private String order = "";

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(
                folder,
                new Limits(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000),
                100_000_000);
        var account =
                signed("/acme/new-account", Map.of("jwk", key.toPublicJWK().toJSONObject()), "{}");
        kid = account.headers().getOrDefault("location", "");
        var made = signed(
                "/acme/new-order",
                Map.of("kid", kid),
                "{\"identifiers\":[{\"type\":\"email\",\"value\":\"bob@example.net\"}]}");
        order = made.headers().getOrDefault("location", "").replaceFirst(".*/", "");
        assertEquals(32, order.length());
    }

    @AfterEach
    void stop() throws IOException {
        ca.close();
    }

    private Response signed(String path, Map<String, Object> identity, String payload) throws IOException {
        return answer("POST", path, jose(), body(path, identity, payload));
    }

    private byte[] body(String path, Map<String, Object> identity, String payload) throws IOException {
        String nonce = answer("GET", "/acme/new-nonce", Map.of(), new byte[0])
                .headers()
                .getOrDefault("replay-nonce", "");
        var header = new HashMap<String, Object>(identity);
        header.putAll(Map.of("alg", "ES256", "nonce", nonce, "url", ca.base + path));
        return Jws.sign(key, header, payload.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> jose() {
        return Map.of("content-type", "application/jose+json");
    }

    private Response answer(String method, String path, Map<String, String> headers, byte[] body) throws IOException {
        var request = new Request(method, path, "", headers, body, InetAddress.getLoopbackAddress());
        return InProcess.answer(ca.routes, request);
    }

    private void harmless(String what, String method, String path, Map<String, String> headers, byte[] body) {
        try {
            int status = answer(method, path, headers, body).status();
            assertTrue(status >= 200 && status < 500, () -> what + " was answered " + status);
        } catch (IOException | RuntimeException e) {
            throw new AssertionError(what + ", body " + new String(body, StandardCharsets.ISO_8859_1), e);
        }
    }

    private String path(Random random) {
        String path = PATHS.get(random.nextInt(PATHS.size()));
        return path.endsWith("/") && random.nextBoolean() ? path + order : path;
    }

    /// One case: random bytes, a mutated request, or a request whose JSON is strange but rightly signed.
    private void one(Random random, String what) throws IOException {
        String path = path(random), method = METHODS.get(random.nextInt(METHODS.size()));
        Map<String, String> headers = random.nextInt(10) == 0 ? Map.of("content-type", text(random, 20)) : jose();
        byte[] body = switch (random.nextInt(4)) {
            case 0 -> bytes(random, 200);
            case 1 -> mutated(random, body(path, Map.of("kid", kid), payload(random)));
            case 2 -> body(path, Map.of("kid", kid), payload(random));
            default -> body(path, strange(random), payload(random));
        };
        harmless(what, method, path, headers, body);
    }

    private Map<String, Object> strange(Random random) {
        Map<String, Object> jwk = new HashMap<>(key.toPublicJWK().toJSONObject());
        jwk.put(List.of("kty", "crv", "x", "y", "d", "use").get(random.nextInt(6)), value(random, 2));
        return switch (random.nextInt(3)) {
            case 0 -> Map.of("jwk", jwk);
            case 1 -> Map.of("jwk", value(random, 3));
            default -> Map.of("kid", value(random, 2), text(random, 4), value(random, 2));
        };
    }

    private String payload(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> "";
            case 1 -> text(random, 60);
            case 2 -> "{\"csr\":" + Json.write(Map.of("x", value(random, 2))).substring(5);
            case 3 -> "{\"response\":\"" + "A".repeat(random.nextInt(60)) + "\"}";
            case 4 -> Json.write(Map.of("identifiers", List.of(Map.of("type", "email", "value", value(random, 2)))));
            default -> Json.write(Map.of("identifiers", value(random, 4), "status", value(random, 1)));
        };
    }

    private static Object value(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 8 : 5)) {
            case 0 -> text(random, 40);
            case 1 -> random.nextLong();
            case 2 -> random.nextBoolean();
            case 3 -> random.nextGaussian() * 1e300;
            case 4 -> "";
            case 5 -> List.of(value(random, depth - 1), value(random, depth - 1));
            default -> Map.of(text(random, 5), value(random, depth - 1));
        };
    }

    private static String text(Random random, int most) {
        var text = new StringBuilder();
        int length = random.nextInt(most + 1);
        String alphabet = "abcABC012{}[]\":,\\/.@+-_=%\r\n\t\u0000\u00e4\u2028\ud83d";
        for (int i = 0; i < length; i++) text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        return text.toString();
    }

    private static byte[] bytes(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] mutated(Random random, byte[] right) {
        byte[] body = right.clone();
        for (int n = 0; n <= random.nextInt(4); n++)
            body[random.nextInt(body.length)] = (byte) (32 + random.nextInt(95));
        return random.nextInt(4) == 0 ? java.util.Arrays.copyOf(body, random.nextInt(body.length)) : body;
    }

    @Test
    void threeThousandHostileRequestsAreAnswered() {
        long seed = 8555;
        var random = new Random(seed);
        assertTimeout(Duration.ofSeconds(120), () -> {
            for (int i = 0; i < 3_000; i++) one(random, "seed " + seed + ", case " + i);
        });
    }

    @Test
    @Tag("long")
    void aMillionHostileRequestsAreAnsweredInBoundedMemory() throws Exception {
        long seed = 20261124;
        var random = new Random(seed);
        for (int i = 0; i < 100_000; i++) one(random, "seed " + seed + ", case " + i);
        long before = used();
        for (int i = 100_000; i < 1_000_000; i++) one(random, "seed " + seed + ", case " + i);
        long grown = used() - before;
        assertTrue(grown < 64L << 20, () -> "grew by " + grown + " bytes");
    }

    private static long used() {
        System.gc();
        var runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    @Test
    void deepAndHugeJsonIsRefusedSoon() {
        int n = Jws.MAX_BYTES;
        var cases = List.of(
                "[".repeat(n),
                "{\"a\":".repeat(n / 5),
                "{\"protected\":" + "[".repeat(n / 2) + "]".repeat(n / 2 - 20) + "}",
                "{\"payload\":" + "9".repeat(n - 20) + "}",
                "{\"payload\":1e" + "9".repeat(n - 20) + "}",
                "{\"payload\":\"" + "\\u0000".repeat(n / 6 - 10) + "\"}",
                "{" + "\"a\":1,".repeat(n / 6 - 10) + "\"b\":1}",
                " ".repeat(n));
        assertTimeout(Duration.ofSeconds(20), () -> {
            for (String each : cases)
                harmless(
                        each.substring(0, 10),
                        "POST",
                        "/acme/new-order",
                        jose(),
                        each.getBytes(StandardCharsets.US_ASCII));
            // The same inside a right signature.
            for (String each : cases)
                if (each.length() < 9000 || each.startsWith("[") || each.startsWith("{\"a\""))
                    harmless(
                            each.substring(0, 10),
                            "POST",
                            "/acme/new-order",
                            jose(),
                            body(
                                    "/acme/new-order",
                                    Map.of("kid", kid),
                                    each.substring(0, Math.min(each.length(), 9000))));
        });
    }

    @Test
    void aLetterIsSentOnlyForARightOrder() throws IOException {
        Letters letters = ca.letters;
        int before = letters.all.size();
        var random = new Random(7);
        for (int i = 0; i < 500; i++) {
            byte[] right = body(
                    "/acme/new-order",
                    Map.of("kid", kid),
                    "{\"identifiers\":[{\"type\":\"email\",\"value\":\"carol@example.net\"}]}");
            byte[] body = mutated(random, right);
            if (java.util.Arrays.equals(body, right)) continue;
            harmless("case " + i, "POST", "/acme/new-order", jose(), body);
        }
        assertEquals(before, letters.all.size());
    }

    @Test
    void overASocketNothingIsWorseThanAnAnswer() throws Exception {
        var random = new Random(9112);
        String longHeader = "X-A: " + "a".repeat(9000) + "\r\n";
        String right = "POST /acme/new-order HTTP/1.1\r\nHost: a\r\nContent-Type: application/jose+json\r\n";
        for (String request : List.of(
                "GARBAGE\r\n\r\n",
                "GET /acme/%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /acme/../acme/directory HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /acme/order/%00 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
                right + "Content-Length: 99999999999999999999\r\n\r\n",
                right + "Content-Length: -1\r\n\r\n",
                right + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
                right + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                right + longHeader.repeat(20) + "\r\n",
                new String(bytes(random, 2000), StandardCharsets.ISO_8859_1) + "\r\n\r\n")) {
            try (var socket = new Socket(
                    InetAddress.getLoopbackAddress(),
                    java.net.URI.create(ca.base).getPort())) {
                socket.setSoTimeout(20_000);
                send(socket, request);
                String status = firstLine(socket.getInputStream());
                assertTrue(
                        status.isEmpty() || status.matches("HTTP/1.1 [234]\\d\\d.*"), () -> request + " -> " + status);
            }
        }
        try (var caller = new AcmeCaller(ca.base)) {
            assertEquals(200, caller.get("GET", "/acme/directory").status());
        }
    }

    // Whoever refuses need not wait for the rest of it.
    private static void send(Socket socket, String request) {
        try {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.shutdownOutput();
        } catch (IOException e) {
            assertTrue(e instanceof java.net.SocketException, e::toString);
        }
    }

    private static String firstLine(InputStream in) throws IOException {
        try {
            byte[] all = in.readNBytes(100);
            return new String(all, StandardCharsets.ISO_8859_1)
                    .lines()
                    .findFirst()
                    .orElse("");
        } catch (java.net.SocketException e) {
            // A reset is an answer too.
            return "";
        }
    }
}
