package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.gate.StoreServer;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Hostile requests to the DHT routes: nothing but an answer or a refusal of ours comes out. Seeds are fixed.
class GatewayFuzzTest {
    private static final String KEY = "5a".repeat(20);
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3})");
    private static final String[] PIECES = {
        "/key/",
        KEY,
        "/listen",
        "/node/info",
        "/",
        "..",
        "%2e",
        "?",
        "&a=b",
        "#",
        "\\",
        "\0",
        " ",
        "%zz",
        "é",
        "//",
        "AB"
    };
    private static final String[] JSON = {
        "{",
        "}",
        "[",
        "]",
        "\"data\":",
        "\"id\":",
        "\"until\":",
        "\"ttl\":",
        "\"owner\":",
        "\"1\"",
        "\"eA==\"",
        "1e999",
        "-1",
        "null",
        "true",
        ",",
        ":",
        "\"",
        "\\u0000",
        "99999999999999999999",
        "\"18446744073709551615\"",
        "\t"
    };

    private static String some(Random random, String[] pieces, int most) {
        var out = new StringBuilder();
        for (int n = random.nextInt(most); n > 0; n--) out.append(pieces[random.nextInt(pieces.length)]);
        return out.toString();
    }

    private static byte[] body(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> bytes(random, 200);
            case 1 -> some(random, JSON, 30).getBytes(StandardCharsets.UTF_8);
            case 2 -> "[".repeat(random.nextInt(40_000)).getBytes(StandardCharsets.US_ASCII);
            default ->
                ("{\"data\":\"" + Base64.getEncoder().encodeToString(bytes(random, 60)) + "\",\"id\":\""
                                + random.nextLong(-5, Long.MAX_VALUE) + "\",\"until\":" + random.nextLong() + "}")
                        .getBytes(StandardCharsets.US_ASCII);
        };
    }

    private static byte[] bytes(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(most)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String path(Random random) {
        return random.nextInt(3) == 0 ? "/key/" + KEY : "/" + some(random, PIECES, 6);
    }

    /// Some tokens are genuine, some nearly, some nonsense.
    private static String authorization(Random random, StoreServer server, Keys.Held key, String path, byte[] body) {
        boolean plain = path.chars().allMatch(c -> c > 0x20 && c < 0x7f);
        if (!plain || random.nextInt(4) == 0)
            return "PASSporT " + new String(bytes(random, 300), StandardCharsets.ISO_8859_1);
        var claims = server.claims("alice@example.net", "POST", path, body);
        String[] names = {"method", "path", "dig", "dest", "orig", "iat", "jti", "join"};
        Object[] values = {"", 0L, -1L, true, Map.of("uri", 5L), java.util.List.of(), "x".repeat(random.nextInt(3000))};
        for (int n = random.nextInt(3); n > 0; n--)
            claims.put(names[random.nextInt(names.length)], values[random.nextInt(values.length)]);
        String signed = StoreServer.signed(key, claims);
        return switch (random.nextInt(3)) {
            case 0 -> signed.substring(0, random.nextInt(signed.length()));
            case 1 -> signed.replace(signed.charAt(random.nextInt(signed.length())), 'A');
            default -> signed;
        };
    }

    private static void askAtRandom(StoreServer server, long seed, int times, int signedEach) throws Exception {
        var random = new Random(seed);
        Keys.Held alice = server.devices.of("alice@example.net");
        for (int i = 0; i < times; i++) {
            String method = random.nextInt(8) == 0 ? "HEAD" : random.nextBoolean() ? "GET" : "POST";
            String path = path(random);
            byte[] body = method.equals("POST") ? body(random) : new byte[0];
            Map<String, String> headers = new HashMap<>();
            if (i % signedEach == 0) headers.put("authorization", authorization(random, server, alice, path, body));
            // Another network each time, so that limits do not end the search.
            var remote = InetAddress.getByAddress(new byte[] {10, (byte) (i >> 16), (byte) (i >> 8), (byte) i});
            var route = server.routes.find(method, path);
            if (route.isEmpty()) continue;
            try {
                Response answer = route.get().handler().handle(new Request(method, path, "", headers, body, remote));
                assertTrue(answer.status() < 500, () -> seed + ": " + answer.status());
            } catch (WebException e) {
                assertTrue(
                        e.status() >= 400 && e.status() < 500, () -> seed + ": " + e.status() + " " + e.getMessage());
            }
        }
    }

    @Test
    void everyRequestGetsAnAnswerOrARefusalOfOurs(@TempDir Path folder) throws Exception {
        try (var server = server(folder)) {
            for (long seed = 1; seed <= 5; seed++) askAtRandom(server, seed, 2_000, 10);
        }
    }

    @Test
    @Tag("long")
    void aMillionRequestsGetAnAnswerOrARefusalOfOurs(@TempDir Path folder) throws Exception {
        try (var server = server(folder)) {
            for (long seed = 100; seed < 110; seed++) askAtRandom(server, seed, 100_000, 50);
        }
    }

    private static StoreServer server(Path folder) throws Exception {
        return new StoreServer(StoreServer.store(folder, new StandingClock()), folder, StoreServer.JOIN);
    }

    private static String request(Random random) {
        String[] methods = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "get", "\0", "CONNECT", "TRACE"};
        String[] headers = {
            "Content-Length: 5",
            "Content-Length: -1",
            "Content-Length: 99999999999",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: chunked, gzip",
            "Expect: 100-continue",
            "Connection: close",
            "Connection: upgrade",
            "Upgrade: websocket",
            "Upgrade: h2c",
            "Host: a\0b",
            ": empty",
            "No-Colon",
            "X: " + "y".repeat(20_000),
            "Content-Encoding: gzip",
            "Authorization: PASSporT a.b.c",
            "Content-Type: application/json",
            "Cookie: a=\u00ff"
        };
        var out = new StringBuilder(
                methods[random.nextInt(methods.length)] + " " + path(random) + " HTTP/1." + random.nextInt(3) + "\r\n");
        if (random.nextInt(5) > 0) out.append("Host: x\r\n");
        for (int n = random.nextInt(4); n > 0; n--)
            out.append(headers[random.nextInt(headers.length)]).append("\r\n");
        out.append(random.nextInt(10) == 0 ? "\n" : "\r\n");
        String[] bodies = {
            "hello", "5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "-1\r\n", "0\r\n\r\n", "g\r\n", ""
        };
        return out.append(bodies[random.nextInt(bodies.length)]).toString();
    }

    /// Writes what a seed says to a connection of its own and checks what comes back.
    private static void connectAtRandom(StoreServer server, long seed) throws IOException {
        var random = new Random(seed);
        try (var wire = new Wire(server.port())) {
            try {
                for (int n = 1 + random.nextInt(4); n > 0; n--)
                    wire.write(
                            random.nextInt(4) == 0
                                    ? new String(bytes(random, 500), StandardCharsets.ISO_8859_1)
                                    : request(random));
                wire.finish();
            } catch (IOException e) {
                // Closed already, which is one way to refuse; what was answered before is looked at below.
                assertTrue(e.getMessage() != null);
            }
            String answers = wire.rest();
            var statuses = STATUS.matcher(answers);
            while (statuses.find()) assertNotEquals("500", statuses.group(1), () -> "seed " + seed + ": " + answers);
        }
    }

    @Test
    void garbageOnTheWireIsRefusedAndOthersAreServed(@TempDir Path folder) throws Exception {
        try (var server = server(folder)) {
            for (long seed = 1; seed <= 400; seed++) connectAtRandom(server, seed);
            try (var wire = new Wire(server.port())) {
                wire.write("GET /node/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                assertTrue(wire.rest().contains("\"health\":\"ok\""));
            }
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder(@TempDir Path folder) throws Exception {
        try (var server = server(folder);
                var wire = new Wire(server.port())) {
            wire.write("GET /node/info HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)
                    + "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            String answers = wire.rest();
            assertEquals(20, answers.split("HTTP/1.1 200", -1).length - 1);
            assertTrue(answers.lastIndexOf("HTTP/1.1 404") > answers.lastIndexOf("HTTP/1.1 200"));
        }
    }
}
